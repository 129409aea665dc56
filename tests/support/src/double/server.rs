//! The listeners: plain http, https, the CONNECT proxy, and the connections they accept.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;

use super::authority::{HOSTS, Servers};
use super::http::{self, Head};
use super::request::{Request, Via};
use super::response::{self, Response};
use super::routes;
use super::script::Endpoint;
use super::world::{World, lock};

/// A listener with a thread of its own; ends when dropped.
pub struct Listener {
    /// Where it listens.
    pub address: SocketAddr,
    stop: Arc<Stop>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What ends a listener's connections.
#[derive(Default)]
struct Stop {
    now: std::sync::atomic::AtomicBool,
    open: Mutex<HashMap<u64, TcpStream>>,
    next: AtomicU64,
}

impl Listener {
    /// Listens on a free port of 127.0.0.1 and serves each connection in a thread.
    pub fn start(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let stop = Arc::new(Stop::default());
        let serve = Arc::new(serve);
        let seen = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            for stream in socket.incoming() {
                if seen.now.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (serve, seen) = (Arc::clone(&serve), Arc::clone(&seen));
                std::thread::spawn(move || seen.during(stream, &*serve));
            }
        });
        Listener { address, stop, thread: Some(thread) }
    }
}

impl Stop {
    fn during(&self, stream: TcpStream, serve: &dyn Fn(TcpStream) -> io::Result<()>) {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let Ok(copy) = stream.try_clone() else { return };
        lock(&self.open).insert(number, copy);
        if !self.now.load(Ordering::SeqCst) {
            // A client may close the connection at any time.
            let _ = stream.set_nodelay(true).and_then(|()| serve(stream));
        }
        if let Some(stream) = lock(&self.open).remove(&number) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.now.store(true, Ordering::SeqCst);
        for stream in lock(&self.stop.open).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A buffered stream that can be written too.
struct Duplex<S: Read>(BufReader<S>);

impl<S: Read> Read for Duplex<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<S: Read> BufRead for Duplex<S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }
    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

impl<S: Read + Write> Write for Duplex<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.get_mut().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.get_mut().flush()
    }
}

/// Serves HTTP on a stream until it ends. `tunnel` is the host that the proxy was asked for.
pub fn serve_http<S: Read + Write>(
    world: &World,
    stream: S,
    via: Via,
    tunnel: Option<&str>,
    answer: &dyn Fn(&World, &mut Request) -> Response,
) -> io::Result<()> {
    let mut stream = Duplex(BufReader::new(stream));
    loop {
        let (head, body) = match next(&mut stream) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(problem) if problem.kind() == io::ErrorKind::InvalidInput => {
                world.unexpected(format!("{via:?}: {problem}"));
                return Ok(());
            }
            Err(problem) => return Err(problem),
        };
        let close = head.closes();
        let (method, host) = (head.method.clone(), host_of(&head));
        if let Some(tunnel) = tunnel
            && tunnel != host
        {
            world.unexpected(format!("Host {host:?} through a tunnel to {tunnel:?}"));
        }
        let (path, query) = head.target.split_once('?').unwrap_or((&head.target, ""));
        let mut request = Request {
            via,
            method,
            host: tunnel.map_or(host, str::to_owned),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: head.headers,
            body,
            identity: None,
            status: 0,
        };
        let response = answer(world, &mut request);
        let date = httpdate::fmt_http_date(world.clock());
        let head_only = request.method == "HEAD";
        if !response::write(&mut stream, &response, &date, head_only, close)? {
            return Ok(());
        }
    }
}

fn next<S: BufRead + Write>(stream: &mut S) -> io::Result<Option<(Head, Vec<u8>)>> {
    let Some(head) = http::read_head(stream)? else { return Ok(None) };
    let body = http::read_body(&head, stream)?;
    Ok(Some((head, body)))
}

fn host_of(head: &Head) -> String {
    let host = head.header("host").unwrap_or_default();
    host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase()
}

/// Serves HTTP inside of TLS.
pub fn serve_https(
    world: &World,
    stream: TcpStream,
    tls: &Servers,
    via: Via,
    tunnel: Option<&str>,
) -> io::Result<()> {
    serve_http(world, inside_tls(world, stream, tls)?, via, tunnel, &routes::answer)
}

type Tls = rustls::StreamOwned<rustls::ServerConnection, TcpStream>;

fn inside_tls(world: &World, stream: TcpStream, tls: &Servers) -> io::Result<Tls> {
    let fault = lock(&world.settings).tls_fault;
    let session = rustls::ServerConnection::new(Arc::clone(tls.with(fault))).map_err(io::Error::other)?;
    Ok(rustls::StreamOwned::new(session, stream))
}

/// Passes on what comes in TLS, without it, and the answers back, until one side closes.
fn forward(mut secure: Tls, end: SocketAddr) -> io::Result<()> {
    secure.conn.complete_io(&mut secure.sock)?;
    let mut plain = TcpStream::connect(end)?;
    let pause = Some(std::time::Duration::from_millis(5));
    secure.sock.set_read_timeout(pause)?;
    plain.set_read_timeout(pause)?;
    loop {
        if copy_some(&mut secure, &mut plain)? == Some(0) {
            return plain.shutdown(Shutdown::Both);
        }
        if copy_some(&mut plain, &mut secure)? == Some(0) {
            secure.conn.send_close_notify();
            return secure.flush();
        }
    }
}

/// Copies what has come, and says how much; `None` if nothing has.
fn copy_some(from: &mut impl Read, to: &mut impl Write) -> io::Result<Option<usize>> {
    let mut chunk = [0; 16 * 1024];
    match from.read(&mut chunk) {
        Ok(count) => to.write_all(&chunk[..count]).and_then(|()| to.flush()).map(|()| Some(count)),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Serves one connection to the proxy: CONNECT to one of Google's hosts, whose TLS then ends here.
pub fn serve_proxy(world: &World, stream: TcpStream, tls: &Servers) -> io::Result<()> {
    // Unbuffered: what follows the blank line belongs to TLS.
    let mut head = Vec::new();
    let mut byte = [0];
    let mut plain = &stream;
    while !head.ends_with(b"\r\n\r\n") && head.len() < 16 * 1024 {
        if plain.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    let Some(head) = http::read_head(&mut &head[..])? else { return Ok(()) };
    let response = world.scripted(Endpoint::Connect, || admit(world, &head));
    if response.status == 200 && response.fault.is_none() {
        plain.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        let end = lock(&world.settings).tunnel_end;
        if let Some(end) = end {
            return forward(inside_tls(world, stream, tls)?, end);
        }
        let host = head.target.trim_end_matches(":443");
        return serve_https(world, stream, tls, Via::Proxy, Some(host));
    }
    let date = httpdate::fmt_http_date(world.clock());
    response::write(&mut plain, &response, &date, false, true)?;
    Ok(())
}

fn admit(world: &World, head: &Head) -> Response {
    if let Some(password) = &lock(&world.settings).proxy_password {
        let wanted = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(password));
        if head.header("proxy-authorization") != Some(wanted.as_str()) {
            let page = Response::html(407, "This proxy wants a password");
            return page.with("Proxy-Authenticate", "Basic realm=\"double\"");
        }
    }
    let known = HOSTS.iter().any(|host| head.target == format!("{host}:443"));
    if head.method == "CONNECT" && known {
        return Response::html(200, "");
    }
    world.unexpected(format!("the proxy was asked for {} {}", head.method, head.target));
    Response::html(502, "This proxy leads to a double of Google and nowhere else")
}
