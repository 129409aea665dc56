//! HTTP/1.1 as a server reads it: heads, bodies with a length or in chunks, `100-continue`.

use std::io::{self, BufRead, Read as _, Write};

/// The longest request head that is read.
const HEAD_LIMIT: usize = 256 * 1024;

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

/// What no client may send. (`InvalidData` is the kind of TLS errors.)
fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what.to_owned())
}

/// The client closed the connection, which it may do.
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

/// Reads the body that belongs to a head, with `100 Continue` where the client waits for it.
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
