//! Refuses links, files and folders of other users, and new files that others could use.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::output::error::{Error, Result};

pub(super) fn refuse_link(path: &Path) -> Error {
    Error::content(path, "is a symbolic link; bqcred doesn't follow links to its own files and folders")
        .hint("put the file itself there, or remove the link")
}

pub(super) fn refuse_other_owner(path: &Path, owner: u32) -> Result<()> {
    if is_trusted(owner) {
        return Ok(());
    }
    Err(Error::content(path, format!("belongs to another user (uid {owner}), so bqcred doesn't trust it")))
}

/// Whether this is the user's uid or root's: root can do anything anyway, and an administrator put its files there.
pub(super) fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == rustix::process::geteuid().as_raw()
}

/// Why a file system can't hold private files.
#[derive(Debug)]
enum Unfit {
    /// New files have this mode, and keep it.
    Mode(u32),
    /// New files belong to this user.
    Owner(u32),
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unfit::Mode(mode) => write!(
                f,
                "the file system gives every file the mode {mode:04o}, so that other users can use it"
            ),
            Unfit::Owner(owner) => {
                write!(f, "the file system gives new files to another user (uid {owner})")
            }
        }
    }
}

impl std::error::Error for Unfit {}

/// Whether a write failed because the file system can't hold private files, as [`refuse_unfit`] says.
pub(super) fn is_unfit(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Unfit>())
}

/// Looks at a new file, which was created with mode 0600, before anything is written to it: on some mounts (gcsfuse,
/// Azure Files, WSL's drvfs) owner and mode are those of the mount. `forbidden`: the bits that it must not have.
pub(super) fn refuse_unfit(file: &File, forbidden: u32) -> io::Result<()> {
    let metadata = file.metadata()?;
    if !is_trusted(metadata.uid()) {
        return Err(io::Error::other(Unfit::Owner(metadata.uid())));
    }
    if metadata.mode() & forbidden == 0 {
        return Ok(());
    }
    let _ = file.set_permissions(Permissions::from_mode(0o600)); // what came of it counts
    match file.metadata()?.mode() & 0o7777 {
        mode if mode & forbidden != 0 => Err(io::Error::other(Unfit::Mode(mode))),
        _ => Ok(()),
    }
}
