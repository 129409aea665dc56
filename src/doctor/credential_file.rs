//! A credential file of whatever kind and state, as the libraries would find it. More lenient than
//! [`crate::credential::adc::AuthorizedUser`]: what is wrong with a file is what this is about.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::{Map, Value};

use crate::credential::adc::{encoding_problem, wipe};
use crate::output::secret::Secret;
use crate::system::clock::Time;
use crate::system::hash;
use crate::system::private_file::{self, Content};

/// The universe that user credentials can be refreshed in.
const UNIVERSE: &str = "googleapis.com";

/// What lies at a path.
#[derive(Debug)]
pub(crate) enum FileState {
    /// Nothing, or a link to nothing.
    Missing,
    /// A folder, a FIFO, a device.
    NotAFile,
    /// It may not be read.
    Unreadable,
    /// Not JSON.
    NotJson,
    /// JSON, but no object.
    NotAnObject,
    /// A credential, or what claims to be one.
    Holds(Box<Holds>),
}

/// A file that holds a JSON object.
#[derive(Debug)]
pub(crate) struct Holds {
    /// What kind of credential it is.
    pub(super) kind: FileKind,
    /// Permission bits.
    pub(super) mode: u32,
    /// `quota_project_id`.
    pub(super) quota_project: Option<String>,
}

/// By the file's `type`.
#[derive(Debug)]
pub(crate) enum FileKind {
    /// A person's.
    User(UserFile),
    /// A key of a service account.
    ServiceAccount {
        /// Its address.
        account: Option<String>,
        /// Its project.
        project: Option<String>,
        /// Whether everything is there that a key needs.
        complete: bool,
    },
    /// Acts as a service account, on the strength of another credential.
    Impersonated(Option<String>),
    /// Workload identity federation.
    External,
    /// Workforce identity federation.
    ExternalUser,
    /// No `type`, or one that isn't known.
    Unknown,
    /// No credential at all: the file of an OAuth client, which logins run under.
    Client,
}

/// `type: authorized_user`, or a cache that has no type but the same keys.
#[derive(Debug)]
pub(crate) struct UserFile {
    /// The address, where the file names one.
    pub(super) account: Option<String>,
    /// The OAuth client.
    pub(super) client_id: Option<String>,
    /// Its secret.
    pub(super) client_secret: Option<Secret>,
    /// The refresh token.
    pub(super) refresh_token: Option<Secret>,
    /// Whether the file says that it is an `authorized_user`.
    pub(super) typed: bool,
    /// The keys that a user credential needs and that are not there at all.
    pub(super) absent: Vec<&'static str>,
    /// The universe is the one that tokens can be had in.
    pub(super) google_universe: bool,
    /// Scopes that google-auth would ask for with each refresh.
    pub(super) scopes: Option<Vec<String>>,
    /// The file holds an access token that hasn't ended, so that google-auth refreshes nothing.
    pub(super) token: Option<Secret>,
    /// An access token as old caches keep it, without its end, so that it is taken for good for ever.
    pub(super) endless_token: Option<Secret>,
    /// Where the file says that tokens come from; a cache's is believed, an ADC file's is not.
    pub(super) token_uri: Option<String>,
}

impl UserFile {
    /// Tells refresh tokens apart; see [`crate::credential::adc::AuthorizedUser::fingerprint`].
    pub(super) fn fingerprint(&self) -> Option<String> {
        let token = self.refresh_token.as_ref()?;
        Some(fingerprint(token.expose()))
    }

    /// Everything is there that a refresh takes.
    pub(super) fn is_whole(&self) -> bool {
        self.client_id.is_some() && self.client_secret.is_some() && self.refresh_token.is_some()
    }
}

/// As [`crate::credential::adc::AuthorizedUser::fingerprint`] makes it.
pub(super) fn fingerprint(secret: &str) -> String {
    hash::fingerprint(secret.as_bytes())
}

impl FileState {
    /// Reads what lies there.
    pub(super) fn read(path: &Path) -> FileState {
        let Ok(metadata) = path.metadata() else {
            // a folder that may not be entered looks like nothing to every library but Java's
            return FileState::Missing;
        };
        if !metadata.is_file() {
            return FileState::NotAFile;
        }
        match private_file::read(path, Content::Foreign) {
            Ok(Some(bytes)) => FileState::parse(&bytes, metadata.mode() & 0o7777),
            Ok(None) => FileState::Missing,
            Err(_) => FileState::Unreadable,
        }
    }

    fn parse(bytes: &[u8], mode: u32) -> FileState {
        if encoding_problem(bytes).is_some() {
            return FileState::NotJson;
        }
        match serde_json::from_slice::<Value>(bytes) {
            Ok(Value::Object(mut object)) => {
                let quota_project = text(&object, "quota_project_id");
                let kind = FileKind::of(&object);
                wipe(&mut object);
                FileState::Holds(Box::new(Holds { kind, mode, quota_project }))
            }
            Ok(_) => FileState::NotAnObject,
            Err(_) => FileState::NotJson,
        }
    }

    /// The file, if there is one that can be understood.
    pub(super) fn holds(&self) -> Option<&Holds> {
        match self {
            FileState::Holds(holds) => Some(holds),
            _ => None,
        }
    }

    /// A person's credential, if that is what it is.
    pub(super) fn user(&self) -> Option<&UserFile> {
        match self.holds().map(|holds| &holds.kind) {
            Some(FileKind::User(user)) => Some(user),
            _ => None,
        }
    }
}

impl FileKind {
    fn of(object: &Map<String, Value>) -> FileKind {
        match object.get("type").map(Value::as_str) {
            Some(Some("authorized_user")) => FileKind::User(UserFile::of(object, true)),
            Some(Some("service_account")) => FileKind::ServiceAccount {
                account: text(object, "client_email"),
                project: text(object, "project_id"),
                complete: ["client_email", "token_uri", "private_key"]
                    .iter()
                    .all(|key| text(object, key).is_some()),
            },
            Some(Some("impersonated_service_account")) => FileKind::Impersonated(impersonated(object)),
            Some(Some("external_account")) => FileKind::External,
            Some(Some("external_account_authorized_user")) => FileKind::ExternalUser,
            // old caches of pydata-google-auth and pandas-gbq have no type
            None if object.contains_key("refresh_token") => FileKind::User(UserFile::of(object, false)),
            None if object.contains_key("installed") || object.contains_key("web") => FileKind::Client,
            _ => FileKind::Unknown,
        }
    }
}

/// The account in `…/serviceAccounts/NAME:generateAccessToken`.
fn impersonated(object: &Map<String, Value>) -> Option<String> {
    let url = text(object, "service_account_impersonation_url")?;
    let name = url.rsplit('/').next()?.split(':').next()?;
    name.contains('@').then(|| name.to_owned())
}

impl UserFile {
    fn of(object: &Map<String, Value>, typed: bool) -> UserFile {
        let secret = |key: &str| object.get(key).and_then(Value::as_str).map(Secret::new);
        let expiry = object.get("expiry").and_then(Value::as_str).and_then(expiry);
        let is_current = expiry.is_some_and(|end| end.since(Time::now()) > CLOCK_SLACK);
        UserFile {
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
}

/// google-auth refreshes tokens that have less than this left, in seconds
/// (`google.auth._helpers.REFRESH_THRESHOLD`).
const CLOCK_SLACK: u64 = 225;

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

fn text(object: &Map<String, Value>, key: &str) -> Option<String> {
    object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(json: &str) -> UserFile {
        match FileState::parse(json.as_bytes(), 0o600) {
            FileState::Holds(holds) => match holds.kind {
                FileKind::User(user) => user,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_wrong_with_a_user_file_is_seen() {
        let file = user(r#"{"type":"authorized_user","client_id":"","client_secret":null}"#);
        assert_eq!(file.absent, ["refresh_token"]);
        assert!(!file.is_whole() && file.typed && file.google_universe);
        let file = user(
            r#"{"type":"authorized_user","refresh_token":"r","universe_domain":"u.example","scopes":"a b"}"#,
        );
        assert!(!file.google_universe);
        assert_eq!(file.scopes.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
    }

    #[test]
    fn a_token_counts_until_its_end() {
        let file = |expiry: &str| {
            user(&format!(r#"{{"type":"authorized_user","token":"t","expiry":"{expiry}"}}"#)).token.is_some()
        };
        assert!(file("2099-01-01T00:00:00.000000Z") && file("2099-01-01T00:00:00Z"));
        assert!(!file("2001-01-01T00:00:00Z") && !file(""));
    }

    #[test]
    fn what_is_no_object_is_told_apart() {
        assert!(matches!(FileState::parse(b"[]", 0), FileState::NotAnObject));
        assert!(matches!(FileState::parse(b"{", 0), FileState::NotJson));
        assert!(matches!(FileState::parse(b"\xef\xbb\xbf{}", 0), FileState::NotJson));
        assert!(matches!(FileState::parse(b"{}", 0), FileState::Holds(_)));
    }

    #[test]
    fn an_impersonated_account_is_named() {
        let json = br#"{"type":"impersonated_service_account","service_account_impersonation_url":
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/sa@p.iam.gserviceaccount.com:generateAccessToken"}"#;
        let state = FileState::parse(json, 0);
        let Some(FileKind::Impersonated(account)) = state.holds().map(|holds| &holds.kind) else { panic!() };
        assert_eq!(account.as_deref(), Some("sa@p.iam.gserviceaccount.com"));
    }
}
