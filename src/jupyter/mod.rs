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

pub(crate) use crate::system::env::Environ;

/// A flag as `jupyter_core.paths.envset` reads it: set, and none of the words for "no".
fn flag(environ: &Environ, name: &str) -> Option<bool> {
    let value = environ.get(name)?.to_string_lossy().to_lowercase();
    Some(!["no", "n", "false", "off", "0", "0.0"].contains(&value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_anything_but_a_word_for_no() {
        let environ: Environ = [("A", ""), ("B", "False"), ("C", "0.0"), ("D", "2")].into_iter().collect();
        assert_eq!(
            ["A", "B", "C", "D", "E"].map(|name| flag(&environ, name)),
            [Some(true), Some(false), Some(false), Some(true), None]
        );
    }
}
