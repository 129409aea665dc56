//! Paths in JSON: for `#[serde(with)]` in files of bqcred's own, and in what programs read. A path is bytes: what is UTF-8 is written as text, and
//! anything else as a list of its bytes.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Written {
    Text(PathBuf),
    Bytes(Vec<u8>),
}

impl From<&Path> for Written {
    fn from(path: &Path) -> Written {
        match path.to_str() {
            Some(text) => Written::Text(PathBuf::from(text)),
            None => Written::Bytes(path.as_os_str().as_bytes().to_vec()),
        }
    }
}

impl From<Written> for PathBuf {
    fn from(written: Written) -> PathBuf {
        match written {
            Written::Text(path) => path,
            Written::Bytes(bytes) => PathBuf::from(OsString::from_vec(bytes)),
        }
    }
}

/// Writes a path.
pub(crate) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    Written::from(path).serialize(serializer)
}

/// Reads a path.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    Written::deserialize(deserializer).map(PathBuf::from)
}

/// The same in a document for programs, where `json!` has no text for each path.
pub(crate) fn value(path: &Path) -> Value {
    match path.to_str() {
        Some(text) => text.into(),
        None => path.as_os_str().as_bytes().into(),
    }
}

/// The same for a path that may be missing.
pub(crate) mod option {
    use super::{Deserialize, Deserializer, PathBuf, Serialize, Serializer, Written};

    /// Writes a path, or null.
    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub(crate) fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_deref().map(Written::from).serialize(serializer)
    }

    /// Reads a path, or null.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::<Written>::deserialize(deserializer)?.map(PathBuf::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    struct Document {
        #[serde(with = "super")]
        path: PathBuf,
        #[serde(default, with = "super::option")]
        other: Option<PathBuf>,
    }

    #[test]
    fn every_path_is_read_back_and_text_stays_text() {
        let odd = PathBuf::from(OsString::from_vec(b"/home/\xff".to_vec()));
        for (path, other) in [("/home/ada".into(), None), (odd.clone(), Some(odd))] {
            let document = Document { path, other };
            let text = serde_json::to_string(&document).unwrap();
            assert_eq!(serde_json::from_str::<Document>(&text).unwrap(), document, "{text}");
        }
        let text = serde_json::to_string(&Document { path: "/home/ada".into(), other: None }).unwrap();
        assert_eq!(text, r#"{"path":"/home/ada","other":null}"#);
        assert_eq!(serde_json::from_str::<Document>(r#"{"path":"/a"}"#).unwrap().other, None);
    }
}
