use super::*;

const PORT: u16 = 8085;

/// A server's end of a connection, and a client's.
fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener.accept().unwrap().0, client)
}

fn received(sent: &[&[u8]]) -> Result<SecretBytes, Refusal> {
    let (stream, mut client) = connection();
    let sent: Vec<Vec<u8>> = sent.iter().map(|piece| piece.to_vec()).collect();
    let writer = std::thread::spawn(move || {
        for piece in sent {
            // the server may have read enough
            let _ = client.write_all(&piece);
            std::thread::sleep(Duration::from_millis(20));
        }
        client
    });
    let received = receive(&stream, PORT).unwrap();
    drop(stream);
    drop(writer.join().unwrap());
    received
}

#[test]
fn a_request_is_read_whole_in_whatever_pieces_it_comes() {
    let request = b"POST /token HTTP/1.1\r\nHost: 127.0.0.1:8085\r\nContent-Length: 9\r\n\r\nbody body";
    let in_pieces = [&request[..30], &request[30..64], &request[64..70], &request[70..]];
    for pieces in [&[&request[..]][..], &in_pieces] {
        let bytes = received(pieces).unwrap();
        assert_eq!(Request::parse(&bytes, PORT).unwrap().whole().unwrap().body, b"body body");
    }
}

#[test]
fn a_head_without_an_end_is_too_large() {
    let sent = vec![b'x'; HEAD_LIMIT + 2 * CHUNK];
    assert_eq!(received(&[&sent]).unwrap_err(), Refusal::HeadTooLarge);
}

#[test]
fn a_body_that_is_announced_too_large_is_not_waited_for() {
    let head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1:8085\r\nContent-Length: 99999\r\n\r\n";
    assert_eq!(received(&[head]).unwrap_err(), Refusal::BodyTooLarge);
}

#[test]
fn a_client_that_leaves_early_sent_no_request() {
    let (stream, mut client) = connection();
    client.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    drop(client);
    assert_eq!(receive(&stream, PORT).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn the_oldest_idle_connection_makes_room() {
    let server = HttpServer { waiting_limit: 8, ..HttpServer::bind(0).unwrap() };
    let port = server.port();
    server.serve(|_, _| Response::html("200 OK", "page".to_owned()));
    let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let mut oldest = connect();
    let idle: Vec<TcpStream> = (0..8).map(|_| connect()).collect();
    let mut client = connect();
    write!(client, "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\npage"), "{answer}");
    assert_eq!(oldest.read(&mut [0; 1]).unwrap(), 0);
    drop(idle);
}

#[test]
fn head_gets_the_head_alone() {
    let sent = |method: &str| {
        let request = format!("{method} / HTTP/1.1\r\nHost: 127.0.0.1:8085\r\n\r\n");
        let (bytes, _) =
            respond(Ok(request.as_bytes()), PORT, |_| Response::html("200 OK", "page".to_owned()));
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    let (get, head) = (sent("GET"), sent("HEAD"));
    assert_eq!(get.strip_suffix("page"), Some(head.as_str()));
    assert!(head.contains("Content-Length: 4\r\n") && head.ends_with("\r\n\r\n"), "{head}");
}
