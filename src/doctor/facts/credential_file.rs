//! A credential file of whatever kind and condition, as the libraries would find it. More lenient than
//! [`crate::credential::adc::AuthorizedUser`]: what is wrong with a file is what this is about.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::doctor::facts::credential_kind::CredentialKind;
use crate::doctor::facts::json::{self, Json, JsonParser, JsonProblem};
use crate::doctor::facts::user_credential::UserCredential;
use crate::output::secret::SecretBytes;
use crate::system::regular_file;

/// The libraries have no limit; what is larger than this is no credential. In bytes.
const LIMIT: u64 = 64 * 1024 * 1024;

/// A path as the file system answers for it, before anybody parses what is there.
#[derive(Debug)]
pub(crate) enum Content {
    /// Nothing, or a link to nothing.
    Missing,
    /// A folder, a FIFO, a device.
    NotAFile,
    /// A file that can't be read, by its mode for example.
    Unreadable,
    /// What is in the file, and its permission bits.
    Bytes(SecretBytes, u32),
}

/// What a library finds at a path.
#[derive(Debug)]
pub(crate) enum FileState {
    /// Nothing, or a link to nothing.
    Missing,
    /// A folder, a FIFO, a device.
    NotAFile,
    /// A file that can't be read, by its mode for example.
    Unreadable,
    /// A file that is not JSON to the library's parser.
    NotJson,
    /// JSON that is nested more deeply than the library's parser can follow.
    TooDeep,
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

impl Content {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Content {
        let Ok(metadata) = path.metadata() else {
            // a folder that may not be entered looks like nothing to every library but Java's
            return Content::Missing;
        };
        if !metadata.is_file() {
            return Content::NotAFile;
        }
        match regular_file::read(path, LIMIT) {
            Ok(bytes) => Content::Bytes(bytes, metadata.mode() & 0o7777),
            Err(_) => Content::Unreadable,
        }
    }
}

impl FileState {
    /// What this content is to a library.
    pub(crate) fn of(content: &Content, parser: JsonParser) -> FileState {
        let (bytes, mode) = match content {
            Content::Missing => return FileState::Missing,
            Content::NotAFile => return FileState::NotAFile,
            Content::Unreadable => return FileState::Unreadable,
            Content::Bytes(bytes, mode) => (bytes, *mode),
        };
        match json::parse(bytes, parser) {
            Ok(Json::Object(members)) => FileState::Credential(Box::new(CredentialFile {
                kind: CredentialKind::of(&members, parser),
                mode,
                quota_project: members.text("quota_project_id"),
            })),
            Ok(_) => FileState::NotAnObject,
            Err(JsonProblem::Invalid) => FileState::NotJson,
            Err(JsonProblem::TooDeep) => FileState::TooDeep,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> FileState {
        let content = Content::Bytes(SecretBytes::new(text.as_bytes().to_vec()), 0);
        FileState::of(&content, JsonParser::Python)
    }

    #[test]
    fn damaged_files_are_told_apart() {
        assert!(matches!(parse("[]"), FileState::NotAnObject));
        assert!(matches!(parse("{"), FileState::NotJson));
        assert!(matches!(parse("\u{feff}{}"), FileState::NotJson));
        assert!(matches!(parse(&"[".repeat(2000)), FileState::TooDeep));
        assert!(matches!(parse("{}"), FileState::Credential(_)));
    }
}
