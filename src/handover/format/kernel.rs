//! The `env` of a Jupyter kernel.json, ready to be merged into one.
//!
//! Jupyter servers substitute `$NAME` and `${NAME}`, and turn `$$` into `$`; VS Code substitutes only `${NAME}`
//! and leaves `$$`. No escape of `$` works in both, so a value with a `$` is refused.

use std::ffi::OsStr;

use serde_json::{Map, Value};

use super::{Change, Reason, not_nul, unicode};

/// `{"env": {…}}` with a final newline.
pub(super) fn object(changes: &[Change]) -> Result<String, (&'static str, Reason)> {
    let mut env = Map::new();
    for change in changes {
        let Some(value) = &change.value else { continue };
        let value = entry(value).map_err(|reason| (change.name, reason))?;
        env.insert(change.name.to_owned(), value);
    }
    Ok(super::json::pretty(Map::from_iter([("env".to_owned(), Value::Object(env))])))
}

fn entry(value: &OsStr) -> Result<Value, Reason> {
    not_nul(value)?;
    let value = unicode(value)?;
    if value.contains('$') {
        return Err("Jupyter substitutes variables after a $, and no escape works in every server");
    }
    Ok(Value::from(value))
}
