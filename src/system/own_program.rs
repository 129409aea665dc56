//! How this program is called in a command that somebody copies, and how it starts itself.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::system::{env, terminal};

/// The path to call this program by, where its name alone would not be found: `pip` in a notebook installs it beside the
/// kernel's Python, and the PATH of a cell's commands does not lead there. `None` where `bqcred` is found, and outside
/// of notebooks.
pub(crate) fn path() -> Option<PathBuf> {
    if !terminal::in_notebook() || env::find_program("bqcred").is_some() {
        return None;
    }
    std::env::current_exe().ok()
}

/// The word for it in Python's and R's `c("bqcred", "login")`.
pub(crate) fn word() -> String {
    path().map_or_else(|| "bqcred".to_owned(), |path| path.to_string_lossy().into_owned())
}

/// Starts this program once more, even if its file was replaced by an update.
pub(crate) fn again() -> std::io::Result<Command> {
    let program = match cfg!(target_os = "linux") {
        true => PathBuf::from("/proc/self/exe"),
        false => std::env::current_exe()?,
    };
    let mut command = Command::new(program);
    command.arg0("bqcred");
    Ok(command)
}
