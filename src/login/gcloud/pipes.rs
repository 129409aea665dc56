//! The two named pipes beside gcloud's files.

use std::path::{Path, PathBuf};

use crate::credential::waiting::code_pipe;
use crate::system::fifo;

/// The pipe by which the second step gets the outcome.
pub(super) fn outcome(folder: &Path) -> PathBuf {
    folder.join("outcome.pipe")
}

/// Makes both.
pub(super) fn create(folder: &Path) -> std::io::Result<()> {
    fifo::create(&code_pipe(folder))?;
    fifo::create(&outcome(folder))
}
