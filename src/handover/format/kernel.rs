//! The `env` of a Jupyter kernel.json, ready to be merged into one.
//!
//! The server fills `$NAME` and `${NAME}` in, and turns `$$` into `$`; VS Code fills in only `${NAME}`
//! and leaves `$$` alone. No spelling of `$` suits both, so a value that holds one is refused.

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
        return Err("Jupyter fills in what follows a $, and no spelling of it suits every server");
    }
    Ok(Value::from(value))
}
