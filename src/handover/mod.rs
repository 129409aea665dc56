//! Handing a credential to a program: in memory ([`memory`]), in a file that lasts as long as the
//! program ([`supervised`]), or, where there is none, as a stub that says so ([`stub`]).

#[cfg(target_os = "linux")]
pub(crate) mod memory;
pub(crate) mod stub;
pub(crate) mod supervised;

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::error::{Error, Kind, reason};
use crate::process_env;
use crate::render::Change;

/// Puts the changes into the program's environment.
pub(crate) fn apply(changes: &[Change], program: &mut Command) {
    for change in changes {
        match &change.value {
            Some(value) => program.env(change.name, value),
            None => program.env_remove(change.name),
        };
    }
}

/// Becomes the program. Returns only if that fails: why.
pub(crate) fn become_program(program: &mut Command) -> Error {
    let error = program.exec();
    cannot_start(program.get_program(), &error)
}

/// Whether this is a path that was made here for one program: that program is above this one.
pub(crate) fn is_handed_over(path: &Path) -> bool {
    let text = path.to_string_lossy();
    (text.starts_with("/proc/") && text.contains("/fd/")) || supervised::is_place(path)
}

/// Why the program could not be started, with the exit code that a shell gives (POSIX, "Exit Status
/// for Commands"): 127 if there is no such program, 126 if there is one that can't be run.
pub(crate) fn cannot_start(program: &OsStr, error: &std::io::Error) -> Error {
    let name = program.to_string_lossy();
    if error.kind() != std::io::ErrorKind::NotFound {
        return Error::new(Kind::NotExecutable, format!("can't run {name}: {}", reason(error)));
    }
    let found = match name.contains('/') {
        true => Path::new(program).exists(),
        false => process_env::find_program(&name).is_some(),
    };
    if found {
        return Error::new(
            Kind::NotExecutable,
            format!("can't run {name}: the interpreter that it names doesn't exist"),
        );
    }
    Error::new(Kind::NotFound, format!("{name}: no such program"))
}
