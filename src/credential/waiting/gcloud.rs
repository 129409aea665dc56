//! A gcloud that waits for the code of a sign-in: what it is found by, and whether it still waits.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::credential::paths::Paths;
use crate::system::fifo;

/// How the names of the folders of gcloud's configuration begin.
pub(crate) const PREFIX: &str = "gcloud-";

/// What a gcloud that waits for its code is found by. Nothing in it is secret.
#[derive(Deserialize, Serialize)]
pub(crate) struct Kept {
    /// The name of its configuration's folder, below bqcred's folder of pending sign-ins.
    pub(crate) folder: String,
    /// The hash of the `state` in the address that gcloud printed.
    pub(crate) state: Option<String>,
    /// The machine that it waits on.
    pub(crate) host: String,
    /// How long it waits, in seconds.
    pub(crate) valid_for: u64,
}

impl Kept {
    /// Whether it can still be given a code, as far as this machine can tell.
    pub(crate) fn is_waiting(&self, paths: &Paths) -> bool {
        is_read(&self.folder(paths)) || self.host != host()
    }

    /// Its configuration's folder. A name that was changed leads nowhere else.
    pub(crate) fn folder(&self, paths: &Paths) -> PathBuf {
        let is_ours = self.folder.starts_with(PREFIX) && !self.folder.contains('/');
        paths.state.join(if is_ours { self.folder.as_str() } else { PREFIX })
    }
}

/// The pipe beside gcloud's files by which its supervisor gets the code. Only the supervisor reads from it.
pub(crate) fn code_pipe(folder: &Path) -> PathBuf {
    folder.join("code.pipe")
}

/// Whether a supervisor on this machine reads from the folder's pipe.
pub(crate) fn is_read(folder: &Path) -> bool {
    fifo::send(&code_pipe(folder)).is_ok_and(|pipe| pipe.is_some())
}

/// The name of this machine.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
