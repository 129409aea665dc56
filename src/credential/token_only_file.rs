//! The token-only ADC file: an access token, and words where others have a client and a refresh token.
//!
//! google-auth takes an `authorized_user` file with `token` and `expiry` as a credential that needs no refresh until
//! then (`google/oauth2/credentials.py`, `from_authorized_user_info`). When it refreshes, Google refuses the words
//! (`invalid_client`), so that a file that is not renewed makes programs fail, and nobody act as another account.
//! Other languages' libraries ignore the token and refresh at once.

use serde::{Deserialize, Serialize};

use crate::output::secret::{Secret, SecretBytes};
use crate::system::clock::Time;

/// In place of the client and of the refresh token.
const WORDS: &str = "bqcred-hands-over-access-tokens-only";

/// In seconds: google-auth doesn't use a token that is valid for less (`google/auth/_helpers.py`,
/// `REFRESH_THRESHOLD`).
pub(crate) const PYTHON_MARGIN: u64 = 225;

/// What such a file holds.
pub(crate) struct TokenOnlyFile<'f> {
    /// Whose token it is, if that is known: for the libraries' messages.
    pub(crate) account: Option<&'f str>,
    /// The access token.
    pub(crate) token: &'f Secret,
    /// When it expires.
    pub(crate) expires: Time,
    /// The project that requests count against, if it is another one.
    pub(crate) quota_project: Option<&'f str>,
}

/// The file as libraries read it.
#[derive(Serialize)]
struct Json<'f> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'f str>,
    client_id: &'static str,
    client_secret: &'static str,
    refresh_token: &'static str,
    token: &'f str,
    expiry: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota_project_id: Option<&'f str>,
}

impl TokenOnlyFile<'_> {
    /// As a file.
    pub(crate) fn to_json(&self) -> SecretBytes {
        let json = Json {
            kind: "authorized_user",
            account: self.account,
            client_id: WORDS,
            client_secret: "none",
            refresh_token: WORDS,
            token: self.token.expose(),
            expiry: self.expires,
            quota_project_id: self.quota_project,
        };
        // texts and a time always become JSON
        let mut bytes = SecretBytes::new(Vec::with_capacity(4096)); // grown, it would leave a copy
        let _ = serde_json::to_writer_pretty(&mut *bytes, &json);
        bytes.push(b'\n');
        bytes
    }
}

/// What is known of such a file that was found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct FoundTokenOnly {
    client_id: String,
    /// Whose token it is, if the file says so.
    pub(crate) account: Option<String>,
    /// When the token expires.
    pub(crate) expiry: Time,
}

/// Whether a file with this client is such a file.
pub(crate) fn is_client(client_id: &str) -> bool {
    client_id == WORDS
}

impl FoundTokenOnly {
    /// Reads the content of a file; `None` if it is of another kind.
    pub(crate) fn read(bytes: &[u8]) -> Option<FoundTokenOnly> {
        serde_json::from_slice(bytes).ok().filter(|found: &FoundTokenOnly| is_client(&found.client_id))
    }

    /// Whose token it is, unless that is this account or nobody known.
    pub(crate) fn of_another_than(&self, account: Option<&str>) -> Option<&str> {
        let own = self.account.as_deref()?;
        (!account.is_some_and(|account| account.eq_ignore_ascii_case(own))).then_some(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_token_and_words_for_the_rest() {
        let expires = serde_json::from_str("\"2026-09-21T14:13:20Z\"").unwrap();
        let token = Secret::new("ya29.t");
        let of = |account, quota_project| {
            TokenOnlyFile { account, token: &token, expires, quota_project }.to_json()
        };
        let value: serde_json::Value = serde_json::from_slice(&of(Some("ada@example.com"), None)).unwrap();
        let words = "bqcred-hands-over-access-tokens-only";
        assert_eq!(
            value,
            serde_json::json!({
                "type": "authorized_user", "account": "ada@example.com", "client_id": words, "client_secret": "none",
                "refresh_token": words, "token": "ya29.t", "expiry": "2026-09-21T14:13:20Z",
            })
        );
        let value: serde_json::Value = serde_json::from_slice(&of(None, Some("p2"))).unwrap();
        assert_eq!((&value["quota_project_id"], value.get("account")), (&"p2".into(), None));
        let found = FoundTokenOnly::read(&of(Some("ada@example.com"), None)).unwrap();
        assert_eq!((found.account.as_deref(), found.expiry), (Some("ada@example.com"), expires));
        assert_eq!(found.of_another_than(Some("Ada@example.com")), None);
        assert_eq!(found.of_another_than(Some("bob@example.com")), Some("ada@example.com"));
        assert_eq!(found.of_another_than(None), Some("ada@example.com"));
        let unnamed = FoundTokenOnly::read(&of(None, None)).unwrap();
        assert_eq!(unnamed.of_another_than(Some("bob@example.com")), None);
    }

    #[test]
    fn other_files_are_not_taken_for_one() {
        for other in
            ["", "{}", r#"{"type":"authorized_user","client_id":"x","expiry":"2026-09-21T14:13:20Z"}"#]
        {
            assert_eq!(FoundTokenOnly::read(other.as_bytes()), None);
        }
    }
}
