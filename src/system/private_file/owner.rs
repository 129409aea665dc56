//! Refuses links, and files and folders of other users.

use std::path::Path;

use crate::output::error::{Error, Result};

pub(super) fn refuse_link(path: &Path) -> Error {
    Error::content(path, "is a symbolic link; bqcred doesn't follow links to its own files and folders")
        .hint("put the file itself there, or remove the link")
}

pub(super) fn refuse_other_owner(path: &Path, owner: u32) -> Result<()> {
    let me = rustix::process::geteuid().as_raw();
    // root can do anything anyway, and its mode lets us read it: an administrator put it there
    if owner == me || owner == 0 {
        return Ok(());
    }
    Err(Error::content(path, format!("belongs to another user (uid {owner}), so bqcred doesn't trust it")))
}
