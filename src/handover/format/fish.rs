//! fish: `bqcred env | source`, or `eval (bqcred env)`.
//!
//! In single quotes only `'` and `\` mean something to fish. They, and all that is not printable ASCII,
//! are escaped as bytes (`\X`), outside the quotes, so that neither the locale nor a line break matters.

use std::ffi::OsStr;

use super::{Change, Reason};

/// `set -gx NAME 'value';`
pub(super) fn set(name: &str, value: &OsStr) -> Result<String, Reason> {
    Ok(format!("set -gx {name} {};\n", word(value.as_encoded_bytes())))
}

/// Fails unless each variable now is what the changes make it: a local or universal variable can hide the global one.
pub(super) fn check(changes: &[Change]) -> String {
    let (mut subject, mut values, mut text) = (String::new(), Vec::new(), String::new());
    for Change { name, value } in changes {
        match value {
            Some(value) => {
                subject += &format!("${name}:");
                values.extend_from_slice(value.as_encoded_bytes());
                values.push(b':');
            }
            None => text += &format!("and not set -q {name};\n"),
        }
    }
    format!("test \"{subject}\" = {};\n{text}", word(&values))
}

/// The value as one word.
fn word(value: &[u8]) -> String {
    let mut word = String::new();
    let mut inside = false;
    for &byte in value {
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
    word
}

/// Removes the global variable, and succeeds as well where there is none, unlike a bare `set -e`.
pub(super) fn unset(name: &str) -> String {
    format!("if set -qg {name}; set -eg {name}; end;\n")
}
