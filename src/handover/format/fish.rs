//! fish: `bqcred env | source`, or `eval (bqcred env)`.
//!
//! In single quotes only `'` and `\` mean something to fish. They, and all that is not printable ASCII,
//! are escaped as bytes (`\X`), outside the quotes, so that neither the locale nor a line break matters.

use std::ffi::OsStr;

use super::Reason;

/// `set -gx NAME 'value';`
pub(super) fn set(name: &str, value: &OsStr) -> Result<String, Reason> {
    let mut word = String::new();
    let mut inside = false;
    for &byte in value.as_encoded_bytes() {
        let literal = matches!(byte, b' '..=b'~') && byte != b'\'' && byte != b'\\';
        if literal != inside {
            word.push('\'');
            inside = literal;
        }
        if literal {
            word.push(char::from(byte));
        } else {
            word += &format!("\\X{byte:02x}");
        }
    }
    if inside {
        word.push('\'');
    }
    if word.is_empty() {
        word += "''";
    }
    Ok(format!("set -gx {name} {word};\n"))
}

/// Removes the global variable, and succeeds as well where there is none, unlike a bare `set -e`.
pub(super) fn unset(name: &str) -> String {
    format!("if set -qg {name}; set -eg {name}; end;\n")
}
