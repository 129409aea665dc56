//! Waits on 127.0.0.1 for the browser that comes back from a sign-in (RFC 8252 section 7.3).
//!
//! Whatever else connects must not disturb: browsers open connections ahead and send nothing, ask
//! for icons, come twice; other pages in the same browser may guess the port. Only a GET to our own
//! address with the right state counts.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::answer::Answer;
use crate::output::error::{Error, Kind, Result, reason};
use crate::output::secret::{Secret, SecretBytes};

/// For a whole request; a browser needs milliseconds.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);
/// Google's answers are below 2 KiB, with a browser's cookies for 127.0.0.1 perhaps 8.
const HEAD_LIMIT: usize = 32 * 1024;
/// More connections than this at once are nobody's browser: the oldest makes room. A browser that comes back has
/// sent its request at once.
const CONNECTION_LIMIT: usize = 64;

const PAGE: &str = include_str!("sign_in_page.html");

/// A listener for one login.
pub(crate) struct Loopback {
    listener: TcpListener,
    port: u16,
}

/// What is told to whoever asked.
struct Reply {
    status: &'static str,
    title: &'static str,
    text: &'static str,
    good: bool,
}

impl Loopback {
    /// Listens on this port of 127.0.0.1, or on a free one for 0.
    pub(crate) fn bind(port: u16) -> Result<Loopback> {
        let failed = |error: &io::Error| {
            let what = match error.kind() {
                io::ErrorKind::AddrInUse => format!("port {port} is taken by another program"),
                _ => format!("can't listen on port {port}: {}", reason(error)),
            };
            Error::new(Kind::Other, what)
                .hint("choose another one: `bqcred login --port PORT`, or leave --port out")
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| failed(&error))?;
        let port = listener.local_addr().map_err(|error| failed(&error))?.port();
        Ok(Loopback { listener, port })
    }

    /// The port that it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The address that the browser has to come back to. An address and not `localhost`, which may
    /// mean another one (RFC 8252 section 8.3).
    pub(crate) fn redirect_uri(port: u16) -> String {
        format!("http://127.0.0.1:{port}/")
    }

    /// Serves until the process ends. `deliver` is called with every answer that has the right
    /// state, after the browser got its page.
    pub(crate) fn serve(self, state: Secret, deliver: impl Fn(Answer) + Send + Sync + 'static) {
        let shared = Arc::new((state, deliver));
        std::thread::spawn(move || {
            let mut open: VecDeque<Weak<TcpStream>> = VecDeque::new();
            for stream in self.listener.incoming().flatten() {
                let stream = Arc::new(stream);
                open.retain(|other| other.strong_count() > 0);
                if open.len() >= CONNECTION_LIMIT
                    && let Some(oldest) = open.pop_front().and_then(|oldest| oldest.upgrade())
                {
                    let _ = oldest.shutdown(Shutdown::Both);
                }
                open.push_back(Arc::downgrade(&stream));
                let (shared, port) = (Arc::clone(&shared), self.port);
                std::thread::spawn(move || {
                    if let Ok(Some(answer)) = converse(&stream, port, &shared.0) {
                        (shared.1)(answer);
                    }
                });
            }
        });
    }
}

/// Reads one request and answers it. Returns the sign-in's answer if it was one.
fn converse(mut stream: &TcpStream, port: u16, state: &Secret) -> io::Result<Option<Answer>> {
    stream.set_write_timeout(Some(REQUEST_LIMIT))?;
    let head = read_head(stream)?;
    let (response, answer) = respond(head.as_ref().map(|head| head.as_slice()), port, state);
    stream.write_all(response.as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    drain(stream);
    Ok(answer)
}

/// What is sent back for a request's head, and the sign-in's answer if it was one. `None`: too large.
pub(crate) fn respond(head: Option<&[u8]>, port: u16, state: &Secret) -> (String, Option<Answer>) {
    let (reply, answer) = head.map_or((TOO_LARGE, None), |head| judge(head, port, state));
    let page = reply.page();
    let mut response = format!(
        "HTTP/1.1 {}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
         X-Frame-Options: DENY\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\n\r\n",
        reply.status,
        page.len(),
    );
    if !head.is_some_and(|head| head.starts_with(b"HEAD ")) {
        response.push_str(&page);
    }
    (response, answer)
}

/// The request's head; `None` if it is too large. An error if nothing (more) came in time.
fn read_head(mut stream: &TcpStream) -> io::Result<Option<SecretBytes>> {
    let deadline = Instant::now() + REQUEST_LIMIT;
    let mut head = SecretBytes::new(Vec::with_capacity(HEAD_LIMIT + 4096));
    let mut chunk = [0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return Ok(Some(head));
        }
        if head.len() > HEAD_LIMIT {
            return Ok(None);
        }
    }
}

/// Takes what the browser is still sending, a little: closing with unread data would reset the
/// connection, and the browser might then not show the page.
fn drain(mut stream: &TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
    let mut chunk = [0; 4096];
    for _ in 0..64 {
        if !matches!(stream.read(&mut chunk), Ok(1..)) {
            return;
        }
    }
}

const TOO_LARGE: Reply = Reply {
    status: "431 Request Header Fields Too Large",
    title: "That request is too large",
    text: "The sign-in still waits for its answer.",
    good: false,
};

/// Decides what a request is.
fn judge(head: &[u8], port: u16, state: &Secret) -> (Reply, Option<Answer>) {
    let still_waiting = "The sign-in still waits for its answer. Go back to your terminal, and open the address \
                         that it shows.";
    let refuse = |status, title| (Reply { status, title, text: still_waiting, good: false }, None);
    let Some((method, target, host)) = parse(head) else {
        return refuse("400 Bad Request", "That is no request a browser would send");
    };
    // A page elsewhere could have its own name lead here (DNS rebinding).
    let ours = [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")];
    if !host.is_some_and(|host| ours.iter().any(|our| our.eq_ignore_ascii_case(host))) {
        return refuse("421 Misdirected Request", "This is not the address you meant");
    }
    if !matches!(method, "GET" | "HEAD") {
        return refuse("405 Method Not Allowed", "Browsers come here with GET");
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path != "/" {
        return refuse("404 Not Found", "There is nothing here");
    }
    let Some(answer) = Answer::from_query(query) else {
        return refuse("400 Bad Request", "This address has no answer in it");
    };
    if !answer.state.as_ref().is_some_and(|sent| same(sent, state)) {
        return refuse("400 Bad Request", "This answer belongs to another sign-in");
    }
    if method == "HEAD" {
        return (Reply { status: "200 OK", title: "", text: "", good: true }, None);
    }
    let reply = match &answer.result {
        Ok(_) => Reply {
            status: "200 OK",
            title: "Google’s answer has arrived",
            text: "You can close this window and go back to your terminal, which tells how the sign-in ended.",
            good: true,
        },
        Err(_) => Reply {
            status: "200 OK",
            title: "The sign-in was not completed",
            text: "Google says that it was cancelled or refused. Your terminal tells why, and how to start again. \
                   You can close this window.",
            good: false,
        },
    };
    (reply, Some(answer))
}

/// Compares without telling by the time it takes how much of it was right.
fn same(one: &Secret, other: &Secret) -> bool {
    let (one, other) = (one.expose().as_bytes(), other.expose().as_bytes());
    one.len() == other.len() && one.iter().zip(other).fold(0, |acc, (a, b)| acc | (a ^ b)) == 0
}

/// Method, target and the one Host header of a request's head.
fn parse(head: &[u8]) -> Option<(&str, &str, Option<&str>)> {
    let end = head.windows(4).position(|end| end == b"\r\n\r\n")?;
    let head = std::str::from_utf8(head.get(..end)?).ok()?;
    let mut lines = head.split("\r\n");
    // line breaks of another kind mean another request to other readers
    if lines.clone().any(|line| line.contains(|c: char| c.is_control() && c != '\t')) {
        return None;
    }
    let mut words = lines.next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() || !version.starts_with("HTTP/1.") || !target.starts_with('/') {
        return None;
    }
    let mut hosts = lines
        .filter_map(|line| line.split_once(':'))
        .filter_map(|(name, value)| name.eq_ignore_ascii_case("host").then_some(value.trim()));
    let host = hosts.next();
    if hosts.next().is_some() {
        return None;
    }
    Some((method, target, host))
}

impl Reply {
    /// The page. Nothing that was sent occurs in it.
    fn page(&self) -> String {
        let (mark, mark_dark) = if self.good { ("#1a7f37", "#3fb950") } else { ("#9a6700", "#d29922") };
        PAGE.replace("{title}", self.title)
            .replace("{text}", self.text)
            .replace("{mark}", mark)
            .replace("{mark-dark}", mark_dark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn status(request: &str) -> (&'static str, bool) {
        let (reply, answer) = judge(request.as_bytes(), 8085, &Secret::new("right"));
        (reply.status, answer.is_some())
    }

    #[test]
    fn only_our_own_answer_counts() {
        let get =
            |target: &str, host: &str| status(&format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(get("/?state=right&code=c", "127.0.0.1:8085"), ("200 OK", true));
        assert_eq!(get("/?error=access_denied&state=right", "localhost:8085"), ("200 OK", true));
        assert!(!get("/?state=wrong&code=c", "127.0.0.1:8085").1);
        assert!(!get("/?state=irght&code=c", "127.0.0.1:8085").1);
        assert!(!get("/?code=c", "127.0.0.1:8085").1);
        assert_eq!(get("/?state=right&code=c", "evil.example:8085").0, "421 Misdirected Request");
        assert!(!get("/?state=right&code=c", "127.0.0.1:1").1);
        assert_eq!(get("/favicon.ico", "127.0.0.1:8085").0, "404 Not Found");
        assert!(!status("GET /?state=right&code=c HTTP/1.1\r\n\r\n").1);
        assert_eq!(
            status("HEAD /?state=right&code=c HTTP/1.1\r\nHost: 127.0.0.1:8085\r\n\r\n"),
            ("200 OK", false)
        );
        assert!(!status("POST /?state=right&code=c HTTP/1.1\r\nHost: 127.0.0.1:8085\r\n\r\n").1);
        assert_eq!(
            status("GET /?state=right&code=c HTTP/1.1\r\nHost: 127.0.0.1:8085\r\nhost: x\r\n\r\n").0,
            "400 Bad Request"
        );
        assert!(!get("/?state=right&code=c", "\n127.0.0.1:8085").1);
        for line in
            ["GET /?state=right&code=c HTTP/2", "GET /?state=right&code=c HTTP/1.1 x", "GET x HTTP/1.1"]
        {
            assert_eq!(
                status(&format!("{line}\r\nHost: 127.0.0.1:8085\r\n\r\n")).0,
                "400 Bad Request",
                "{line}"
            );
        }
        assert!(!status("GET /?state=right&code=c HTTP/1.1\r\n\r\nHost: 127.0.0.1:8085\r\n\r\n").1);
    }

    #[test]
    fn a_head_without_an_end_is_not_read_for_ever() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut browser = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let sent = vec![b'x'; HEAD_LIMIT + 8192];
        let writer = std::thread::spawn(move || browser.write_all(&sent).map(|()| browser));
        assert!(read_head(&stream).unwrap().is_none());
        drop(stream);
        let _ = writer.join().unwrap(); // it may find the connection closed
    }

    #[test]
    fn a_request_for_the_head_alone_gets_it_alone() {
        let sent = |method: &str| {
            let request = format!("{method} /?state=right&code=c HTTP/1.1\r\nHost: 127.0.0.1:8085\r\n\r\n");
            respond(Some(request.as_bytes()), 8085, &Secret::new("right")).0
        };
        let (get, head) = (sent("GET"), sent("HEAD"));
        let (fields, page) = get.split_once("\r\n\r\n").unwrap();
        assert!(fields.contains(&format!("Content-Length: {}\r\n", page.len())), "{fields}");
        assert!(page.contains("Google’s answer has arrived"), "{page}");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    }

    proptest! {
        #[test]
        fn nothing_sent_breaks_it(head in proptest::collection::vec(any::<u8>(), 0..300)) {
            let (_, answer) = judge(&head, 8085, &Secret::new("right"));
            prop_assert!(answer.is_none());
        }
    }
}
