//! tcsh and csh: ``eval `bqcred env` ``, quoted or not.
//!
//! As in a POSIX shell, the text is split and matched as patterns before `eval` sees it, so the two encodings are
//! those of [`super::posix`], in csh's own statements.

use std::ffi::OsStr;

use super::{Reason, posix};

/// `setenv NAME 'value';`
pub(super) fn set(name: &str, value: &OsStr) -> Result<String, Reason> {
    let value = value.as_encoded_bytes();
    if value.contains(&b'\n') {
        return Err("csh can't hold a line break in a word");
    }
    Ok(match posix::quoted(value) {
        Some(quoted) => format!("setenv {name} {quoted};\n"),
        None => format!("setenv {name} \"`printf '{}'`\";\n", posix::octal(value)),
    })
}

/// `unsetenv NAME;`
pub(super) fn unset(name: &str) -> String {
    format!("unsetenv {name};\n")
}
