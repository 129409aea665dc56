//! A credential file of whatever kind and condition, as the libraries would find it. More lenient than
//! [`crate::credential::adc::AuthorizedUser`]: what is wrong with a file is what this is about.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::{Map, Value};

use crate::credential::adc::{encoding_problem, wipe};
use crate::doctor::facts::user_credential::UserCredential;
use crate::system::private_file::{self, Content};

/// What is at a path.
#[derive(Debug)]
pub(crate) enum FileState {
    /// Nothing, or a link to nothing.
    Missing,
    /// A folder, a FIFO, a device.
    NotAFile,
    /// A file that can't be read, by its mode for example.
    Unreadable,
    /// A file that is not JSON.
    NotJson,
    /// JSON, but not an object.
    NotAnObject,
    /// A credential, or what claims to be one.
    Credential(Box<CredentialFile>),
}

/// A file that holds a JSON object.
#[derive(Debug)]
pub(crate) struct CredentialFile {
    /// What kind of credential it is.
    pub(crate) kind: CredentialKind,
    /// Permission bits.
    pub(crate) mode: u32,
    /// `quota_project_id`.
    pub(crate) quota_project: Option<String>,
}

/// The kinds of credential, by the file's `type`.
#[derive(Debug)]
pub(crate) enum CredentialKind {
    /// A user account's.
    User(UserCredential),
    /// A service account key.
    ServiceAccount {
        /// Its address.
        account: Option<String>,
        /// Its project.
        project: Option<String>,
        /// Whether it has every part that a key needs.
        complete: bool,
    },
    /// Impersonates this service account by another credential.
    Impersonated(Option<String>),
    /// Workload identity federation.
    External,
    /// Workforce identity federation.
    ExternalUser,
    /// No `type`, or an unknown one.
    Unknown,
    /// Not a credential but the file of an OAuth client, which logins run under.
    OAuthClient,
}

impl FileState {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> FileState {
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

    /// From the file's content and its permission bits.
    pub(crate) fn parse(bytes: &[u8], mode: u32) -> FileState {
        if encoding_problem(bytes).is_some() {
            return FileState::NotJson;
        }
        match serde_json::from_slice::<Value>(bytes) {
            Ok(Value::Object(mut object)) => {
                let quota_project = text(&object, "quota_project_id");
                let kind = CredentialKind::of(&object);
                wipe(&mut object);
                FileState::Credential(Box::new(CredentialFile { kind, mode, quota_project }))
            }
            Ok(_) => FileState::NotAnObject,
            Err(_) => FileState::NotJson,
        }
    }

    /// Whether a regular file is there, readable or not.
    pub(crate) fn is_file(&self) -> bool {
        !matches!(self, FileState::Missing | FileState::NotAFile)
    }

    /// The file, if it holds a JSON object.
    pub(crate) fn credential(&self) -> Option<&CredentialFile> {
        match self {
            FileState::Credential(file) => Some(file),
            _ => None,
        }
    }

    /// What kind of credential it is, if it holds a JSON object.
    pub(crate) fn kind(&self) -> Option<&CredentialKind> {
        self.credential().map(|file| &file.kind)
    }

    /// The user credential, if it is one.
    pub(crate) fn user(&self) -> Option<&UserCredential> {
        match self.kind() {
            Some(CredentialKind::User(user)) => Some(user),
            _ => None,
        }
    }
}

impl CredentialKind {
    fn of(object: &Map<String, Value>) -> CredentialKind {
        match object.get("type").map(Value::as_str) {
            Some(Some("authorized_user")) => CredentialKind::User(UserCredential::of(object, true)),
            Some(Some("service_account")) => CredentialKind::ServiceAccount {
                account: text(object, "client_email"),
                project: text(object, "project_id"),
                complete: ["client_email", "token_uri", "private_key"]
                    .iter()
                    .all(|key| text(object, key).is_some()),
            },
            Some(Some("impersonated_service_account")) => CredentialKind::Impersonated(impersonated(object)),
            Some(Some("external_account")) => CredentialKind::External,
            Some(Some("external_account_authorized_user")) => CredentialKind::ExternalUser,
            // old caches of pydata-google-auth and pandas-gbq have no type
            None if object.contains_key("refresh_token") => {
                CredentialKind::User(UserCredential::of(object, false))
            }
            None if object.contains_key("installed") || object.contains_key("web") => {
                CredentialKind::OAuthClient
            }
            _ => CredentialKind::Unknown,
        }
    }
}

/// The account in `…/serviceAccounts/NAME:generateAccessToken`.
fn impersonated(object: &Map<String, Value>) -> Option<String> {
    let url = text(object, "service_account_impersonation_url")?;
    let name = url.rsplit('/').next()?.split(':').next()?;
    name.contains('@').then(|| name.to_owned())
}

/// The value of a key, if it is a text that is not empty.
pub(crate) fn text(object: &Map<String, Value>, key: &str) -> Option<String> {
    object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_files_are_told_apart() {
        assert!(matches!(FileState::parse(b"[]", 0), FileState::NotAnObject));
        assert!(matches!(FileState::parse(b"{", 0), FileState::NotJson));
        assert!(matches!(FileState::parse(b"\xef\xbb\xbf{}", 0), FileState::NotJson));
        assert!(matches!(FileState::parse(b"{}", 0), FileState::Credential(_)));
    }

    #[test]
    fn the_impersonated_account_is_read_from_the_url() {
        let json = br#"{"type":"impersonated_service_account","service_account_impersonation_url":
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/sa@p.iam.gserviceaccount.com:generateAccessToken"}"#;
        let state = FileState::parse(json, 0);
        let Some(CredentialKind::Impersonated(account)) = state.kind() else { panic!("{state:?}") };
        assert_eq!(account.as_deref(), Some("sa@p.iam.gserviceaccount.com"));
    }

    #[test]
    fn the_file_of_an_oauth_client_is_not_a_credential() {
        let state = FileState::parse(br#"{"installed":{"client_id":"x"}}"#, 0);
        assert!(matches!(state.kind(), Some(CredentialKind::OAuthClient)));
    }
}
