//! Handing a credential to a program: in memory ([`memory`]), in a file that lasts as long as the
//! program ([`supervised`]), or, where there is none, as a stub that says so ([`stub`]).

pub(crate) mod format;
#[cfg(target_os = "linux")]
pub(crate) mod memory;
pub(crate) mod parent_shell;
pub(crate) mod stub;
pub(crate) mod supervised;
pub(crate) mod variables;

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::handover::format::Change;
use crate::output::error::{Error, Kind, reason};
use crate::system::env;
use crate::system::regular_file::{self, Links};

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
    let mut error = program.exec();
    if let Some(mut script) = as_script(program, &error) {
        error = script.exec();
    }
    cannot_start(program.get_program(), &error)
}

/// The same program run by sh, if that is how a shell would go on: it is a text without a `#!` line (POSIX,
/// "Command Search and Execution"). Of the C libraries glibc alone does so, and only where no process stays.
fn as_script(program: &Command, error: &std::io::Error) -> Option<Command> {
    use std::io::Read;
    const ENOEXEC: i32 = 8; // the same number on every Unix
    if error.raw_os_error() != Some(ENOEXEC) {
        return None;
    }
    let name = program.get_program();
    let path = match name.as_encoded_bytes().contains(&b'/') {
        true => name.into(),
        false => env::find_program(name)?,
    };
    let mut start = [0; 80]; // as far as Bash looks to tell a program of another machine
    let length = regular_file::open(&path, Links::Follow).ok()?.read(&mut start).ok()?;
    if start.get(..length)?.contains(&0) {
        return None;
    }
    let mut script = Command::new("/bin/sh");
    script.arg(path).args(program.get_args());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    Some(script)
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
        false => env::find_program(program).is_some(),
    };
    if found {
        return Error::new(
            Kind::NotExecutable,
            format!("can't run {name}: the interpreter that it names doesn't exist"),
        );
    }
    Error::new(Kind::NotFound, format!("{name}: no such program"))
}
