//! Jupyter's kernelspecs: where a server finds them, and how one is changed and restored.
//!
//! Nothing here reads a credential, asks Google or prints: functions return results and
//! [`Notes`](crate::output::notes::Notes). No Jupyter has to be on the PATH, and no Python is run; the rules are
//! those of `jupyter_core.paths` and `jupyter_client.kernelspec`.
//!
//! - [`locate`]: which servers run or could be started, which files each reads, and the kernels that it finds
//! - [`kernelspec`]: reading and changing one `kernel.json`
//! - [`changes`]: install, sync and undo, and the record of what was changed

pub(crate) mod changes;
pub(crate) mod kernelspec;
pub(crate) mod locate;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// The environment of a process: bqcred's own, or a server's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Environ(BTreeMap<OsString, OsString>);

impl Environ {
    /// The value of a variable, empty or not.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The value of a variable that is set and not empty: Jupyter ignores most of its variables if they are empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// A flag as `jupyter_core.paths.envset` reads it: true if it is set to anything but a word for "no".
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
    fn a_flag_is_true_unless_it_is_a_word_for_no() {
        let environ: Environ = [("A", ""), ("B", "False"), ("C", "0.0"), ("D", "2")].into_iter().collect();
        assert_eq!(environ.flag("A"), Some(true));
        assert_eq!(environ.flag("B"), Some(false));
        assert_eq!(environ.flag("C"), Some(false));
        assert_eq!(environ.flag("D"), Some(true));
        assert_eq!(environ.flag("E"), None);
    }
}
