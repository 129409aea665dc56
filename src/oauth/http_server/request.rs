//! A request, from the bytes of its head (by `httparse`) and body.

/// The most that a request's body may hold: forms and JSON of programs on this machine are below 4 KiB.
pub(super) const BODY_LIMIT: usize = 16 * 1024;
/// Browsers send about 20.
const HEADER_LIMIT: usize = 64;

/// A request that was meant for this server.
pub(crate) struct Request<'b> {
    /// Upper case, as it was sent.
    pub(crate) method: &'b str,
    /// What stands before the first question mark of the target.
    pub(crate) path: &'b str,
    /// What follows it.
    pub(crate) query: &'b str,
    /// The body, of the length that the head announces.
    pub(crate) body: &'b [u8],
    headers: Vec<httparse::Header<'b>>,
    /// What the head announces.
    length: usize,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is not HTTP/1, or could be read in two ways.
    Malformed,
    /// It was sent to another name than this machine's own: a page elsewhere could have its name lead here (DNS
    /// rebinding).
    WrongHost,
    /// The head is too large, or has too many fields.
    HeadTooLarge,
    /// The body is too large.
    BodyTooLarge,
    /// The body comes without its length.
    LengthRequired,
}

impl Refusal {
    /// The status line's code and words.
    pub(crate) fn status(self) -> &'static str {
        match self {
            Refusal::Malformed => "400 Bad Request",
            Refusal::WrongHost => "421 Misdirected Request",
            Refusal::HeadTooLarge => "431 Request Header Fields Too Large",
            Refusal::BodyTooLarge => "413 Content Too Large",
            Refusal::LengthRequired => "411 Length Required",
        }
    }
}

impl<'b> Request<'b> {
    /// Reads a whole head and as much of the body as is there. `port` is the server's own.
    pub(super) fn parse(bytes: &'b [u8], port: u16) -> Result<Request<'b>, Refusal> {
        let mut headers = [httparse::EMPTY_HEADER; HEADER_LIMIT];
        let mut head = httparse::Request::new(&mut headers);
        let size = match head.parse(bytes) {
            Ok(httparse::Status::Complete(size)) => size,
            Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadTooLarge),
            Ok(httparse::Status::Partial) | Err(_) => return Err(Refusal::Malformed),
        };
        let (lines, rest) = bytes.split_at_checked(size).ok_or(Refusal::Malformed)?;
        // httparse ends a line at a bare line feed too; to other readers that is another request
        if lines.split_inclusive(|byte| *byte == b'\n').any(|line| !line.ends_with(b"\r\n")) {
            return Err(Refusal::Malformed);
        }
        // httparse skips empty lines before the first; they would end the head for the reader
        if lines.starts_with(b"\r") {
            return Err(Refusal::Malformed);
        }
        let (method, target) = head.method.zip(head.path).ok_or(Refusal::Malformed)?;
        if !target.starts_with('/') {
            return Err(Refusal::Malformed);
        }
        if !only(head.headers, "host")?.is_some_and(|host| is_ours(host, port)) {
            return Err(Refusal::WrongHost);
        }
        let length = body_length(head.headers)?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let body = rest.get(..length).unwrap_or(rest);
        Ok(Request { method, path, query, body, headers: head.headers.to_vec(), length })
    }

    /// The value of the first header field of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&'b [u8]> {
        self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
    }

    /// How many bytes of the body have not come yet.
    pub(super) fn missing(&self) -> usize {
        self.length - self.body.len()
    }

    /// Itself, if all of it is there.
    pub(super) fn whole(self) -> Result<Request<'b>, Refusal> {
        if self.missing() == 0 { Ok(self) } else { Err(Refusal::Malformed) }
    }
}

/// The value of a field that may occur once.
fn only<'b>(headers: &[httparse::Header<'b>], name: &str) -> Result<Option<&'b [u8]>, Refusal> {
    let mut values = headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
    let value = values.next().map(|header| header.value);
    if values.next().is_some() { Err(Refusal::Malformed) } else { Ok(value) }
}

/// Whether a Host field names this server.
fn is_ours(host: &[u8], port: u16) -> bool {
    ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|name| format!("{name}:{port}").as_bytes().eq_ignore_ascii_case(host))
}

/// The length that the head announces; without one there is no body (RFC 9112 section 6.3).
fn body_length(headers: &[httparse::Header<'_>]) -> Result<usize, Refusal> {
    if only(headers, "transfer-encoding")?.is_some() {
        return Err(Refusal::LengthRequired);
    }
    let Some(text) = only(headers, "content-length")? else { return Ok(0) };
    // `parse` alone takes a plus sign
    let digits = std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let length = digits.filter(|digits| !digits.is_empty()).ok_or(Refusal::Malformed)?;
    // a number that does not fit is too large as well
    length.parse().ok().filter(|length| *length <= BODY_LIMIT).ok_or(Refusal::BodyTooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Request<'_>, Refusal> {
        Request::parse(text.as_bytes(), 8085)?.whole()
    }

    fn refusal(text: &str) -> Option<Refusal> {
        parse(text).err()
    }

    #[test]
    fn a_request_has_a_method_a_path_a_query_and_a_body() {
        let text = "POST /token?a=b?c HTTP/1.1\r\nhost: LOCALHOST:8085\r\nContent-Length: 4\r\n\r\nbodyrest";
        let request = parse(text).unwrap();
        assert_eq!((request.method, request.path, request.query), ("POST", "/token", "a=b?c"));
        assert_eq!((request.body, request.header("HOST")), (&b"body"[..], Some(&b"LOCALHOST:8085"[..])));
        assert_eq!(request.header("authorization"), None);
        let request = parse("GET / HTTP/1.0\r\nHost: [::1]:8085\r\n\r\n").unwrap();
        assert_eq!((request.path, request.query, request.body), ("/", "", &b""[..]));
    }

    #[test]
    fn only_names_of_this_machine_with_the_right_port_are_answered() {
        let host = |line: &str| refusal(&format!("GET / HTTP/1.1\r\n{line}\r\n"));
        assert_eq!(host("Host: 127.0.0.1:8085\r\n"), None);
        for line in
            ["", "Host: evil.example:8085\r\n", "Host: 127.0.0.1:1\r\n", "Host: 127.0.0.1\r\n", "Host: \r\n"]
        {
            assert_eq!(host(line), Some(Refusal::WrongHost), "{line}");
        }
        assert_eq!(host("Host: 127.0.0.1:8085\r\nhost: x\r\n"), Some(Refusal::Malformed));
    }

    #[test]
    fn heads_that_others_could_read_differently_are_refused() {
        for head in [
            "",
            "GET / HTTP/1.1\r\nHost: 127.0.0.1:8085\r\n",
            "\r\nGET / HTTP/1.1\r\nHost: 127.0.0.1:8085\r\n\r\n",
            "GET / HTTP/1.1\nHost: 127.0.0.1:8085\n\n",
            "GET / HTTP/1.1\r\nHost: 127.0.0.1:8085\nX: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: 127.0.0.1:8085\r\n X: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : 127.0.0.1:8085\r\n\r\n",
            "GET / HTTP/2\r\nHost: 127.0.0.1:8085\r\n\r\n",
            "GET / HTTP/1.1 x\r\nHost: 127.0.0.1:8085\r\n\r\n",
            "GET x HTTP/1.1\r\nHost: 127.0.0.1:8085\r\n\r\n",
            "GET http://127.0.0.1:8085/ HTTP/1.1\r\nHost: 127.0.0.1:8085\r\n\r\n",
            "\u{16}\u{3}\u{1}",
        ] {
            assert_eq!(refusal(head), Some(Refusal::Malformed), "{head}");
        }
    }

    #[test]
    fn a_body_needs_one_length_within_the_limit() {
        let body = |fields: &str| {
            refusal(&format!("POST / HTTP/1.1\r\nHost: 127.0.0.1:8085\r\n{fields}\r\n\r\nabcd"))
        };
        assert_eq!(body("Content-Length: 4"), None);
        for fields in ["Content-Length: 5", "Content-Length: +4", "Content-Length: 0x4", "Content-Length: "] {
            assert_eq!(body(fields), Some(Refusal::Malformed), "{fields}");
        }
        assert_eq!(body("Content-Length: 4\r\nContent-Length: 4"), Some(Refusal::Malformed));
        for length in ["16385", "99999999999999999999999999"] {
            assert_eq!(body(&format!("Content-Length: {length}")), Some(Refusal::BodyTooLarge), "{length}");
        }
        assert_eq!(body("Transfer-Encoding: chunked"), Some(Refusal::LengthRequired));
        assert_eq!(body("Transfer-Encoding: chunked\r\nContent-Length: 4"), Some(Refusal::LengthRequired));
    }

    #[test]
    fn a_head_of_too_many_fields_is_too_large() {
        let fields = "X: y\r\n".repeat(HEADER_LIMIT);
        let text = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:8085\r\n{fields}\r\n");
        assert_eq!(refusal(&text), Some(Refusal::HeadTooLarge));
    }
}
