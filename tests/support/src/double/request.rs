//! A request in the log.

/// How a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Plain http on loopback.
    Http,
    /// https on loopback, straight to [`super::Google::https_base`].
    Https,
    /// https to one of Google's host names, through the CONNECT proxy.
    Proxy,
    /// The user's browser, simulated by [`super::Google::approve`].
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
