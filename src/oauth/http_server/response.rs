//! What is sent back.

use crate::output::secret::SecretBytes;

/// What is done once the client has its answer.
pub(crate) type After = Box<dyn FnOnce() + Send>;

/// An answer is not cached, sniffed, framed or referred to.
const HEADERS: &str = "Connection: close\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n\
                       X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n\
                       Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n\
                       Cross-Origin-Resource-Policy: same-origin\r\n";

/// An answer to one request.
pub(crate) struct Response {
    status: &'static str,
    content_type: &'static str,
    body: SecretBytes,
    fields: &'static str,
    after: Option<After>,
}

impl Response {
    /// A page. `status` is the code and its words, such as `200 OK`.
    pub(crate) fn html(status: &'static str, page: String) -> Response {
        let body = SecretBytes::new(page.into_bytes());
        Response { status, content_type: "text/html; charset=utf-8", body, fields: "", after: None }
    }

    /// JSON, which may hold secrets.
    pub(crate) fn json(status: &'static str, body: SecretBytes) -> Response {
        Response { status, content_type: "application/json", body, fields: "", after: None }
    }

    /// Plain text.
    pub(crate) fn text(status: &'static str, text: &str) -> Response {
        let body = SecretBytes::new(text.as_bytes().to_vec());
        Response { status, content_type: "text/plain; charset=utf-8", body, fields: "", after: None }
    }

    /// This with further header fields, each with its line end.
    pub(crate) fn with_fields(self, fields: &'static str) -> Response {
        Response { fields, ..self }
    }

    /// This, and `after` when it was sent.
    pub(crate) fn then(self, after: impl FnOnce() + Send + 'static) -> Response {
        Response { after: Some(Box::new(after)), ..self }
    }

    /// The bytes to send, without the body for HEAD.
    pub(super) fn into_bytes(self, head_only: bool) -> (SecretBytes, Option<After>) {
        let head = format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{HEADERS}{}\r\n",
            self.status,
            self.content_type,
            self.body.len(),
            self.fields
        );
        let body: &[u8] = if head_only { &[] } else { &self.body };
        (SecretBytes::new([head.as_bytes(), body].concat()), self.after)
    }
}
