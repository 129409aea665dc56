//! gcloud's configuration for one sign-in: private, empty, and removed with everything in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::app::App;
use crate::output::error::{Error, Result};
use crate::store::place;
use crate::system::private_file::{self, Lock};

const PREFIX: &str = "gcloud-";

/// A folder for `CLOUDSDK_CONFIG`, which is removed when this is dropped.
pub(super) struct TempConfig {
    folder: tempfile::TempDir,
    _lock: Lock,
}

impl TempConfig {
    /// Makes the folder, and removes those that killed sign-ins left.
    pub(super) fn new(app: &App) -> Result<TempConfig> {
        TempConfig::make(app).map_err(|error| place::suggest(&app.paths, error))
    }

    fn make(app: &App) -> Result<TempConfig> {
        private_file::create_dir(&app.paths.state)?;
        // until the new folder has its own lock, no other process may sweep
        let _all = Lock::acquire(&app.paths.state.join(".+gcloud.lock"))?;
        sweep(&app.paths.state);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(&app.paths.state) // created with mode 0700
            .map_err(|error| Error::file(&app.paths.state, "write to", &error))?;
        let lock = Lock::acquire(&lock_of(folder.path()))?;
        // gcloud keeps here for ten minutes whether this is a VM. On a VM it would ask whether the user
        // really wants a credential of their own, and refuse where it can't ask (gcloud 528).
        private_file::write(&lock, &folder.path().join("gce"), b"False")?;
        Ok(TempConfig { folder, _lock: lock })
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for TempConfig {
    fn drop(&mut self) {
        let _ = private_file::remove(&lock_of(self.folder.path()));
    }
}

fn lock_of(folder: &Path) -> PathBuf {
    folder.with_extension("lock")
}

/// Removes the folders that no process holds a lock of.
fn sweep(state: &Path) {
    for entry in std::fs::read_dir(state).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_ours {
            continue;
        }
        if let Ok(Some(_lock)) = Lock::acquire_within(&lock_of(&path), Duration::ZERO) {
            let _ = std::fs::remove_dir_all(&path);
            let _ = private_file::remove(&lock_of(&path));
        }
    }
}
