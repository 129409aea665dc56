//! Scripted answers for the next requests at an endpoint.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::json;

use super::response::{Fault, Response};

/// Where a scripted answer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The token endpoint.
    Token,
    /// The revocation endpoint.
    Revoke,
    /// The tokeninfo and userinfo endpoints.
    Tokeninfo,
    /// BigQuery and the other APIs.
    Api,
    /// `CONNECT` at the proxy.
    Connect,
    /// The metadata server.
    Metadata,
}

/// One scripted answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// This status with a short text.
    Status(u16),
    /// This status with Google's JSON for a temporary failure.
    Unavailable(u16),
    /// 200 with a page: a captive portal.
    Html200,
    /// This status with a page.
    Html(u16),
    /// An OAuth refusal. The status is the one that Google gives with this error.
    Refuse {
        /// `error`
        error: String,
        /// `error_subtype`
        subtype: Option<String>,
        /// `error_description`
        description: Option<String>,
    },
    /// 200 with this body and type.
    Body(String, String),
    /// Half of a good answer.
    Truncated,
    /// A good answer, late.
    Slow(Duration),
    /// The connection ends without an answer.
    Close,
    /// What was asked for is done, and the connection ends without an answer.
    LoseAnswer,
    /// 429 with `Retry-After: 1`.
    TooManyRequests,
    /// A redirect to this place.
    Redirect(String),
    /// 200 with JSON of at least this many bytes.
    Huge(usize),
    /// 200 with a body that never ends.
    Endless,
    /// Nothing wrong: the answer is the usual one (to place a failure after a success).
    Pass,
}

impl Script {
    /// A refusal with Google's usual words for it.
    pub fn refuse(error: &str) -> Self {
        let (subtype, description) = match error {
            "invalid_rapt" => {
                return Script::Refuse {
                    error: "invalid_grant".into(),
                    subtype: Some("invalid_rapt".into()),
                    description: Some("reauth related error (invalid_rapt)".into()),
                };
            }
            "rapt_required" => {
                return Script::Refuse {
                    error: "invalid_grant".into(),
                    subtype: Some("rapt_required".into()),
                    description: Some("reauth related error (rapt_required)".into()),
                };
            }
            "invalid_grant" => (None, "Token has been expired or revoked."),
            "invalid_client" => (None, "The OAuth client was not found."),
            "deleted_client" => (None, "The OAuth client was deleted."),
            "disabled_client" => (None, "The OAuth client was disabled."),
            "unauthorized_client" => (None, "Unauthorized"),
            "access_denied" => (None, "Account restricted"),
            "admin_policy_enforced" => (None, "The account's administrator does not allow this application."),
            "org_internal" => (None, "The application is only for users of its organization."),
            "invalid_scope" => (None, "Bad Request"),
            _ => (None, "Bad Request"),
        };
        Script::Refuse { error: error.into(), subtype, description: Some(description.into()) }
    }

    /// The answer instead of the usual one; `None` where the usual answer is sent, perhaps changed by
    /// [`Script::spoil`].
    pub fn answer(&self) -> Option<Response> {
        Some(match self {
            Script::Status(status) => Response::new(*status, "text/plain", format!("status {status}\n")),
            Script::Unavailable(status) => Response::json(
                *status,
                &json!({"error": "internal_failure", "error_description": "Backend Error"}),
            ),
            Script::Html200 => Response::html(200, "Welcome to the guest network"),
            Script::Html(status) => Response::html(*status, "Something is in the way"),
            Script::Refuse { error, subtype, description } => {
                refusal(error, subtype.as_deref(), description.as_deref())
            }
            Script::Body(kind, body) => Response::new(200, kind, body.as_bytes()),
            Script::Close => Response::html(200, "").failing(Fault::Close),
            Script::TooManyRequests => Response::json(
                429,
                &json!({"error": "rate_limit_exceeded", "error_description": "Too many requests"}),
            )
            .with("Retry-After", "1"),
            Script::Redirect(to) => Response::redirect(to),
            Script::Huge(bytes) => {
                Response::new(200, "application/json", format!("{{\"filler\": \"{}\"}}", "x".repeat(*bytes)))
            }
            Script::Endless => Response::new(200, "application/json", "").failing(Fault::Endless),
            Script::Truncated | Script::LoseAnswer | Script::Slow(_) | Script::Pass => return None,
        })
    }

    /// Changes the usual answer.
    pub fn spoil(&self, response: Response) -> Response {
        match self {
            Script::Truncated => response.failing(Fault::Truncate),
            Script::LoseAnswer => response.failing(Fault::Close),
            _ => response,
        }
    }

    /// How long to wait before the answer.
    pub fn delay(&self) -> Duration {
        if let Script::Slow(time) = self { *time } else { Duration::ZERO }
    }
}

/// An OAuth error answer, with the status that Google gives with it.
pub fn refusal(error: &str, subtype: Option<&str>, description: Option<&str>) -> Response {
    let status = match error {
        "invalid_client" | "deleted_client" | "disabled_client" | "unauthorized_client" => 401,
        "access_denied" | "org_internal" => 403,
        _ => 400,
    };
    let mut value = json!({"error": error});
    if let Some(text) = description {
        value["error_description"] = text.into();
    }
    if let Some(text) = subtype {
        value["error_subtype"] = text.into();
    }
    Response::json(status, &value)
}

/// The scripted answers that are still to be given.
#[derive(Default)]
pub struct Scripts {
    next: VecDeque<(Endpoint, Script)>,
    always: Vec<(Endpoint, Script)>,
}

impl Scripts {
    /// Adds one answer.
    pub fn push(&mut self, endpoint: Endpoint, script: Script) {
        self.next.push_back((endpoint, script));
    }

    /// Sets the answer for all requests, until [`Scripts::clear`].
    pub fn always(&mut self, endpoint: Endpoint, script: Script) {
        self.always.retain(|(e, _)| *e != endpoint);
        self.always.push((endpoint, script));
    }

    /// Back to the usual answers.
    pub fn clear(&mut self) {
        *self = Scripts::default();
    }

    /// Takes the next answer for this endpoint.
    pub fn take(&mut self, endpoint: Endpoint) -> Option<Script> {
        if let Some(at) = self.next.iter().position(|(e, _)| *e == endpoint) {
            return self.next.remove(at).map(|(_, script)| script);
        }
        self.always.iter().find(|(e, _)| *e == endpoint).map(|(_, script)| script.clone())
    }
}
