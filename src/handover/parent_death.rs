//! A program that ends with the process that started it, even if that is killed: otherwise it would go on asking for
//! tokens at a port that anybody may have taken.
//!
//! The kernel has to be asked by the program's own process (prctl(2), `PR_SET_PDEATHSIG`), so bqcred is started once
//! more, asks, and becomes the program. Linux only.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Signal, set_parent_process_death_signal};

use super::become_program;
use crate::output::error::{Error, reason};

/// The command by which bqcred is started once more; hidden.
pub(crate) const COMMAND: &str = "__start-under";

/// What starts the program under this process.
pub(crate) fn command(program: &[OsString]) -> Command {
    // valid even if the file was replaced by an update
    let mut command = Command::new("/proc/self/exe");
    command.arg0("bqcred").arg(COMMAND).arg(std::process::id().to_string()).arg("--").args(program);
    command
}

/// Becomes the program, which is killed when the parent ends. Returns the error if that fails.
pub(crate) fn become_program_under(parent: u32, program: &mut Command) -> Error {
    // SIGKILL: a shell and whoever started with `nohup` ignore others
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return Error::other(format!("can't tie the program to bqcred: {}", reason(&error.into())));
    }
    // it may have ended before that
    if std::os::unix::process::parent_id() != parent {
        return Error::other("the bqcred that started this program has ended");
    }
    become_program(program)
}
