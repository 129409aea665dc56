//! Answers that are not what was asked for: the server's own errors, and what proxies and servers in trouble send.

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::http::HttpAnswer;
use super::reason::Reason;
use super::transport::Transport;

/// RFC 6749 section 5.2, and Google's `error_subtype`, which the library's own type drops.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ErrorResponse {
    /// The error code.
    pub(super) error: String,
    error_subtype: Option<String>,
    error_description: Option<String>,
}

// The `oauth2` crate asks for both; neither shows what the server said, which may repeat what was sent.
impl std::fmt::Debug for ErrorResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ErrorResponse")
    }
}

impl std::fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an error response")
    }
}

impl oauth2::ErrorResponse for ErrorResponse {}

impl ErrorResponse {
    /// `None` if the answer's body is none.
    pub(super) fn read(answer: &HttpAnswer) -> Option<ErrorResponse> {
        serde_json::from_slice(&answer.body).ok()
    }

    /// Error codes of transient failures, which servers send with other statuses than 429 and 503 too
    /// (RFC 6749 section 4.1.2.1, RFC 8628 section 3.5, and Google's own).
    pub(super) fn transient(&self, status: u16) -> Option<Transport> {
        match self.error.as_str() {
            "rate_limit_exceeded" | "slow_down" => Some(Transport::Busy(429)),
            "temporarily_unavailable" | "server_error" | "internal_failure" | "backend_error" => {
                Some(Transport::Busy(status))
            }
            _ => None,
        }
    }

    /// What it means for the request.
    pub(super) fn into_failure(self, status: u16) -> Failure {
        if let Some(transport) = self.transient(status) {
            return Failure::Unreachable(transport);
        }
        Failure::Refused(Reason::of(
            &self.error,
            self.error_subtype.as_deref(),
            self.error_description.as_deref(),
        ))
    }
}

/// Recognises proxies and failing servers by the status alone, whatever the body says.
pub(super) fn check_status(answer: &HttpAnswer) -> Result<(), Transport> {
    match answer.status {
        407 => Err(Transport::ProxyAuthentication),
        status if status == 429 || status >= 500 => Err(Transport::Busy(status)),
        _ => Ok(()),
    }
}

/// Classifies an answer that could not be read. JSON is never taken for a page.
pub(super) fn unreadable(answer: &HttpAnswer) -> Transport {
    if starts_with(&answer.body, b'{') {
        Transport::Malformed
    } else {
        Transport::NotTheServer(answer.status)
    }
}

/// Whether this is the body's first byte, white space aside: `{` is JSON, `<` a page.
pub(super) fn starts_with(body: &[u8], first: u8) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&first)
}
