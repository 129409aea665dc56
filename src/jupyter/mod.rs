//! Jupyter's kernelspecs: where a server finds them, and how one is changed and restored.
//!
//! This folder knows nothing of profiles' credentials, of Google or of the command line: it takes an
//! environment, paths and a user id, and gives back facts and texts. It needs no Jupyter on the PATH
//! and runs no Python; the rules are those of `jupyter_core.paths` and `jupyter_client.kernelspec`.
//!
//! - [`process`], [`recognise`], [`launcher`], [`installed`], [`discovery`]: which servers run or may be started
//! - [`python`], [`context`]: what such a server knows of itself, which decides what it reads
//! - [`search`], [`config`], [`conda`], [`listing`]: the directories that it searches, its settings, and what it finds
//! - [`json`], [`spec`]: reading a `kernel.json` as Jupyter does
//! - [`splice`], [`marker`], [`argv`], [`edit`]: changing its text at byte spans, and undoing that
//! - [`place`], [`step`], [`files`]: which file to write for a kernel, and writing it
//! - [`running`]: kernels that already run, and what they were given

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

pub(crate) mod argv;
mod conda;
pub(crate) mod config;
pub(crate) mod context;
pub(crate) mod discovery;
pub(crate) mod edit;
pub(crate) mod files;
mod installed;
pub(crate) mod json;
pub(crate) mod launcher;
pub(crate) mod listing;
pub(crate) mod marker;
pub(crate) mod place;
pub(crate) mod process;
pub(crate) mod python;
mod recognise;
pub(crate) mod running;
pub(crate) mod search;
pub(crate) mod spec;
pub(crate) mod splice;
pub(crate) mod step;

/// The environment of a server, which need not be ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Environ(BTreeMap<OsString, OsString>);

impl Environ {
    /// The value of a variable, empty or not.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The value of a variable that is set and not empty: how Jupyter reads most of its own.
    pub(crate) fn filled(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// A flag as `jupyter_core.paths.envset` reads it: set, and none of the words for "no".
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        let value = self.get(name)?.to_string_lossy().to_lowercase();
        Some(!["no", "n", "false", "off", "0", "0.0"].contains(&value.as_str()))
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environ {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Environ(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_anything_but_a_word_for_no() {
        let environ: Environ = [("A", ""), ("B", "False"), ("C", "0.0"), ("D", "2")].into_iter().collect();
        assert_eq!(environ.flag("A"), Some(true));
        assert_eq!(environ.flag("B"), Some(false));
        assert_eq!(environ.flag("C"), Some(false));
        assert_eq!(environ.flag("D"), Some(true));
        assert_eq!(environ.flag("E"), None);
    }
}
