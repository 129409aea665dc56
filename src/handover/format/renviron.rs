//! R's `.Renviron`, as `?Startup` describes it and `readRenviron()` reads it.
//!
//! Quotes are removed wherever they stand, a backslash only outside of them. `${NAME}` is substituted
//! even inside quotes, so it is refused, as is a line break.

use super::Reason;
use super::dotenv::is_plain;

/// `NAME=value`
pub(super) fn line(name: &str, value: &str) -> Result<String, Reason> {
    if value.contains("${") {
        return Err("R substitutes variables after ${, even in quotes");
    }
    if value.contains(['\n', '\r']) {
        return Err("R reads one line a variable");
    }
    // Nothing at all after the `=` would remove the variable; an empty pair of quotes sets it.
    let word = if !value.is_empty() && value.chars().all(is_plain) {
        value.to_owned()
    } else if !value.contains('\'') && !value.ends_with('\\') {
        format!("'{value}'")
    } else if !value.contains('"') && !value.ends_with('\\') {
        format!("\"{value}\"")
    } else {
        return Err("R has no escape for both kinds of quotes, or for a backslash at the end");
    };
    Ok(format!("{name}={word}\n"))
}
