//! gcloud's configuration for one sign-in: private, empty, and removed with everything in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::process;
use crate::app::App;
use crate::credential::waiting::{PREFIX, host, is_read};
use crate::output::error::{Error, Result};
use crate::store::place;
use crate::system::private_file::{self, Content, Lock};

/// The machine that made a folder, which others may share: only there can a supervisor be looked for.
const HOST: &str = "host";
/// No sign-in takes longer: what is older is nobody's on any machine.
const LONGEST: Duration = Duration::from_secs(60 * 60);

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
        private_file::write(&lock, &folder.path().join(HOST), host().as_bytes())?;
        Ok(TempConfig { folder, _lock: lock })
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves the folder to the supervisor, which removes it.
    pub(super) fn leave(mut self) {
        self.folder.disable_cleanup(true);
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

/// Removes the folders that no process of this machine holds a lock of or waits in.
pub(super) fn sweep(state: &Path) {
    for entry in std::fs::read_dir(state).into_iter().flatten().flatten() {
        let path = entry.path().with_extension("");
        // a lock alone is left where the supervisor has removed the folder of a killed first step
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && (entry.file_type().is_ok_and(|kind| kind.is_dir()) || !path.exists());
        if !is_ours || (is_of_another_machine(&path) && is_young(&path)) {
            continue;
        }
        if let Ok(Some(lock)) = Lock::acquire_within(&lock_of(&path), Duration::ZERO) {
            if !is_read(&path) && (lock.is_held() || !is_young(&path)) {
                remove(&path);
            }
            let _ = private_file::remove(&lock_of(&path));
        }
    }
}

/// Removes a folder that no supervisor waits in any more, and ends the gcloud that works there.
pub(super) fn remove(folder: &Path) {
    process::kill_users_of(folder);
    let _ = std::fs::remove_dir_all(folder);
}

fn is_of_another_machine(folder: &Path) -> bool {
    let made_by = private_file::read(&folder.join(HOST), Content::Settings).ok().flatten();
    made_by.is_some_and(|name| *name != *host().as_bytes())
}

fn is_young(folder: &Path) -> bool {
    let changed = folder.metadata().and_then(|metadata| metadata.modified());
    changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < LONGEST))
}
