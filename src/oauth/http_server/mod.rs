//! A small HTTP/1.1 server for clients on this machine: one request a connection, bounded in time, size and number.
//!
//! Any program and any web page may connect: browsers open connections ahead and send nothing, pages guess ports.
//! None of them can keep others from being answered. Blocking, with a thread a connection: hyper's server would
//! need an async runtime in our code, for a few requests.

mod request;
mod response;

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::output::secret::SecretBytes;
pub(crate) use request::{Refusal, Request};
pub(crate) use response::Response;

/// For a whole request to arrive; a client on this machine needs milliseconds.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);
/// What a client may still send after it was answered.
const DRAIN_LIMIT: Duration = Duration::from_millis(250);
/// Google's answers are below 2 KiB, with a browser's cookies for 127.0.0.1 perhaps 8.
const HEAD_LIMIT: usize = 32 * 1024;
/// Connections whose request has not arrived yet: with more than this, the oldest is closed. A real client
/// sends its request at once.
const WAITING_LIMIT: usize = 256;
/// What is read at once.
const CHUNK: usize = 4096;

/// Both ends of a connection, by which the client's process can be found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    /// The client's end.
    pub(crate) client: SocketAddr,
    /// This server's end.
    pub(crate) server: SocketAddr,
}

/// A listener on 127.0.0.1 that does not answer yet.
pub(crate) struct HttpServer {
    listener: TcpListener,
    port: u16,
    waiting_limit: usize,
}

impl HttpServer {
    /// Listens on this port of 127.0.0.1, or on a free one for 0.
    pub(crate) fn bind(port: u16) -> io::Result<HttpServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = listener.local_addr()?.port();
        Ok(HttpServer { listener, port, waiting_limit: WAITING_LIMIT })
    }

    /// The port that it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Answers every request by this function until the process ends.
    pub(crate) fn serve(
        self,
        answer: impl Fn(Result<&Request<'_>, Refusal>, Connection) -> Response + Send + Sync + 'static,
    ) {
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            let mut waiting = Waiting::default();
            for stream in self.listener.incoming() {
                let Ok(stream) = stream.map(Arc::new) else {
                    // most likely no descriptors are left; without a pause this would take all of a processor
                    waiting.close_oldest();
                    std::thread::sleep(Duration::from_millis(10));
                    continue;
                };
                waiting.add(&stream, self.waiting_limit);
                let (answer, port) = (Arc::clone(&answer), self.port);
                // where no thread can be had, the connection is closed
                let _ = std::thread::Builder::new().spawn(move || converse(stream, port, &*answer));
            }
        });
    }
}

/// The connections whose request has not arrived yet, the oldest first.
#[derive(Default)]
struct Waiting(VecDeque<Weak<TcpStream>>);

impl Waiting {
    fn add(&mut self, stream: &Arc<TcpStream>, limit: usize) {
        self.0.retain(|other| other.strong_count() > 0);
        if self.0.len() >= limit {
            self.close_oldest();
        }
        self.0.push_back(Arc::downgrade(stream));
    }

    fn close_oldest(&mut self) {
        if let Some(oldest) = self.0.pop_front().and_then(|oldest| oldest.upgrade()) {
            let _ = oldest.shutdown(Shutdown::Both);
        }
    }
}

/// Reads one request, answers it, and does what comes after the answer. `None` if no request came.
fn converse(
    stream: Arc<TcpStream>,
    port: u16,
    answer: &impl Fn(Result<&Request<'_>, Refusal>, Connection) -> Response,
) -> Option<()> {
    let ends = Connection { client: stream.peer_addr().ok()?, server: stream.local_addr().ok()? };
    let received = receive(&stream, port).ok()?;
    // from here on it does not wait: no other thread has it, and it is not closed to make room
    let stream = Arc::into_inner(stream)?;
    let received = received.as_ref().map(|bytes| bytes.as_slice());
    let (bytes, after) = respond(received, port, |request| answer(request, ends));
    // a client that left before its answer has asked all the same
    let _ = send(&stream, &bytes);
    after.map(|after| after())
}

fn send(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    stream.set_write_timeout(Some(REQUEST_LIMIT))?;
    stream.write_all(bytes)?;
    stream.shutdown(Shutdown::Write)?;
    drain(stream);
    Ok(())
}

/// What is sent for these bytes, and what is done when it was sent.
pub(crate) fn respond(
    received: Result<&[u8], &Refusal>,
    port: u16,
    answer: impl FnOnce(Result<&Request<'_>, Refusal>) -> Response,
) -> (SecretBytes, Option<response::After>) {
    let request = received.map_err(|refusal| *refusal).and_then(|bytes| Request::parse(bytes, port)?.whole());
    let response = answer(request.as_ref().map_err(|refusal| *refusal));
    // HEAD is answered by the head alone, whatever else is said (RFC 9110 section 9.3.2)
    let head_only = received.is_ok_and(|bytes| bytes.starts_with(b"HEAD "));
    response.into_bytes(head_only)
}

/// The bytes of one request, head and body. An error if they did not come in time.
fn receive(stream: &TcpStream, port: u16) -> io::Result<Result<SecretBytes, Refusal>> {
    let deadline = Instant::now() + REQUEST_LIMIT;
    // room for all of it: a buffer that grows leaves copies behind that are not wiped
    let mut bytes = SecretBytes::new(Vec::with_capacity(HEAD_LIMIT + request::BODY_LIMIT + 2 * CHUNK));
    let mut length = None;
    loop {
        let known = bytes.len();
        receive_some(stream, &mut bytes, deadline)?;
        if length.is_none() && ends_head(bytes.get(known.saturating_sub(3)..).unwrap_or_default()) {
            match Request::parse(&bytes, port) {
                Ok(request) => length = Some(bytes.len() + request.missing()),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        match length {
            Some(length) if bytes.len() >= length => return Ok(Ok(bytes)),
            None if bytes.len() > HEAD_LIMIT => return Ok(Err(Refusal::HeadTooLarge)),
            _ => {}
        }
    }
}

fn ends_head(bytes: &[u8]) -> bool {
    bytes.windows(4).any(|end| end == b"\r\n\r\n")
}

fn receive_some(mut stream: &TcpStream, bytes: &mut SecretBytes, deadline: Instant) -> io::Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    stream.set_read_timeout(Some(left))?;
    let known = bytes.len();
    bytes.resize(known + CHUNK, 0);
    let result = stream.read(bytes.get_mut(known..).unwrap_or_default());
    bytes.truncate(known + result.as_ref().copied().unwrap_or(0));
    match result {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(_) => Ok(()),
        // a signal, such as that of a window that changes its size: with a time limit no read is taken up again by itself
        // (signal(7))
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        Err(error) => Err(error),
    }
}

/// Takes what the client is still sending, a little: closing with unread data would reset the connection, and a
/// browser might then not show the page.
fn drain(mut stream: &TcpStream) {
    let deadline = Instant::now() + DRAIN_LIMIT;
    let mut chunk = [0; CHUNK];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return;
        }
        if !matches!(stream.read(&mut chunk), Ok(1..)) {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
