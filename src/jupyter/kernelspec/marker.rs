//! `metadata.bqcred`: what bqcred changed in a kernelspec, so that it can be undone exactly.
//!
//! Jupyter keeps namespaced metadata and sends it to the browser; it contains no secret. The marker does not prove that
//! bqcred wrote a file: only values that are still as the marker says are ever taken out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::handover::broker::limits::Limits;
use crate::jupyter::kernelspec::json::{self, Value};
use crate::system::hash;

/// The only version of the marker so far.
const VERSION: u8 = 1;

/// What was changed in one kernelspec.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Marker {
    /// Version of this format.
    v: u8,
    /// The profile that the kernel uses.
    pub(crate) profile: String,
    /// Variables set in `env`, and the values that bqcred gave them.
    #[serde(default)]
    pub(crate) set: BTreeMap<String, String>,
    /// JSON text of the values that some of these variables had before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) had: BTreeMap<String, String>,
    /// Top-level keys that did not exist before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) created: Vec<String>,
    /// JSON text of top-level objects that were empty before, with their white space.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) was: BTreeMap<String, String>,
    /// The command, if it was wrapped in `bqcred exec`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) argv: Option<Wrapped>,
    /// The folder, if bqcred made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) folder: Option<Folder>,
}

/// A command wrapped in `bqcred exec`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wrapped {
    /// JSON text of `argv` before.
    pub(crate) had: String,
    /// The words that bqcred set.
    pub(crate) set: Vec<String>,
    /// With `--token-only`: what the kernel gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_only: Option<Limits>,
}

/// A kernelspec folder that bqcred made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Folder {
    /// The folder that was copied.
    pub(crate) from: String,
    /// The files that were copied with it, relative, each with a checksum of its content.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, String>,
    /// Checksum of `kernel.json` as it was before bqcred's changes.
    pub(crate) checksum: String,
    /// Whether the copy has another name than the original.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) renamed: bool,
}

impl Marker {
    /// A marker that records no change yet.
    pub(crate) fn new(profile: &str) -> Self {
        Marker { v: VERSION, profile: profile.to_owned(), ..Marker::default() }
    }

    /// The marker of a parsed kernelspec; `None` if it has none. The error says why a marker can't be used.
    pub(crate) fn read(text: &str, document: &Value) -> Result<Option<Self>, String> {
        let Some(metadata) = document.get("metadata") else { return Ok(None) };
        let Some(value) = metadata.get("bqcred") else { return Ok(None) };
        // taking one out would leave the other in effect
        let repeated = metadata.members().unwrap_or_default().iter().filter(|member| member.key == "bqcred");
        if repeated.count() > 1 {
            return Err("metadata.bqcred is there more than once; nothing was changed".to_owned());
        }
        let raw = text.get(value.span.clone()).unwrap_or("");
        let marker: Marker = serde_json::from_str(raw)
            .map_err(|_| "its metadata.bqcred was not written by bqcred; nothing was changed".to_owned())?;
        if marker.v != VERSION {
            return Err("a newer bqcred changed it; update bqcred to change it again".to_owned());
        }
        if !marker.pieces().all(|piece| json::parse(piece).is_ok()) {
            return Err("its metadata.bqcred was edited and can't be undone safely".to_owned());
        }
        Ok(Some(marker))
    }

    /// The JSON texts that an undo would insert.
    fn pieces(&self) -> impl Iterator<Item = &str> {
        let argv = self.argv.iter().map(|argv| argv.had.as_str());
        self.had.values().chain(self.was.values()).map(String::as_str).chain(argv)
    }

    /// What the kernel gets, if it is started with `exec --token-only`.
    pub(crate) fn token_only(&self) -> Option<&Limits> {
        self.argv.as_ref()?.token_only.as_ref()
    }

    /// As JSON on one line. Serializing strings and maps of strings can't fail.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A checksum that shows accidental edits. It does not stop an attacker, who could write the folder anyway.
pub(crate) fn checksum(content: &[u8]) -> String {
    hash::fingerprint(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two markers in one kernelspec.
    const TWICE: &str = r#"{"v":1,"profile":"a"},"bqcred":{"v":1,"profile":"b"}"#;

    #[test]
    fn a_marker_that_bqcred_did_not_write_is_an_error() {
        for marker in
            ["1", "{}", r#"{"v":2,"profile":"me"}"#, r#"{"v":1,"profile":"me","had":{"A":"{"}}"#, TWICE]
        {
            let text = format!(r#"{{"argv":["R"],"metadata":{{"bqcred":{marker}}}}}"#);
            assert!(Marker::read(&text, &json::parse(&text).unwrap()).is_err(), "{marker}");
        }
        assert_eq!(Marker::read("{}", &json::parse("{}").unwrap()), Ok(None));
    }
}
