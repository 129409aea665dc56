//! Jupyter's kernelspecs: where a server finds them, and how one is changed and restored.
//!
//! This folder knows nothing of profiles' credentials, of Google or of the command line: it takes an
//! environment, paths and a user id, and gives back facts and texts. It needs no Jupyter on the PATH
//! and runs no Python; the rules are those of `jupyter_core.paths` and `jupyter_client.kernelspec`.
//!
//! - [`locate`]: which servers run or may be started, what each reads, and the kernels that it finds
//! - [`kernelspec`]: reading one `kernel.json`, and changing its text
//! - [`changes`]: install, undo, and the record of both

pub(crate) mod changes;
pub(crate) mod kernelspec;
pub(crate) mod locate;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

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
