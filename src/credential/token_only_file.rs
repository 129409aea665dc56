//! The token-only ADC file: an access token, and words where others have a client and a refresh token.
//!
//! google-auth takes an `authorized_user` file with `token` and `expiry` as a credential that needs no refresh until
//! then (`google/oauth2/credentials.py`, `from_authorized_user_info`). When it refreshes, Google refuses the words
//! (`invalid_client`), so that a file that is not renewed makes programs fail, and nobody act as another account.
//! Other languages' libraries ignore the token and refresh at once.

use serde::{Deserialize, Serialize};

use crate::credential::adc::STUB;
use crate::credential::profile::{Person, Profile};
use crate::oauth::{ServiceAccount, scopes};
use crate::output::secret::{Secret, SecretBytes};
use crate::system::clock::Time;

/// In place of the client and of the refresh token.
const WORDS: &str = "bqcred-hands-over-access-tokens-only";

/// In seconds: google-auth doesn't use a token that is valid for less (`google/auth/_helpers.py`,
/// `REFRESH_THRESHOLD`).
pub(crate) const PYTHON_MARGIN: u64 = 225;

/// What a token is still good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeLeft {
    /// Programs use it.
    Enough,
    /// It is valid, and Python doesn't use it.
    TooLittle,
    /// It has expired.
    None,
}

impl TimeLeft {
    /// At `now`, of a token that expires at `expiry`.
    pub(crate) fn of(expiry: Time, now: Time) -> TimeLeft {
        match expiry.since(now) {
            0 => TimeLeft::None,
            1..=PYTHON_MARGIN => TimeLeft::TooLittle,
            _ => TimeLeft::Enough,
        }
    }
}

/// Which tokens a file is for: what renews it compares that, so that nobody becomes another account by it, or gets
/// more, unasked. It stands in the file, and in the one that is left when there are no more tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssuedFor {
    /// The profile.
    pub(crate) profile: String,
    /// The account that is signed in, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// Where it is unknown: which credential they come from (its fingerprint).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) credential: Option<String>,
    /// The service account whose tokens they are, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acting_as: Option<ServiceAccount>,
    /// Whether the profile itself acts as that service account, without `--as`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_profiles_own: bool,
    /// What `--scopes` says, in full; empty without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
}

impl IssuedFor {
    /// What a file that bqcred renewed says; `None` if it says nothing, or is another one.
    pub(crate) fn read(bytes: &[u8]) -> Option<IssuedFor> {
        #[derive(Deserialize)]
        struct Found {
            #[serde(rename = "type")]
            kind: String,
            #[serde(default)]
            client_id: String,
            bqcred: IssuedFor,
        }
        let found: Found = serde_json::from_slice(bytes).ok()?;
        (is_client(&found.client_id) || found.kind.starts_with(STUB)).then_some(found.bqcred)
    }

    /// Whether those who read a file for this get nothing else by tokens for `new`, and no more. `profile`: what those
    /// come from. A file that names neither an account nor a credential is nobody's.
    pub(crate) fn covers(&self, new: &IssuedFor, profile: &Profile) -> bool {
        let is_within = self.scopes.is_empty()
            || (!new.scopes.is_empty() && new.scopes.iter().all(|scope| self.scopes.contains(scope)));
        self.profile == new.profile
            && self.person().is_of(profile)
            && self.acting_as == new.acting_as
            && is_within
    }

    /// Who had signed in, as far as it is known.
    fn person(&self) -> Person {
        Person {
            sub: None,
            account: self.account.clone(),
            fingerprint: self.credential.clone(),
            signed_in: None,
        }
    }

    /// Whose tokens they are, if that is known.
    pub(crate) fn owner(&self) -> Option<&str> {
        self.acting_as.as_ref().map(ServiceAccount::as_str).or(self.account.as_deref())
    }

    /// For people, and as far as it takes to tell it from `other`: "ada@example.com, narrowed to bigquery".
    pub(crate) fn describe_besides(&self, other: &IssuedFor) -> String {
        let mut text = self.owner().unwrap_or("an unknown account").to_owned();
        if self.owner() == other.owner() && self.profile != other.profile {
            text += &format!(" by profile {}", self.profile);
        }
        if !self.scopes.is_empty() {
            text += &format!(", narrowed to {}", scopes::short_list(&self.scopes));
        }
        text
    }
}

/// What such a file holds.
pub(crate) struct TokenOnlyFile<'f> {
    /// Which tokens it is for.
    pub(crate) issued_for: &'f IssuedFor,
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
    /// For bqcred itself: google-auth ignores keys that it doesn't know.
    bqcred: &'f IssuedFor,
}

impl TokenOnlyFile<'_> {
    /// As a file.
    pub(crate) fn to_json(&self) -> SecretBytes {
        let json = Json {
            kind: "authorized_user",
            account: self.issued_for.owner(),
            client_id: WORDS,
            client_secret: "none",
            refresh_token: WORDS,
            token: self.token.expose(),
            expiry: self.expires,
            quota_project_id: self.quota_project,
            bqcred: self.issued_for,
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
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str = "ada@example.com";
    const READER: &str = "reader@p1.iam.gserviceaccount.com";

    fn issued(profile: &str, account: Option<&str>, scopes: &[&str]) -> IssuedFor {
        let scopes = scopes.iter().map(|scope| format!("https://www.googleapis.com/auth/{scope}")).collect();
        let account = account.map(str::to_owned);
        let credential = account.is_none().then(|| "c".to_owned());
        let profile = profile.to_owned();
        IssuedFor { profile, account, credential, acting_as: None, is_profiles_own: false, scopes }
    }

    fn covers(file: &IssuedFor, new: &IssuedFor, fingerprint: &str) -> bool {
        let fingerprint = Some(fingerprint.to_owned());
        file.covers(new, &Profile { account: new.account.clone(), fingerprint, ..Profile::default() })
    }

    fn file(issued_for: &IssuedFor, quota_project: Option<&str>) -> SecretBytes {
        let expires = serde_json::from_str("\"2026-09-21T14:13:20Z\"").unwrap();
        TokenOnlyFile { issued_for, token: &Secret::new("ya29.t"), expires, quota_project }.to_json()
    }

    #[test]
    fn a_file_has_the_token_and_words_for_the_rest() {
        let ada = issued("default", Some(ADA), &[]);
        let value: serde_json::Value = serde_json::from_slice(&file(&ada, None)).unwrap();
        let words = "bqcred-hands-over-access-tokens-only";
        assert_eq!(
            value,
            serde_json::json!({
                "type": "authorized_user", "account": ADA, "client_id": words, "client_secret": "none",
                "refresh_token": words, "token": "ya29.t", "expiry": "2026-09-21T14:13:20Z",
                "bqcred": {"profile": "default", "account": ADA},
            })
        );
        let nobody = issued("default", None, &[]);
        let value: serde_json::Value = serde_json::from_slice(&file(&nobody, Some("p2"))).unwrap();
        assert_eq!((&value["quota_project_id"], value.get("account")), (&"p2".into(), None));
        let found = FoundTokenOnly::read(&file(&ada, None)).unwrap();
        assert_eq!(
            (found.account.as_deref(), found.expiry.to_string()),
            (Some(ADA), "2026-09-21T14:13:20Z".to_owned())
        );
    }

    #[test]
    fn what_a_file_is_for_is_read_from_tokens_and_stubs_of_ours_alone() {
        let mut reader = issued("work", Some(ADA), &["bigquery"]);
        reader.acting_as = ServiceAccount::parse(READER).ok();
        assert_eq!(IssuedFor::read(&file(&reader, None)), Some(reader.clone()));
        let mut stub = serde_json::json!({"type": "bqcred: it has stopped", "bqcred": reader});
        assert_eq!(IssuedFor::read(stub.to_string().as_bytes()), Some(reader));
        stub["bqcred"]["broker"] = 7.into(); // a session's
        assert_eq!(IssuedFor::read(stub.to_string().as_bytes()), None);
        stub["type"] = "authorized_user".into();
        assert_eq!(IssuedFor::read(stub.to_string().as_bytes()), None);
    }

    #[test]
    fn a_file_covers_what_gives_its_readers_nothing_else_and_no_more() {
        let file = issued("work", Some(ADA), &["bigquery", "drive"]);
        let mut reader = file.clone();
        reader.acting_as = ServiceAccount::parse(READER).ok();
        for (new, covered) in [
            (issued("work", Some("Ada@example.com"), &["drive", "bigquery"]), true),
            (issued("work", Some(ADA), &["bigquery"]), true),
            (issued("work", Some(ADA), &["bigquery", "devstorage.read_write"]), false),
            (issued("work", Some(ADA), &[]), false),
            (issued("work", Some("bob@example.com"), &["bigquery"]), false),
            (issued("work", None, &["bigquery"]), false),
            (issued("default", Some(ADA), &["bigquery"]), false),
            (reader, false),
        ] {
            assert_eq!(covers(&file, &new, "c"), covered, "{new:?}");
        }
        // of somebody unknown: for the same credential, whoever has been named since
        let whole = issued("work", None, &[]);
        for new in [&whole, &file, &issued("work", Some(ADA), &[])] {
            assert!(covers(&whole, new, "c") && !covers(&whole, new, "d"), "{new:?}");
            assert!(!covers(&IssuedFor { credential: None, ..whole.clone() }, new, "c"), "{new:?}");
        }
        assert_eq!(IssuedFor::read(&self::file(&whole, None)), Some(whole.clone()));
        assert_eq!(file.describe_besides(&whole), "ada@example.com, narrowed to bigquery, drive");
        assert_eq!(
            whole.describe_besides(&issued("default", None, &[])),
            "an unknown account by profile work"
        );
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
