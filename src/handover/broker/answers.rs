//! What the broker sends back.

use serde_json::json;

use super::TokenSource;
use super::requests::{About, Ask};
use crate::oauth::http_server::Response;
use crate::output::error::{Error, Kind};
use crate::output::secret::SecretBytes;
use crate::store::AccessToken;
use crate::system::clock::Time;

const BAD_REQUEST: &str = "400 Bad Request";
/// By this, libraries know a metadata server.
const FLAVOR: &str = "Metadata-Flavor: Google\r\n";

/// Answers a request that may be answered.
pub(super) fn answer(ask: Ask<'_>, source: &impl TokenSource) -> Response {
    match ask {
        Ask::OAuthToken => match source.token() {
            Ok(token) => token_json(&token, source.scopes()),
            Err(error) => no_token(&error),
        },
        Ask::Introspection { cached_as } => {
            Response::json("200 OK", bytes(&json!({"active": true, "username": cached_as})))
        }
        about => metadata(about, source).with_fields(FLAVOR),
    }
}

/// A refusal in the words of RFC 6749 section 5.2: Google's libraries show the description to the user.
pub(super) fn refuse(why: &str) -> Response {
    oauth_error("invalid_grant", why)
}

fn no_token(error: &Error) -> Response {
    // libraries try again after the second one
    let code = if error.kind() == Kind::Network { "temporarily_unavailable" } else { "invalid_grant" };
    oauth_error(code, &error.in_one_line())
}

fn oauth_error(code: &str, why: &str) -> Response {
    let body = json!({"error": code, "error_description": format!("bqcred: {why}")});
    Response::json(BAD_REQUEST, bytes(&body))
}

fn metadata(ask: Ask<'_>, source: &impl TokenSource) -> Response {
    let is_known = |name: &str| name == "default" || name == source.account();
    match ask {
        Ask::Ping => Response::text("200 OK", "computeMetadata/\n"),
        Ask::Accounts { recursive: true } => Response::json(
            "200 OK",
            bytes(&json!({"default": about(source), source.account(): about(source)})),
        ),
        Ask::Accounts { recursive: false } => {
            Response::text("200 OK", &format!("default/\n{}/\n", source.account()))
        }
        Ask::Account { name, what } if is_known(name) => match what {
            About::Token => match source.token() {
                Ok(token) => token_json(&token, source.scopes()),
                Err(error) => no_token(&error),
            },
            About::Email => Response::text("200 OK", source.account()),
            About::Scopes => Response::text("200 OK", &source.scopes().join("\n")),
            About::All => Response::json("200 OK", bytes(&about(source))),
        },
        Ask::Account { .. } | Ask::OAuthToken | Ask::Introspection { .. } => {
            Response::text("404 Not Found", "bqcred: there is one account here, default\n")
        }
    }
}

fn about(source: &impl TokenSource) -> serde_json::Value {
    json!({"aliases": ["default"], "email": source.account(), "scopes": source.scopes()})
}

fn token_json(token: &AccessToken, scopes: &[String]) -> Response {
    let body = json!({
        "access_token": token.token.expose(),
        "expires_in": token.expires.since(Time::now()),
        "scope": scopes.join(" "),
        "token_type": "Bearer",
    });
    Response::json("200 OK", bytes(&body))
}

fn bytes(value: &serde_json::Value) -> SecretBytes {
    SecretBytes::new(value.to_string().into_bytes())
}
