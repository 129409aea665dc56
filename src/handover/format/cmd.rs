//! cmd.exe: `for /f "delims=" %i in ('bqcred env --shell cmd') do @%i`, or a batch file that is called.
//!
//! At the prompt and in a batch file cmd reads `%` differently, delayed expansion takes `!`, and other
//! characters than ASCII depend on the code page, so all these are refused. Between the quotes of
//! `SET "NAME=value"` the rest stands for itself. (In capitals, which cmd doesn't mind: every other shell
//! says that it has no such command, where `set` would be another one and silent.)

use std::ffi::OsStr;

use super::{Reason, unicode};

/// Sets the error level, and leaves the shell open, which `exit /b 1` at a prompt would not.
pub(super) const FAILING: &str = "cmd /d /c exit 1\r\n";

/// `SET "NAME=value"`
pub(super) fn set(name: &str, value: &OsStr) -> Result<String, Reason> {
    let value = unicode(value)?;
    if value.is_empty() {
        return Err("cmd removes a variable that is set to nothing");
    }
    if value.contains(['"', '%', '!']) {
        return Err("\", % and ! mean something to cmd, however they are quoted");
    }
    if value.contains(|c| !matches!(c, ' '..='~')) {
        return Err("cmd reads other characters than ASCII by its code page");
    }
    Ok(format!("SET \"{name}={value}\"\r\n"))
}

/// `SET "NAME="`
pub(super) fn unset(name: &str) -> String {
    format!("SET \"{name}=\"\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_set_within_quotes_and_removed_by_nothing() {
        assert_eq!(set("A", OsStr::new("b & c")).unwrap(), "SET \"A=b & c\"\r\n");
        assert_eq!(unset("A"), "SET \"A=\"\r\n");
    }
}
