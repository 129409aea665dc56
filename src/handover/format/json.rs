//! JSON: one flat object, sorted by name; a removed variable is `null`.

use serde_json::{Map, Value};

use super::{Change, Reason, not_nul, unicode};

/// The changes as an object with a final newline.
pub(super) fn object(changes: &[Change]) -> Result<String, (&'static str, Reason)> {
    let mut map = Map::new();
    for change in changes {
        let value = match &change.value {
            None => Value::Null,
            Some(value) => not_nul(value)
                .and_then(|()| unicode(value))
                .map(Value::from)
                .map_err(|reason| (change.name, reason))?,
        };
        map.insert(change.name.to_owned(), value);
    }
    Ok(pretty(map))
}

/// An object with two blanks a level, as Jupyter writes its own files.
pub(super) fn pretty(map: Map<String, Value>) -> String {
    format!("{:#}\n", Value::Object(map))
}
