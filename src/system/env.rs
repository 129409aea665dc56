//! The environment that this process was started with. Read here only, and never changed.

use std::ffi::OsString;
use std::path::PathBuf;

/// An environment variable.
#[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
pub(crate) fn get(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The whole environment, for what has rules of its own about many variables (Jupyter).
#[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
pub(crate) fn all() -> Vec<(OsString, OsString)> {
    std::env::vars_os().collect()
}

/// An environment variable that is set, not empty, and text.
pub(crate) fn text(name: &str) -> Option<String> {
    get(name)?.into_string().ok().filter(|value| !value.is_empty())
}

/// The first program of this name on the PATH; the current folder doesn't count.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let path = get("PATH")?;
    std::env::split_paths(&path).filter(|folder| folder.is_absolute()).map(|folder| folder.join(name)).find(
        |candidate| {
            candidate.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        },
    )
}
