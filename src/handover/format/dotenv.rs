//! `.env`: what python-dotenv, Node's dotenv and docker compose read alike.
//!
//! They agree on plain values, on single quotes, and on double quotes without escapes. They disagree on `$`
//! (python-dotenv substitutes `${NAME}` even in single quotes), on line breaks,
//! and on a backslash before a quote or a backslash; such values are refused.

use super::Reason;

/// `NAME=value`
pub(super) fn line(name: &str, value: &str) -> Result<String, Reason> {
    if value.contains('$') {
        return Err("some readers substitute variables after a $");
    }
    if value.contains(char::is_control) {
        return Err("readers disagree on line breaks and control characters");
    }
    let word = if value.chars().all(is_plain) {
        value.to_owned()
    } else if !value.contains('\'') && !value.contains(r"\\") && !value.ends_with('\\') {
        format!("'{value}'")
    } else if !value.contains(['"', '\\', '`']) {
        format!("\"{value}\"")
    } else {
        return Err("readers disagree on quotes and backslashes together");
    };
    Ok(format!("{name}={word}\n"))
}

/// Characters that need no quotes, not even for `docker run --env-file`, which knows none.
pub(super) fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '@' | '%' | '+' | ',' | '.' | '/' | ':' | '-')
}
