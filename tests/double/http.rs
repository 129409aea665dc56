//! HTTP/1.1 as a server reads and writes it: keep-alive, chunked bodies, HEAD, `100-continue`.

use std::io::{self, BufRead, Write};

/// The longest request head that is read.
const HEAD_LIMIT: usize = 256 * 1024;

/// How a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Plain http on loopback.
    Http,
    /// https on loopback, straight to [`super::Google::https_base`].
    Https,
    /// https to one of Google's host names, through the CONNECT proxy.
    Proxy,
    /// The person's browser, played by [`super::Google::approve`].
    Browser,
    /// The metadata server of a VM.
    Metadata,
}

/// One request as it was seen, and what it was answered with.
#[derive(Clone, Debug)]
pub struct Request {
    /// How it came in.
    pub via: Via,
    /// `GET`, `POST`, …
    pub method: String,
    /// The host without its port; for the proxy the one that was connected to.
    pub host: String,
    /// The path as it was sent, without the query.
    pub path: String,
    /// The query as it was sent, without the question mark.
    pub query: String,
    /// Header names (lower case) and values.
    pub headers: Vec<(String, String)>,
    /// The body, chunks already joined.
    pub body: Vec<u8>,
    /// The account whose access token came with it, if any did.
    pub identity: Option<String>,
    /// The status that it was answered with; 0 where the connection was closed instead.
    pub status: u16,
}

impl Request {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let name = name.to_ascii_lowercase();
        self.headers.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str())
    }

    /// The decoded pairs of the query.
    pub fn params(&self) -> Vec<(String, String)> {
        pairs(self.query.as_bytes())
    }

    /// One decoded parameter of the query.
    pub fn param(&self, name: &str) -> Option<String> {
        self.params().into_iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// The decoded pairs of a form body; none if the body is of another type.
    pub fn form(&self) -> Vec<(String, String)> {
        if self.is_form() { pairs(&self.body) } else { Vec::new() }
    }

    /// One decoded field of a form body.
    pub fn field(&self, name: &str) -> Option<String> {
        self.form().into_iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// Whether the body says of itself that it is a form.
    pub fn is_form(&self) -> bool {
        let kind = self.header("content-type").unwrap_or_default();
        kind.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The token of an `Authorization: Bearer` header.
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// Method, host, path and query in one line, for messages.
    pub fn line(&self) -> String {
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!("{} {}{}{mark}{}", self.method, self.host, self.path, self.query)
    }
}

/// Form-decoded pairs.
pub fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(encoded).into_owned().collect()
}

/// What a response does wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is sent; the connection ends.
    Close,
    /// Half of the announced body is sent; the connection ends.
    Truncate,
    /// The body goes on until the other side gives up.
    Endless,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Headers beyond `Date`, `Content-Length` and `Connection`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// What goes wrong on the way, if anything.
    pub fault: Option<Fault>,
}

impl Response {
    /// An answer of this type.
    pub fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), kind.to_owned())];
        Response { status, headers, body: body.into(), fault: None }
    }

    /// JSON, laid out as Google does.
    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        let body = serde_json::to_vec_pretty(value).unwrap();
        Response::new(status, "application/json; charset=utf-8", body)
    }

    /// A page.
    pub fn html(status: u16, text: &str) -> Self {
        let page = format!("<!DOCTYPE html><html lang=en><title>{text}</title><p>{text}</p></html>\n");
        Response::new(status, "text/html; charset=utf-8", page)
    }

    /// A redirect.
    pub fn redirect(to: &str) -> Self {
        Response::html(302, "Moved").with("Location", to)
    }

    /// The same with one more header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, failing like this.
    pub fn failing(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }
}

/// The parts of a request's first line.
pub struct Head {
    /// `GET`, `CONNECT`, …
    pub method: String,
    /// Path and query, an absolute URL, or `host:port`.
    pub target: String,
    /// Header names (lower case) and values.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Whether the client wants the connection to end after the answer.
    pub fn closes(&self) -> bool {
        self.header("connection").is_some_and(|v| v.to_ascii_lowercase().contains("close"))
    }
}

/// What no client may send. (`InvalidData` is how TLS speaks of its own troubles.)
fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what.to_owned())
}

/// The client went away in the middle, which is its right.
fn gone() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

fn line(stream: &mut dyn BufRead, left: &mut usize) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let mut limited = io::Read::take(&mut *stream, *left as u64);
    limited.read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.pop() != Some(b'\n') {
        return Err(if bytes.len() + 1 < *left { gone() } else { bad("a head that is too long") });
    }
    *left -= bytes.len() + 1;
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes).map(Some).map_err(|_| bad("a line that is not UTF-8"))
}

/// Reads the head of the next request; nothing if the client is done.
pub fn read_head(stream: &mut dyn BufRead) -> io::Result<Option<Head>> {
    let mut left = HEAD_LIMIT;
    let Some(first) = line(stream, &mut left)? else { return Ok(None) };
    let mut words = first.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(bad(&format!("not a request line: {first:?}")));
    };
    if version != "HTTP/1.1" && version != "HTTP/1.0" {
        return Err(bad(&format!("not HTTP/1: {first:?}")));
    }
    let mut headers = Vec::new();
    loop {
        let text = line(stream, &mut left)?.ok_or_else(gone)?;
        if text.is_empty() {
            break;
        }
        let (name, value) = text.split_once(':').ok_or_else(|| bad("a header without a colon"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(Some(Head { method: method.to_owned(), target: target.to_owned(), headers }))
}

/// Reads the body that goes with a head, asking for it where the client waits to be asked.
pub fn read_body<S: BufRead + Write>(head: &Head, stream: &mut S) -> io::Result<Vec<u8>> {
    if head.header("expect").is_some_and(|v| v.eq_ignore_ascii_case("100-continue")) {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        stream.flush()?;
    }
    if head.header("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
        return read_chunks(stream);
    }
    let length: usize = match head.header("content-length") {
        Some(text) => text.parse().map_err(|_| bad("not a Content-Length"))?,
        None => 0,
    };
    let mut body = Vec::new();
    io::Read::take(&mut *stream, length as u64).read_to_end(&mut body)?;
    if body.len() == length { Ok(body) } else { Err(gone()) }
}

use std::io::Read as _;

fn read_chunks(stream: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    let mut left = HEAD_LIMIT;
    loop {
        let size = line(stream, &mut left)?.ok_or_else(gone)?;
        let digits = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(digits, 16).map_err(|_| bad("not a chunk size"))?;
        if size == 0 {
            while line(stream, &mut left)?.is_some_and(|trailer| !trailer.is_empty()) {}
            return Ok(body);
        }
        io::Read::take(&mut *stream, size as u64).read_to_end(&mut body)?;
        line(stream, &mut left)?;
    }
}

/// Writes an answer. Says whether the connection may be used again.
pub fn write_response(
    stream: &mut dyn Write,
    response: &Response,
    date: &str,
    head_only: bool,
    close: bool,
) -> io::Result<bool> {
    if response.fault == Some(Fault::Close) {
        return Ok(false);
    }
    let reason = reason(response.status);
    let mut text = format!("HTTP/1.1 {} {reason}\r\nDate: {date}\r\nServer: double\r\n", response.status);
    for (name, value) in &response.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let endless = response.fault == Some(Fault::Endless);
    if endless {
        text.push_str("Transfer-Encoding: chunked\r\n");
    } else if response.status != 204 {
        text.push_str(&format!("Content-Length: {}\r\n", response.body.len()));
    }
    if close {
        text.push_str("Connection: close\r\n");
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes())?;
    if !head_only {
        write_body(stream, response, endless)?;
    }
    stream.flush()?;
    Ok(!close && response.fault.is_none())
}

fn write_body(stream: &mut dyn Write, response: &Response, endless: bool) -> io::Result<()> {
    if endless {
        let chunk = [b' '; 4096];
        loop {
            stream.write_all(b"1000\r\n")?;
            stream.write_all(&chunk)?;
            stream.write_all(b"\r\n")?;
            stream.flush()?;
        }
    }
    let end = match response.fault {
        Some(Fault::Truncate) => response.body.len() / 2,
        _ => response.body.len(),
    };
    stream.write_all(&response.body[..end])
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
