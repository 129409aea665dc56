//! systemd's `EnvironmentFile=`, as systemd.exec(5) describes it.
//!
//! In double quotes a backslash stands before `"`, `\`, `$` and the backtick, and nowhere else. systemd
//! drops a variable whose value holds a control character other than tab and newline.

use super::Reason;
use super::dotenv::is_plain;

/// `NAME=value`
pub(super) fn line(name: &str, value: &str) -> Result<String, Reason> {
    if value.contains(|c: char| c.is_ascii_control() && c != '\t' && c != '\n') {
        return Err("systemd ignores a variable with control characters");
    }
    if value.chars().all(is_plain) {
        return Ok(format!("{name}={value}\n"));
    }
    let mut word = String::new();
    for c in value.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            word.push('\\');
        }
        word.push(c);
    }
    Ok(format!("{name}=\"{word}\"\n"))
}
