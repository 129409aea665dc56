//! How this program is called in a command that somebody copies, and how it starts itself.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::output::error::{Error, Result};
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
///
/// # Errors
/// If it is found by a path alone that code, which is text, can't name.
pub(crate) fn word() -> Result<String> {
    path().map_or_else(|| Ok("bqcred".to_owned()), text)
}

fn text(path: PathBuf) -> Result<String> {
    path.into_os_string().into_string().map_err(|path| {
        let what = format!("the path of bqcred is not UTF-8, so a cell can't name it: {}", path.display());
        Error::other(what).hint("install bqcred at another path, or add its folder to the PATH")
    })
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

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn a_path_that_is_no_text_is_refused_and_not_changed() {
        assert_eq!(text(PathBuf::from("/venv/bin/bqcred")).unwrap(), "/venv/bin/bqcred");
        let error = text(PathBuf::from(OsString::from_vec(b"/venv\xff/bin/bqcred".to_vec()))).unwrap_err();
        assert!(error.what().contains("not UTF-8"), "{}", error.what());
    }
}
