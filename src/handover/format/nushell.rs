//! Nushell: `bqcred env --shell nu | from json | load-env`.
//!
//! Nushell doesn't evaluate text, so this is data: a record, with `null` for a variable to remove. `load-env`
//! keeps such a variable from every program that Nushell starts;
//! `… | from json | columns | hide-env --ignore-errors ...$in` removes it from `$env` too.

use super::{Change, Reason, json};

/// JSON that `load-env` refuses with an error. (It accepts empty input.)
pub(super) const FAILING: &str = "false\n";

/// The changes as a JSON record.
pub(super) fn record(changes: &[Change]) -> Result<String, (&'static str, Reason)> {
    json::object(changes)
}
