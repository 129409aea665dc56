//! A user account's credential as a file holds it: what each library would take from it.

use crate::system::hash;
use serde_json::{Map, Value};

use crate::doctor::facts::credential_file::text;
use crate::output::secret::Secret;
use crate::system::clock::Time;

/// The universe that user credentials can be refreshed in.
const UNIVERSE: &str = "googleapis.com";

/// google-auth refreshes tokens that have less than this left, in seconds
/// (`google.auth._helpers.REFRESH_THRESHOLD`).
const REFRESH_THRESHOLD: u64 = 225;

/// `type: authorized_user`, or a cache that has no type but the same keys.
#[derive(Debug)]
pub(crate) struct UserCredential {
    /// The address, where the file names one.
    pub(crate) account: Option<String>,
    /// The OAuth client's id.
    pub(crate) client_id: Option<String>,
    /// The OAuth client's secret.
    pub(crate) client_secret: Option<Secret>,
    /// The refresh token.
    pub(crate) refresh_token: Option<Secret>,
    /// Whether the file says that it is an `authorized_user`.
    pub(crate) typed: bool,
    /// The keys that a user credential needs and that are not in the file at all.
    pub(crate) absent: Vec<&'static str>,
    /// Whether its universe is the one where it can be refreshed.
    pub(crate) google_universe: bool,
    /// Scopes that google-auth would ask for with each refresh.
    pub(crate) scopes: Option<Vec<String>>,
    /// An access token that has not expired, so that google-auth refreshes nothing.
    pub(crate) token: Option<Secret>,
    /// An access token as old caches keep it, without its expiry, so that it is used for ever.
    pub(crate) endless_token: Option<Secret>,
    /// Where the file says that tokens come from; pydata-google-auth believes that, the others ask Google.
    pub(crate) token_uri: Option<String>,
}

impl UserCredential {
    /// From a file's content. `typed`: the file has the `type`.
    pub(crate) fn of(object: &Map<String, Value>, typed: bool) -> UserCredential {
        let secret = |key: &str| object.get(key).and_then(Value::as_str).map(Secret::new);
        let expiry = object.get("expiry").and_then(Value::as_str).and_then(expiry);
        let is_current = expiry.is_some_and(|end| end.since(Time::now()) > REFRESH_THRESHOLD);
        UserCredential {
            account: text(object, "account"),
            client_id: text(object, "client_id"),
            client_secret: secret("client_secret"),
            refresh_token: secret("refresh_token").filter(|token| !token.expose().is_empty()),
            typed,
            absent: ["refresh_token", "client_id", "client_secret"]
                .into_iter()
                .filter(|key| !object.contains_key(*key))
                .collect(),
            google_universe: text(object, "universe_domain").is_none_or(|universe| universe == UNIVERSE),
            scopes: object.get("scopes").and_then(scopes),
            token: secret("token").filter(|_| is_current),
            endless_token: secret("access_token"),
            token_uri: text(object, "token_uri"),
        }
    }

    /// Distinguishes refresh tokens; see [`crate::credential::adc::AuthorizedUser::fingerprint`].
    pub(crate) fn fingerprint(&self) -> Option<String> {
        let token = self.refresh_token.as_ref()?;
        Some(fingerprint(token.expose()))
    }

    /// Whether it has everything that a refresh takes.
    pub(crate) fn is_complete(&self) -> bool {
        self.client_id.is_some() && self.client_secret.is_some() && self.refresh_token.is_some()
    }
}

/// As [`crate::credential::adc::AuthorizedUser::fingerprint`] makes it.
fn fingerprint(secret: &str) -> String {
    hash::fingerprint(secret.as_bytes())
}

/// `2030-01-01T00:00:00Z`, the only form that google-auth reads.
fn expiry(text: &str) -> Option<Time> {
    let seconds = text.trim_end_matches('Z').split('.').next()?;
    humantime::parse_rfc3339_weak(&format!("{seconds}Z")).ok().map(Time::of)
}

/// A list, or a text with blanks.
fn scopes(value: &Value) -> Option<Vec<String>> {
    let scopes: Vec<String> = match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(text) => text.split_ascii_whitespace().map(str::to_owned).collect(),
        _ => return None,
    };
    Some(scopes).filter(|scopes| !scopes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(json: &str) -> UserCredential {
        let object: Map<String, Value> = serde_json::from_str(json).unwrap();
        UserCredential::of(&object, true)
    }

    #[test]
    fn missing_keys_and_empty_values_are_distinguished() {
        let file = user(r#"{"client_id":"","client_secret":null}"#);
        assert_eq!(file.absent, ["refresh_token"]);
        assert!(!file.is_complete() && file.google_universe);
        let file = user(r#"{"refresh_token":"r","client_id":"i","client_secret":"s"}"#);
        assert!(file.is_complete() && file.absent.is_empty());
    }

    #[test]
    fn universe_and_scopes_are_read() {
        let file = user(r#"{"universe_domain":"u.example","scopes":"a b"}"#);
        assert!(!file.google_universe);
        assert_eq!(file.scopes.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
        assert_eq!(user(r#"{"scopes":["a"]}"#).scopes.as_deref(), Some(&["a".to_owned()][..]));
    }

    #[test]
    fn an_access_token_counts_until_it_expires() {
        let has_token =
            |expiry: &str| user(&format!(r#"{{"token":"t","expiry":"{expiry}"}}"#)).token.is_some();
        assert!(has_token("2099-01-01T00:00:00.000000Z") && has_token("2099-01-01T00:00:00Z"));
        assert!(!has_token("2001-01-01T00:00:00Z") && !has_token(""));
    }

    #[test]
    fn the_fingerprint_is_that_of_the_stored_credential() {
        let json = r#"{"type":"authorized_user","client_id":"i","client_secret":"s","refresh_token":"r"}"#;
        let stored = crate::credential::adc::AuthorizedUser::parse(json.as_bytes()).unwrap();
        assert_eq!(user(json).fingerprint(), Some(stored.fingerprint()));
    }
}
