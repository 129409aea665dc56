//! Jupyter's kernelspecs: where a server finds them, and how one is changed and restored.
//!
//! Nothing here reads a credential, asks Google or prints: functions return results and
//! [`Notes`](crate::output::notes::Notes). No Jupyter has to be on the PATH, and no Python is run; the rules are
//! those of `jupyter_core.paths` and `jupyter_client.kernelspec`.
//!
//! - [`locate`]: which servers run or could be started, which files each reads, and the kernels that it finds
//! - [`kernelspec`]: reading and changing one `kernel.json`
//! - [`cell`]: code that makes a running kernel use a profile
//! - [`server_variables`]: the environment of a server itself
//! - [`changes`]: install, sync and undo, and the record of what was changed

pub(crate) mod cell;
pub(crate) mod changes;
pub(crate) mod kernelspec;
pub(crate) mod locate;
pub(crate) mod server_variables;

use crate::system::env::Environ;

/// A flag as `jupyter_core.paths.envset` reads it: set, and none of the words for "no".
fn flag(environ: &Environ, name: &str) -> Option<bool> {
    let value = environ.get(name)?.to_string_lossy().to_lowercase();
    Some(!["no", "n", "false", "off", "0", "0.0"].contains(&value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_true_unless_it_is_a_word_for_no() {
        let environ: Environ = [("A", ""), ("B", "False"), ("C", "0.0"), ("D", "2")].into_iter().collect();
        assert_eq!(
            ["A", "B", "C", "D", "E"].map(|name| flag(&environ, name)),
            [Some(true), Some(false), Some(false), Some(true), None]
        );
    }
}
