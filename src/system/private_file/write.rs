//! Writes and removes files, and keeps invalid ones under another name.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::owner::refuse_other_owner;
use super::{Lock, create_dir};
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::system::atomic_file::{self, Existing, folder_of, sync_folder};
use crate::system::clock::Time;

/// Writes a file with mode 0600, replacing an older one. The lock proves that no other process does the same.
pub(crate) fn write(_lock: &Lock, path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = folder_of(path);
    create_dir(folder)?;
    atomic_file::sweep(folder);
    write_whole(path, bytes, Existing::Replace).map_err(|error| Error::file(path, "write", &error))
}

/// Writes a file outside bqcred's own folders, with mode 0600. The folder is left as it is. A link is resolved
/// first: the file that it points to is replaced, not the link.
pub(crate) fn write_elsewhere(path: &Path, bytes: &[u8]) -> Result<()> {
    let target = if path.is_symlink() {
        refuse_links_of_others(path)?;
        fs::canonicalize(path).map_err(|error| Error::file(path, "follow the link", &error))?
    } else {
        path.to_owned()
    };
    atomic_file::sweep(folder_of(&target));
    write_whole(&target, bytes, Existing::Replace).map_err(|error| Error::file(path, "write", &error))
}

/// Refuses links that other users made: in a folder like `/tmp` they could point to any file of this user.
fn refuse_links_of_others(path: &Path) -> Result<()> {
    let mut at = path.to_owned();
    // as many as the system follows, path_resolution(7)
    for _ in 0..40 {
        match fs::symlink_metadata(&at) {
            Ok(meta) if meta.is_symlink() => refuse_other_owner(&at, meta.uid())?,
            _ => return Ok(()),
        }
        let next = fs::read_link(&at).map_err(|error| Error::file(&at, "follow the link", &error))?;
        at = folder_of(&at).join(next);
    }
    Ok(())
}

/// The same for a new file. False, with nothing written, if the file exists.
pub(crate) fn create_elsewhere(path: &Path, bytes: &[u8]) -> Result<bool> {
    atomic_file::sweep(folder_of(path));
    match write_whole(path, bytes, Existing::Keep) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::file(path, "write", &error)),
    }
}

fn write_whole(path: &Path, bytes: &[u8], existing: Existing) -> std::io::Result<()> {
    atomic_file::write(path, bytes, existing, |_| Ok(()))
}

/// Removes the file. Returns whether it existed.
pub(crate) fn remove(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        // until the folder is on disk, a crash may bring the file back
        Ok(()) => match sync_folder(folder_of(path)) {
            Ok(()) => Ok(true),
            Err(error) => Err(Error::file(path, "remove permanently", &error)),
        },
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(Error::file(path, "remove", &error)),
    }
}

/// Renames an invalid file to `NAME.unreadable-TIME`, so that a new one can be written and nothing is lost.
/// Returns the new path.
pub(crate) fn set_aside(_lock: &Lock, path: &Path) -> Result<PathBuf> {
    let stamp = Time::now().to_string().replace(':', "");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    for attempt in 0..100 {
        let suffix = if attempt == 0 { String::new() } else { format!("-{attempt}") };
        let aside = path.with_file_name(format!("{name}.unreadable-{stamp}{suffix}"));
        match fs::hard_link(path, &aside) {
            Ok(()) => {
                remove(path)?;
                return Ok(aside);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::file(path, "rename", &error)),
        }
    }
    Err(Error::content(path, "is invalid, and 100 invalid files are kept beside it already"))
}

/// The same; returns a note about the problem and the new path.
pub(crate) fn set_invalid_aside(lock: &Lock, path: &Path, problem: &Error) -> Result<Notes> {
    let aside = set_aside(lock, path)?;
    let mut notes = Notes::none();
    notes.add(format!("{}; the file is kept as {}", problem.what(), aside.display()));
    Ok(notes)
}
