//! tcsh and csh: ``eval `bqcred env` ``, quoted or not.
//!
//! As in a POSIX shell, the text is split and taken for patterns before `eval` sees it, so the two
//! spellings are those of [`super::posix`], with csh's own words around them.

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
