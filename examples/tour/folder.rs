//! The folder in which everything happens: Ada's home.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{Result, interrupt};

/// A private folder, removed when the tour ends, however that is.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// Makes it, with bqcred in it. All later temporary files of the tour go there too.
    pub(crate) fn new(bqcred: &Path) -> Result<Folder> {
        // short, so that its paths fit into a line
        let home = tempfile::Builder::new().prefix("bq-").rand_bytes(2).tempdir();
        let folder = Folder(home.map_err(|e| format!("no temporary folder can be made: {e}"))?);
        interrupt::remove_when_interrupted(folder.path().to_owned())?;
        for inner in [folder.programs(), folder.temporary()] {
            std::fs::create_dir(&inner).map_err(|e| format!("{}: {e}", inner.display()))?;
        }
        let link = folder.programs().join("bqcred");
        std::os::unix::fs::symlink(bqcred, &link).map_err(|e| format!("{}: {e}", link.display()))?;
        // the stand-in for Google makes temporary files of its own
        let _ = tempfile::env::override_temp_dir(&folder.temporary());
        Ok(folder)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where bqcred is.
    pub(crate) fn programs(&self) -> PathBuf {
        self.path().join("bin")
    }

    /// For temporary files.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.path().join("tmp")
    }

    /// Puts a file there.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path().join(name);
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Removes it, where its end can be waited for.
    pub(crate) fn remove(self) -> Result<()> {
        self.0.close().map_err(|e| format!("the tour's folder can't be removed: {e}"))
    }
}
