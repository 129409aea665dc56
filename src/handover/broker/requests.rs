//! What a library asks the broker for. Two dialects: an OAuth token endpoint (RFC 6749 section 6), and as much of a
//! VM's metadata server as gargle asks
//! (<https://cloud.google.com/compute/docs/access/authenticate-workloads#applications>).

use url::form_urlencoded;

use super::answers;
use super::{Refused, Secrets};
use crate::oauth::http_server::{Request, Response};
use crate::output::secret::Secret;
use crate::system::hash;

/// The path of the token endpoint.
pub(super) const TOKEN_PATH: &str = "/token";
/// Below the secret path: where gcloud asks under which name to cache tokens (RFC 7662).
const INTROSPECTION: &str = "introspect";
const ACCOUNTS: &str = "computeMetadata/v1/instance/service-accounts";

/// The path where a token can be asked about, which begins with a secret.
pub(super) fn introspection_path(secrets: &Secrets) -> Secret {
    Secret::new(format!("/{}/{INTROSPECTION}", secrets.path.expose()))
}

/// A request with the right secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ask<'r> {
    /// A token, by the OAuth endpoint.
    OAuthToken,
    /// About a token, which gcloud caches under this name.
    Introspection {
        /// Another one for each broker: what one program may is not what the next one may, or gcloud itself.
        cached_as: String,
    },
    /// Whether there is a metadata server here.
    Ping,
    /// Which accounts there are; as JSON with all about them, or their names.
    Accounts {
        /// `recursive=true`
        recursive: bool,
    },
    /// Something about an account.
    Account {
        /// Its address, or `default`.
        name: &'r str,
        /// Which.
        what: About,
    },
}

/// What is asked about an account.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum About {
    /// A token.
    Token,
    /// Its address.
    Email,
    /// The scopes of its tokens.
    Scopes,
    /// All of these but the token, as JSON.
    All,
}

/// Reads a request. An error is why it gets no token, and what is sent back.
pub(super) fn read<'r>(request: &Request<'r>, secrets: &Secrets) -> Result<Ask<'r>, (Refused, Response)> {
    if request.path == TOKEN_PATH {
        return oauth(request, secrets);
    }
    let (secret, path) = request.path.trim_start_matches('/').split_once('/').unwrap_or_default();
    if !Secret::new(secret).is(&secrets.path) {
        return Err((Refused::Secret, Response::text("404 Not Found", "bqcred: there is nothing here\n")));
    }
    if path == INTROSPECTION && request.method == "POST" {
        let id = hash::fingerprint(secrets.handle.expose().as_bytes());
        return Ok(Ask::Introspection { cached_as: format!("bqcred-{id}") });
    }
    // every program on a VM sends it, and no web page can (the same page of Google's documentation)
    if request.method != "GET" || request.header("metadata-flavor") != Some(b"Google") {
        return Err((Refused::Request, Response::text("403 Forbidden", "Metadata-Flavor is missing\n")));
    }
    metadata(path, request.query).ok_or_else(|| {
        (Refused::Request, Response::text("404 Not Found", "bqcred: a token, and nothing else of a VM\n"))
    })
}

fn oauth<'r>(request: &Request<'_>, secrets: &Secrets) -> Result<Ask<'r>, (Refused, Response)> {
    if request.method != "POST" {
        return Err((Refused::Request, Response::text("405 Method Not Allowed", "bqcred: POST only\n")));
    }
    let mut handle = None;
    let mut refreshes = false;
    for (name, value) in form_urlencoded::parse(request.body) {
        match &*name {
            "refresh_token" => handle = Some(Secret::new(value)),
            "grant_type" => refreshes = value == "refresh_token",
            // a narrower scope may be asked for; what the program was started with is what it gets
            _ => {}
        }
    }
    if !handle.is_some_and(|handle| handle.is(&secrets.handle)) {
        let why = "this credential belongs to a program that bqcred started, and it has ended";
        return Err((Refused::Secret, answers::refuse(why)));
    }
    match refreshes {
        true => Ok(Ask::OAuthToken),
        false => {
            Err((Refused::Request, answers::refuse("a refresh is the one request that is answered here")))
        }
    }
}

fn metadata<'r>(path: &'r str, query: &str) -> Option<Ask<'r>> {
    if path.is_empty() {
        return Some(Ask::Ping);
    }
    let recursive = form_urlencoded::parse(query.as_bytes())
        .any(|(name, value)| name == "recursive" && value.eq_ignore_ascii_case("true"));
    let below = path.strip_prefix(ACCOUNTS)?.trim_start_matches('/');
    if below.is_empty() {
        return Some(Ask::Accounts { recursive });
    }
    let (name, what) = below.split_once('/').unwrap_or((below, ""));
    let what = match what {
        "token" => About::Token,
        "email" => About::Email,
        "scopes" => About::Scopes,
        "" if recursive => About::All,
        _ => return None,
    };
    Some(Ask::Account { name, what })
}
