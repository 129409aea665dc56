//! Nushell: `bqcred env --shell nu | from json | load-env`.
//!
//! Nushell evaluates no text that comes from a command, so this is data: a record, `null` where a
//! variable is to be removed. `load-env` keeps such a variable from every program that Nushell starts;
//! `… | from json | columns | hide-env --ignore-errors ...$in` takes it out of `$env` too.

use super::{Change, Reason, json};

/// JSON that `load-env` refuses, with an error that nobody can miss. (Nothing at all it would take.)
pub(super) const FAILING: &str = "false\n";

/// The changes as a JSON record.
pub(super) fn record(changes: &[Change]) -> Result<String, (&'static str, Reason)> {
    json::object(changes)
}
