//! The two named pipes beside gcloud's files, and whether a process reads from them.

use std::path::{Path, PathBuf};

use crate::system::fifo;

/// The pipe by which the supervisor gets the code. Only the supervisor reads from it.
pub(super) fn code(folder: &Path) -> PathBuf {
    folder.join("code.pipe")
}

/// The pipe by which the second step gets the outcome.
pub(super) fn outcome(folder: &Path) -> PathBuf {
    folder.join("outcome.pipe")
}

/// Makes both.
pub(super) fn create(folder: &Path) -> std::io::Result<()> {
    fifo::create(&code(folder))?;
    fifo::create(&outcome(folder))
}

/// Whether a supervisor on this machine reads from the folder's pipe.
pub(super) fn is_read(folder: &Path) -> bool {
    fifo::send(&code(folder)).is_ok_and(|pipe| pipe.is_some())
}
