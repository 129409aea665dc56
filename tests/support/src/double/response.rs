//! A response, and how it is sent: whole, or broken on purpose.

use std::io::{self, Write};

/// How a response is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is sent; the connection ends.
    Close,
    /// Half of the announced body is sent; the connection ends.
    Truncate,
    /// The body goes on until the other side closes.
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

/// Writes an answer. Says whether the connection may be used again.
pub fn write(
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
