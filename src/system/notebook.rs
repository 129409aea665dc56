//! The notebook that this program was started from, if any.

use std::ffi::OsString;

use crate::system::env;
use crate::system::processes::{Ancestor, Processes, ancestor};

/// The language of a kernel that bqcred has code for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// ipykernel and those like it.
    Python,
    /// IRkernel.
    R,
}

/// The highest ancestor that is searched.
const FARTHEST: usize = 16;

/// Whether this runs in a notebook's kernel, where a question would wait forever: there may be a terminal, but the user
/// can't type into it. Jupyter sets `JPY_PARENT_PID` for every kernel; a front end that starts kernels by itself, such
/// as VS Code, does not.
pub(crate) fn is_around() -> bool {
    env::get("JPY_PARENT_PID").is_some() || (may_be_in_kernel() && kernel_above().is_some())
}

/// The language of the kernel that this runs in; `None` if it is another one, or unknown.
pub(crate) fn language() -> Option<Language> {
    kernel_above().or_else(interpreter_above)
}

/// Whether this process was started by that one, or by what it started.
pub(crate) fn is_in(pid: u32) -> bool {
    ancestors().any(|(above, _)| above == pid)
}

/// ipykernel sets the one for what its cells start, and R the other. Without them no process has to be looked at.
fn may_be_in_kernel() -> bool {
    env::get("GIT_PAGER").is_some_and(|value| value == "cat") || env::get("R_HOME").is_some()
}

fn kernel_above() -> Option<Language> {
    let processes = Processes::here();
    ancestors().find_map(|(pid, _)| of_command_line(&processes.get(pid)?.argv))
}

/// Where command lines can't be read.
fn interpreter_above() -> Option<Language> {
    ancestors().find_map(|(_, Ancestor { name, .. })| match name.rsplit('/').next()? {
        "R" => Some(Language::R),
        name if name.to_ascii_lowercase().starts_with("python") => Some(Language::Python),
        _ => None,
    })
}

/// The processes above this one, nearest first.
fn ancestors() -> impl Iterator<Item = (u32, Ancestor)> {
    let first = std::os::unix::process::parent_id();
    let above = |pid: u32| Some((pid, ancestor(pid)?));
    std::iter::successors(above(first), move |(_, process)| above(process.parent)).take(FARTHEST)
}

/// The language of a kernel with this command line.
pub(crate) fn of_command_line(argv: &[OsString]) -> Option<Language> {
    let has = |part: &str| argv.iter().any(|word| word.to_string_lossy().contains(part));
    if has("ipykernel") {
        Some(Language::Python)
    } else if has("IRkernel::") {
        Some(Language::R)
    } else {
        None
    }
}
