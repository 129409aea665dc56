//! Elvish: `eval (bqcred env --shell elvish | slurp)`.
//!
//! In single quotes only `'` means something, and is doubled. Control characters and bytes that are not
//! UTF-8 need double quotes, where `\x` is a byte.

use std::ffi::OsStr;

use super::Reason;

/// `set-env NAME 'value';`
pub(super) fn set(name: &str, value: &OsStr) -> Result<String, Reason> {
    let word = match value.to_str() {
        Some(text) if !text.contains(char::is_control) => format!("'{}'", text.replace('\'', "''")),
        _ => double_quoted(value.as_encoded_bytes()),
    };
    Ok(format!("set-env {name} {word};\n"))
}

/// `unset-env NAME;`
pub(super) fn unset(name: &str) -> String {
    format!("unset-env {name};\n")
}

fn double_quoted(value: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in value {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text += &format!("\\x{byte:02x}"),
        }
    }
    text.push('"');
    text
}
