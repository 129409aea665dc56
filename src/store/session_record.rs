//! The list of session files that were written, in every login session: `XDG_RUNTIME_DIR` may have been another folder.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::credential::paths::{Paths, session_file_owner};
use crate::output::error::Result;
use crate::system::json_file::{Document, JsonFile};
use crate::system::json_path;
use crate::system::private_file::{Content, Lock};

/// The list.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    files: Vec<Entry>,
}

/// A session file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    #[serde(with = "json_path")]
    file: PathBuf,
    /// [`Paths::data_identity`] of its profile: several data folders may share the list.
    data_folder: String,
}

impl Document for Record {
    const HINT: Option<&str> =
        Some("it only lists session files: move it away, and `bqcred lock` finds those of now");
}

fn document(paths: &Paths) -> JsonFile<Record> {
    JsonFile::new(paths.session_record(), Content::Settings)
}

fn lock(paths: &Paths) -> Result<Lock> {
    Lock::acquire(&paths.state.join(".+session-files.lock"))
}

/// The session files of this data folder's profiles that exist, whether the profiles do or not.
pub(super) fn files(paths: &Paths) -> Vec<PathBuf> {
    let here = paths.data_identity();
    let record = document(paths).load().ok().flatten().unwrap_or_default();
    let own =
        record.files.into_iter().filter(|entry| entry.data_folder == here && is_session_file(&entry.file));
    own.map(|entry| entry.file).collect()
}

/// Adds a file that is about to be written, and drops those that are gone.
pub(super) fn add(paths: &Paths, file: &Path) -> Result<()> {
    let new = Entry { file: file.to_owned(), data_folder: paths.data_identity() };
    change(paths, |files| {
        files.retain(|entry| *entry != new && is_session_file(&entry.file));
        files.push(new);
    })
}

/// Drops the files that are gone.
pub(super) fn prune(paths: &Paths) -> Result<()> {
    let record = document(paths).load().ok().flatten().unwrap_or_default();
    if record.files.iter().all(|entry| is_session_file(&entry.file)) {
        return Ok(());
    }
    change(paths, |files| files.retain(|entry| is_session_file(&entry.file)))
}

fn change(paths: &Paths, change: impl FnOnce(&mut Vec<Entry>)) -> Result<()> {
    let lock = lock(paths)?;
    // the list names no profile's only copy of anything, so an invalid one is set aside without a word
    let ((), _notes) = document(paths).change(&lock, |record| change(&mut record.files))?;
    Ok(())
}

/// The list is removed by: nothing else may stand at such a path.
fn is_session_file(path: &Path) -> bool {
    session_file_owner(path).is_some()
        && path.parent().is_some_and(|folder| folder.ends_with("bqcred"))
        && path.symlink_metadata().is_ok_and(|found| found.is_file())
}
