//! The token endpoint's answer: tokens, or why there are none.

use oauth2::basic::BasicTokenType;
use oauth2::{RequestTokenError, StandardTokenResponse, TokenResponse as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error_response::{ErrorResponse, check_status, starts_with, unreadable};
use super::failure::Failure;
use super::http::HttpAnswer;
use super::identity::{self, Identity};
use super::transport::Transport;
use crate::output::secret::Secret;
use crate::system::clock::Time;

/// In seconds. RFC 6749 leaves it to the server to say; Google always does, and always says an hour.
const DEFAULT_LIFETIME: u64 = 3_600;

/// Tokens that the server has just issued.
#[derive(Debug)]
pub(crate) struct Fresh {
    /// For requests to Google's services.
    pub(crate) access_token: Secret,
    /// When it expires, by this machine's clock.
    pub(crate) expires: Time,
    /// A new refresh token: always after a sign-in, and where a server rotates them.
    pub(crate) refresh_token: Option<Secret>,
    /// When the refresh token expires, where the server says so.
    pub(crate) refresh_token_expires: Option<Time>,
    /// The scopes that were granted, where the server says so.
    pub(crate) scopes: Option<Vec<String>>,
    /// Which account they belong to, where the server says so.
    pub(crate) identity: Option<Identity>,
    /// How far the server's clock is ahead of this machine's, in seconds; negative if behind.
    pub(crate) clock_offset: Option<i64>,
}

/// Fields beyond those of RFC 6749.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ExtraFields {
    id_token: Option<String>,
    refresh_token_expires_in: Option<u64>,
}

impl oauth2::ExtraTokenFields for ExtraFields {}

/// What the `oauth2` crate makes of an answer with tokens.
pub(super) type TokenResponse = StandardTokenResponse<ExtraFields, BasicTokenType>;

/// What the `oauth2` crate makes of an answer.
pub(super) type TokenResult = Result<TokenResponse, RequestTokenError<Transport, ErrorResponse>>;

/// Our result for it. `before` is when the request was sent, `date` the server's clock.
pub(super) fn issued(result: TokenResult, before: Time, date: Option<Time>) -> Result<Fresh, Failure> {
    match result {
        Ok(tokens) => Fresh::of(&tokens, before, date).ok_or(Failure::Unreachable(Transport::Malformed)),
        Err(RequestTokenError::ServerResponse(response)) => Err(response.into_failure(400)),
        Err(RequestTokenError::Request(transport)) => Err(Failure::Unreachable(transport)),
        Err(RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => {
            Err(Failure::Unreachable(Transport::Malformed))
        }
    }
}

/// Passes on to the `oauth2` crate only what it can judge; pages of proxies and failing servers are recognised here.
pub(super) fn for_oauth2(answer: &HttpAnswer) -> Result<oauth2::HttpResponse, Transport> {
    let status = answer.status;
    check_status(answer)?;
    if status != 200 {
        let error = ErrorResponse::read(answer).ok_or_else(|| unreadable(answer))?;
        error.transient(status).map_or(Ok(()), Err)?;
    }
    if status == 200 && !starts_with(&answer.body, b'{') {
        return Err(Transport::NotTheServer(status));
    }
    let body = match status {
        200 => with_whole_seconds(&answer.body)?.unwrap_or_else(|| answer.body.to_vec()),
        _ => answer.body.to_vec(),
    };
    let mut response = oauth2::HttpResponse::new(body);
    *response.status_mut() = oauth2::http::StatusCode::from_u16(status).unwrap_or_default();
    Ok(response)
}

/// Some servers send seconds as text or with a fraction, which google-auth takes as well
/// (`google/oauth2/_client.py`, `_parse_expiry`), and the `oauth2` crate doesn't. The body with whole numbers
/// instead; `None` if it has them already, or is for the crate to judge.
fn with_whole_seconds(body: &[u8]) -> Result<Option<Vec<u8>>, Transport> {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(body) else { return Ok(None) };
    let mut is_changed = false;
    let is_odd = |value: &&mut Value| !value.is_u64() && !value.is_null();
    if let Some(value) = fields.get_mut("expires_in").filter(is_odd) {
        *value = whole_seconds(value).ok_or(Transport::NoLifetime)?.into();
        is_changed = true;
    }
    // nothing depends on this one: what can't be read is not known
    if let Some(value) = fields.get_mut("refresh_token_expires_in").filter(is_odd) {
        *value = whole_seconds(value).into();
        is_changed = true;
    }
    Ok(if is_changed { serde_json::to_vec(&fields).ok() } else { None })
}

/// A number of seconds in whatever form; a negative one is none left.
fn whole_seconds(value: &Value) -> Option<u64> {
    let seconds = match value {
        Value::String(text) => text.trim().parse().ok()?,
        other => other.as_f64()?,
    };
    // the cast ends at 0 and at the greatest number
    seconds.is_finite().then_some(seconds as u64)
}

impl Fresh {
    /// `None` if they can't be: tokens go into files and headers and onto stdout, and scopes are shown.
    fn of(tokens: &TokenResponse, before: Time, date: Option<Time>) -> Option<Fresh> {
        let extra = tokens.extra_fields();
        let lifetime = tokens.expires_in().map_or(DEFAULT_LIFETIME, |span| span.as_secs());
        let access_token = token(tokens.access_token().secret())?;
        let refresh_token = match tokens.refresh_token() {
            Some(fresh) => Some(token(fresh.secret())?),
            None => None,
        };
        let scopes: Vec<String> = tokens
            .scopes()
            .into_iter()
            .flatten()
            .map(|scope| scope.to_string())
            .filter(|scope| !scope.is_empty())
            .collect();
        scopes.iter().all(|scope| is_plain(scope)).then_some(Fresh {
            access_token,
            expires: before.plus(lifetime),
            refresh_token,
            refresh_token_expires: extra.refresh_token_expires_in.map(|seconds| before.plus(seconds)),
            scopes: Some(scopes).filter(|scopes| !scopes.is_empty()),
            identity: extra.id_token.as_deref().and_then(identity::from_id_token),
            clock_offset: date.map(|date| offset(before, date)),
        })
    }
}

/// A token as RFC 6749 appendix A.12 has it.
fn token(text: &str) -> Option<Secret> {
    is_plain(text).then(|| Secret::new(text))
}

/// Printable ASCII, and not empty.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// How far `theirs` is ahead of `ours`, in seconds.
fn offset(ours: Time, theirs: Time) -> i64 {
    let ahead = i64::try_from(theirs.since(ours)).unwrap_or(i64::MAX);
    ahead.saturating_sub(i64::try_from(ours.since(theirs)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::oauth::google::refreshed_by;
    use crate::oauth::reason::Reason;

    #[test]
    fn the_status_decides_before_the_body_is_read() {
        let tokens: &[u8] = br#" {"access_token":"a","token_type":"Bearer","scope":"openid email"}"#;
        let fresh = |status, body: &[u8]| refreshed_by(status, body, Time::now());
        assert_eq!(fresh(200, tokens).unwrap().scopes.unwrap(), ["openid", "email"]);
        for (status, body, transport) in [
            (407, tokens, Transport::ProxyAuthentication),
            (429, tokens, Transport::Busy(429)),
            (500, tokens, Transport::Busy(500)),
            (503, br#"{"error":"invalid_grant"}"#, Transport::Busy(503)),
            (400, br#"{"error":"slow_down"}"#, Transport::Busy(429)),
            (200, b"<html>", Transport::NotTheServer(200)),
            (200, b"{}", Transport::Malformed),
        ] {
            assert_eq!(fresh(status, body).unwrap_err(), Failure::Unreachable(transport), "{status}");
        }
        let refused = fresh(400, br#"{"error":"invalid_grant"}"#).unwrap_err();
        assert_eq!(refused, Failure::Refused(Reason::GrantEnded));
    }

    #[test]
    fn a_lifetime_may_be_text_or_a_fraction_but_has_to_be_a_number() {
        let now = Time::now();
        let left = |expires_in: &str| {
            let body = format!(r#"{{"access_token":"a","token_type":"Bearer","expires_in":{expires_in}}}"#);
            refreshed_by(200, body.as_bytes(), now).map(|fresh| fresh.expires.since(now))
        };
        for (expires_in, seconds) in [
            ("3599", 3599),
            ("\"3599\"", 3599),
            ("3599.9", 3599),
            ("\" 60.5 \"", 60),
            ("null", DEFAULT_LIFETIME),
            ("0", 0),
            ("-5", 0),
            ("\"-1\"", 0),
        ] {
            assert_eq!(left(expires_in).unwrap(), seconds, "{expires_in}");
        }
        for garbage in ["\"soon\"", "\"\"", "true", "[1]", "{}", "\"inf\"", "\"NaN\""] {
            let failure = left(garbage).unwrap_err();
            assert_eq!(failure, Failure::Unreachable(Transport::NoLifetime), "{garbage}");
        }
    }

    #[test]
    fn an_unreadable_lifetime_of_the_refresh_token_is_unknown() {
        let now = Time::now();
        let end = |written: &str| {
            let body = format!(
                r#"{{"access_token":"a","token_type":"Bearer","refresh_token_expires_in":{written}}}"#
            );
            refreshed_by(200, body.as_bytes(), now).unwrap().refresh_token_expires.map(|end| end.since(now))
        };
        assert_eq!((end("\"604799\""), end("60"), end("\"soon\"")), (Some(604_799), Some(60), None));
    }

    #[test]
    fn tokens_and_scopes_are_printable_ascii() {
        let fresh = |access: &str, refresh: &str, scope: &str| {
            let body = serde_json::json!({
                "access_token": access, "refresh_token": refresh, "scope": scope, "token_type": "Bearer",
            });
            refreshed_by(200, body.to_string().as_bytes(), Time::now())
        };
        assert!(fresh("a b~", "r", "openid").is_ok());
        for (access, refresh, scope) in [
            ("", "r", "s"),
            ("a\n", "r", "s"),
            ("a", "", "s"),
            ("a", "r\u{7f}", "s"),
            ("a", "é", "s"),
            ("a", "r", "\u{1b}"),
        ] {
            let failure = fresh(access, refresh, scope).unwrap_err();
            assert_eq!(
                failure,
                Failure::Unreachable(Transport::Malformed),
                "{access:?} {refresh:?} {scope:?}"
            );
        }
    }

    #[test]
    fn the_clock_offset_is_negative_if_the_server_is_behind() {
        let now = Time::now();
        assert_eq!((offset(now, now.plus(90)), offset(now.plus(90), now), offset(now, now)), (90, -90, 0));
    }

    #[test]
    fn unreadable_json_is_malformed_and_a_page_is_not_the_server() {
        let result = |status, text: &str| {
            let body = crate::output::secret::SecretBytes::new(text.into());
            for_oauth2(&HttpAnswer { status, date: None, flavor: None, body }).unwrap_err()
        };
        let json = r#" {"error": {"code": 403, "status": "PERMISSION_DENIED"}}"#;
        assert_eq!(result(403, json), Transport::Malformed);
        assert_eq!(result(403, "<html>"), Transport::NotTheServer(403));
        assert_eq!(result(404, ""), Transport::NotTheServer(404));
    }
}
