//! Listeners, TLS, the proxy, and scripted failures.

use super::*;

#[test]
fn scripted_answers_come_in_order_then_stop() {
    let google = Google::start();
    let token = google.grant(ADA, CLIENT_ID, &["bigquery"]);
    google.fail_token(Script::Status(500));
    google.fail_token(Script::Html200);
    google.fail_token(Script::refuse("admin_policy_enforced"));
    google.fail_token(Script::TooManyRequests);
    google.fail_token(Script::Slow(Duration::from_millis(50)));
    let next = || refresh(&google, CLIENT_ID, &token, &[]);
    assert_eq!(next().0, 500);
    assert_eq!(next(), (200, Value::Null));
    assert_eq!(next().1["error"], "admin_policy_enforced");
    assert_eq!(next().0, 429);
    assert_eq!(next().0, 200);
    google.script_times(2, Endpoint::Revoke, &Script::Unavailable(503));
    assert_eq!(post(&google, "/revoke", &[("token", &token)]).0, 503);
    assert_eq!(post(&google, "/revoke", &[("token", &token)]).0, 503);
    assert_eq!(post(&google, "/revoke", &[("token", &token)]).0, 200);
}

#[test]
fn scripted_connection_failures() {
    let google = Google::start();
    let address = format!("{}/tokeninfo", google.http_base());
    let http = client(&google, false);
    for (script, status) in
        [(Script::Close, None), (Script::Truncated, Some(400)), (Script::Endless, Some(200))]
    {
        google.script_always(Endpoint::Tokeninfo, script.clone());
        match http.get(&address).send() {
            Ok(answer) => {
                assert_eq!(Some(answer.status().as_u16()), status, "{script:?}");
                let mut body = Vec::new();
                let read = answer.take(1 << 20).read_to_end(&mut body);
                assert!(read.is_err() || body.len() == 1 << 20, "{script:?} ended well");
            }
            Err(_) => assert_eq!(status, None, "{script:?}"),
        }
    }
    google.clear_scripts();
    assert_eq!(http.get(&address).send().unwrap().status().as_u16(), 400);
}

#[test]
fn proxy_reaches_google_host_names_only() {
    let mut google = Google::start();
    let http = client(&google, true);
    let token = google.access_token(ADA, CLIENT_ID, &["bigquery"]);
    let answer =
        http.get("https://bigquery.googleapis.com/bigquery/v2/projects").bearer_auth(&token).send().unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(
        client(&google, false).get(google.https_base() + "/tokeninfo").send().unwrap().status().as_u16(),
        400
    );
    google.assert_clean();
    // right path, wrong host
    let answer =
        http.get("https://accounts.google.com/bigquery/v2/projects").bearer_auth(&token).send().unwrap();
    assert_eq!(answer.status().as_u16(), 404);
    assert!(http.get("https://evil.example/").send().is_err());
    assert_eq!(google.unexpected().len(), 2, "{:?}", google.unexpected());
    google.expect_unexpected();
}

#[test]
fn bad_certificates_and_proxy_passwords_block_clients() {
    let google = Google::start();
    let address = "https://oauth2.googleapis.com/tokeninfo";
    for fault in [TlsFault::WrongName, TlsFault::Expired, TlsFault::Untrusted] {
        google.break_tls(Some(fault));
        assert!(client(&google, true).get(address).send().is_err(), "{fault:?}");
    }
    google.break_tls(None);
    google.set_proxy_password(Some("ada:pw"));
    assert!(client(&google, true).get(address).send().is_err());
    google.set_proxy_password(None);
    assert_eq!(client(&google, true).get(address).send().unwrap().status().as_u16(), 400);
}

#[test]
fn chunked_bodies_expect_continue_and_keep_alive() {
    let google = Google::start();
    let mut stream = TcpStream::connect(google.http_base().trim_start_matches("http://")).unwrap();
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let start = |method: &str| format!("{method} /tokeninfo HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    // chunked, after a 100-continue
    let head =
        format!("{}{kind}\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", start("POST"));
    stream.write_all(head.as_bytes()).unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"d\r\naccess_token=\r\n3;x=y\r\nabc\r\n0\r\n\r\n").unwrap();
    // the same connection, twice more
    stream.write_all(start("GET").as_bytes()).unwrap();
    stream.write_all(b"\r\n").unwrap();
    stream.write_all(format!("{}Connection: close\r\n\r\n", start("GET")).as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 400 Bad Request").count(), 3, "{answers}");
    assert_eq!(answers.matches("\r\nDate: ").count(), 3);
    assert_eq!(google.requests()[0].field("access_token").as_deref(), Some("abc"));

    let page = client(&google, false).head(auth_url(&google, &[])).send().unwrap();
    assert_eq!((page.status().as_u16(), page.text().unwrap().as_str()), (200, ""));
}

#[test]
fn concurrent_requests_are_served() {
    let google = Google::start();
    let token = google.grant(ADA, CLIENT_ID, &["bigquery"]);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| (0..5).for_each(|_| assert_eq!(refresh(&google, CLIENT_ID, &token, &[]).0, 200)));
        }
    });
    assert_eq!(google.count("/token"), 100);
}
