//! Hands a credential to shells and programs: as environment variables ([`variables`], [`mod@format`]), in memory
//! ([`memory`]), in a file that lasts as long as the program ([`supervised`]), or, if it can't be loaded, as a
//! file that says why ([`stub`]). Whether it can be handed over at all is decided in [`ready`].

pub(crate) mod broker;
pub(crate) mod delivery;
pub(crate) mod detached;
pub(crate) mod format;
mod jupyter_server;
#[cfg(target_os = "linux")]
pub(crate) mod memory;
#[cfg(target_os = "linux")]
pub(crate) mod parent_death;
pub(crate) mod parent_shell;
pub(crate) mod ready;
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

/// Applies the changes to the program's environment.
pub(crate) fn apply(changes: &[Change], program: &mut Command) {
    for change in changes {
        match &change.value {
            Some(value) => program.env(change.name, value),
            None => program.env_remove(change.name),
        };
    }
}

/// Replaces this process by the program. Returns the error if that fails.
pub(crate) fn become_program(program: &mut Command) -> Error {
    let mut error = program.exec();
    if let Some(mut script) = as_script(program, &error) {
        error = script.exec();
    }
    cannot_start(program.get_program(), &error)
}

/// The same program run by sh, as a shell would do: for a text without a `#!` line (POSIX, "Command Search and
/// Execution"). Of the C libraries only glibc does so, and only in `execvp`.
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
    let mut start = [0; 80]; // as much as Bash reads to tell text from a binary
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

/// Whether this is the path of a credential that `exec` made for one program: this process was started by it.
pub(crate) fn is_handed_over(path: &Path) -> bool {
    let text = path.to_string_lossy();
    (text.starts_with("/proc/") && text.contains("/fd/")) || supervised::is_file_path(path)
}

/// The error of a program that can't be started, with a shell's exit code (POSIX, "Exit Status for Commands"):
/// 127 if there is no such program, 126 if it can't be executed.
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
    let error = Error::new(Kind::NotFound, format!("{name}: no such program"));
    match name.contains(' ') {
        true => error.hint(format!("leave out the quotes: `bqcred exec -- {name}`")),
        false => error,
    }
}
