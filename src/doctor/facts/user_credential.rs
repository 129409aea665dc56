//! A user account's credential as a file holds it: what each library would take from it.

use crate::credential::token_only_file;
use crate::doctor::facts::json::{Json, Members};
use crate::output::secret::Secret;
use crate::system::clock::Time;
use crate::system::hash;

/// The universe that user credentials can be refreshed in.
const UNIVERSE: &str = "googleapis.com";

/// The addresses of Google's token endpoint, as caches spell it.
const GOOGLE: [&str; 3] = [
    "https://oauth2.googleapis.com/token",
    "https://accounts.google.com/o/oauth2/token",
    "https://www.googleapis.com/oauth2/v3/token",
];

/// The keys that a refresh sends.
const SENT: [&str; 3] = ["refresh_token", "client_id", "client_secret"];

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
    /// What google-auth makes of `expiry`.
    pub(crate) expiry: Expiry,
    /// Whether it holds an access token and nothing to renew it with ([`token_only_file`]), and until when.
    pub(crate) exported: Option<ExportedToken>,
    /// Whether a value that is sent is no UTF-8 text, on which Python fails.
    pub(crate) is_unencodable: bool,
}

/// A file that `bqcred export --token-only` wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExportedToken {
    /// When its token expires, if it says so.
    pub(crate) until: Option<Time>,
}

/// When the access token in a file expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// It has expired, or the file does not say.
    Past,
    /// It is good for a while.
    Future,
    /// google-auth can't read the time.
    Unreadable,
    /// It is not even a text, and google-auth crashes on it.
    NotText,
}

impl UserCredential {
    /// From a file's content. `typed`: the file has the `type`.
    pub(crate) fn of(members: &Members, typed: bool) -> UserCredential {
        let expiry = Expiry::of(members.get("expiry"));
        let client_id = members.text("client_id");
        let is_exported = client_id.as_deref().is_some_and(token_only_file::is_client);
        let until = || members.get("expiry").and_then(Json::text).and_then(time);
        UserCredential {
            account: members.text("account"),
            client_id,
            client_secret: members.secret("client_secret"),
            refresh_token: members.secret("refresh_token").filter(|token| !token.expose().is_empty()),
            typed,
            absent: SENT.into_iter().filter(|key| !members.has(key)).collect(),
            google_universe: is_google_universe(members),
            scopes: members.get("scopes").and_then(scopes),
            token: members.secret("token").filter(|_| expiry == Expiry::Future),
            endless_token: members.secret("access_token"),
            token_uri: members.text("token_uri"),
            expiry,
            exported: is_exported.then(|| ExportedToken { until: until() }),
            is_unencodable: SENT.into_iter().any(|key| members.is_unencodable(key)),
        }
    }

    /// Distinguishes refresh tokens; see [`crate::credential::adc::AuthorizedUser::fingerprint`].
    pub(crate) fn fingerprint(&self) -> Option<String> {
        let token = self.refresh_token.as_ref()?;
        Some(fingerprint(token.expose()))
    }

    /// Whether it names Google's token endpoint, or none.
    pub(crate) fn is_of_google(&self) -> bool {
        self.token_uri.as_deref().is_none_or(|uri| GOOGLE.contains(&uri))
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

impl Expiry {
    pub(super) fn of(value: Option<&Json>) -> Expiry {
        let Some(value) = value.filter(|value| !value.is_falsy()) else { return Expiry::Past };
        let Some(text) = value.text() else { return Expiry::NotText };
        match time(text) {
            Some(end) if end.since(Time::now()) > token_only_file::PYTHON_MARGIN => Expiry::Future,
            Some(_) => Expiry::Past,
            None => Expiry::Unreadable,
        }
    }
}

/// `2030-01-01T00:00:00Z`, the only form that google-auth reads; a fraction of a second is cut off.
fn time(text: &str) -> Option<Time> {
    let seconds = text.trim_end_matches('Z').split('.').next()?;
    seconds.contains('T').then(|| humantime::parse_rfc3339(&format!("{seconds}Z")).ok().map(Time::of))?
}

/// Whether a file names no universe, or the one where credentials can be refreshed. Python takes every false value for
/// none.
pub(crate) fn is_google_universe(members: &Members) -> bool {
    let named = members.get("universe_domain").filter(|value| !value.is_falsy());
    named.is_none_or(|universe| universe.text() == Some(UNIVERSE))
}

/// A list, or a text with blanks.
fn scopes(value: &Json) -> Option<Vec<String>> {
    let scopes: Vec<String> = match value {
        Json::Array(list) => list.iter().filter_map(Json::text).map(str::to_owned).collect(),
        Json::Text { text, .. } => text.expose().split_ascii_whitespace().map(str::to_owned).collect(),
        _ => return None,
    };
    Some(scopes).filter(|scopes| !scopes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::facts::json::{self, JsonParser};

    fn user(text: &str) -> UserCredential {
        let json = json::parse(text.as_bytes(), JsonParser::Python).unwrap();
        UserCredential::of(json.members().unwrap(), true)
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
        assert!(!has_token("2001-01-01T00:00:00Z") && !has_token("") && !has_token("2099-01-01"));
        assert_eq!(user(r#"{"expiry":"tomorrow"}"#).expiry, Expiry::Unreadable);
        assert_eq!(user(r#"{"expiry":5}"#).expiry, Expiry::NotText);
        assert_eq!(user(r#"{"expiry":null}"#).expiry, Expiry::Past);
    }

    #[test]
    fn the_fingerprint_is_that_of_the_stored_credential() {
        let json = r#"{"type":"authorized_user","client_id":"i","client_secret":"s","refresh_token":"r"}"#;
        let stored = crate::credential::adc::AuthorizedUser::parse(json.as_bytes()).unwrap();
        assert_eq!(user(json).fingerprint(), Some(stored.fingerprint()));
    }
}
