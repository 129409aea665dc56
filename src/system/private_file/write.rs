//! Writes and removes files, and keeps invalid ones under another name.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::owner::{is_unfit, refuse_other_owner, refuse_unfit};
use super::{Content, Lock, create_dir, links};
use crate::output::error::{Error, Result, reason};
use crate::output::notes::Notes;
use crate::system::atomic_file::{self, Existing, folder_of, sync_folder};
use crate::system::clock::Time;
use crate::system::interrupt;

/// Writes a secret file with mode 0600, replacing an older one. The lock proves that no other process does the same.
pub(crate) fn write(lock: &Lock, path: &Path, bytes: &[u8]) -> Result<()> {
    write_as(lock, path, bytes, Content::Secret)
}

/// The same for any content. Where that may be a link, the file that it leads to is replaced, and keeps its mode.
pub(crate) fn write_as(_lock: &Lock, path: &Path, bytes: &[u8], content: Content) -> Result<()> {
    create_dir(folder_of(path))?;
    if content == Content::Shared && path.is_symlink() {
        return write_target(path, bytes);
    }
    atomic_file::sweep(folder_of(path));
    replace(path, bytes, Existing::Replace, content)
}

/// Replaces the file that a link leads to.
fn write_target(link: &Path, bytes: &[u8]) -> Result<()> {
    let target = links::resolve(link)?;
    let mode = fs::metadata(&target).map_or(0o600, |metadata| metadata.mode() & 0o755);
    let keep_mode = |file: &fs::File| file.set_permissions(fs::Permissions::from_mode(mode));
    let accept = |file: &fs::File| refuse_unfit(file, Content::Shared.forbidden());
    atomic_file::write(&target, bytes, Existing::Replace, accept, keep_mode).map_err(|error| {
        Error::content(
            link,
            format!("is a link to {}, which can't be written: {}", target.display(), reason(&error)),
        )
        .hint("change that file where it is made, or replace the link by a file")
    })
}

/// Writes a file outside bqcred's own folders, with mode 0600. The folder is left as it is. A link is resolved
/// first: the file that it points to is replaced, not the link. A file of another user is refused.
pub(crate) fn write_elsewhere(path: &Path, bytes: &[u8]) -> Result<()> {
    let target = if path.is_symlink() { links::resolve(path)? } else { path.to_owned() };
    if let Ok(metadata) = fs::symlink_metadata(&target) {
        refuse_other_owner(&target, metadata.uid())?;
    }
    atomic_file::sweep(folder_of(&target));
    replace(&target, bytes, Existing::Replace, Content::Secret)
}

/// Where a file outside bqcred's folders is, with the links on the way resolved: those of this user or root.
pub(crate) fn target_elsewhere(path: &Path) -> Result<PathBuf> {
    fs::metadata(folder_of(path)).map_err(|error| Error::file(path, "write", &error))?;
    links::resolve(path)
}

/// Writes a file outside bqcred's own folders again and again. An existing one keeps its owner, group and mode; a new
/// one has mode 0600. Only root may replace the file of another user.
pub(crate) fn renew_elsewhere(target: &Path, bytes: &[u8]) -> Result<()> {
    let Some(old) = renewable(target)? else {
        return replace(target, bytes, Existing::Replace, Content::Secret);
    };
    let accept = |file: &fs::File| refuse_unfit(file, Content::Secret.forbidden());
    let keep_rights = |file: &fs::File| {
        let new = file.metadata()?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()))?;
        }
        file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o777))
    };
    atomic_file::sweep(folder_of(target));
    atomic_file::write(target, bytes, Existing::Replace, accept, keep_rights)
        .map_err(|error| not_written(target, &error))
}

/// What is known of the file that [`renew_elsewhere`] replaces; `None` if there is none.
pub(crate) fn renewable(target: &Path) -> Result<Option<fs::Metadata>> {
    let metadata = match fs::symlink_metadata(target) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file(target, "look at", &error)),
    };
    if !metadata.is_file() {
        return Err(Error::content(target, "is not a regular file"));
    }
    let me = rustix::process::geteuid();
    if metadata.uid() != me.as_raw() && !me.is_root() {
        let problem = format!("belongs to another user (uid {})", metadata.uid());
        return Err(Error::content(target, problem));
    }
    Ok(Some(metadata))
}

/// Writes a new file outside bqcred's own folders, with mode 0600. False, with nothing written, if the file exists.
pub(crate) fn create_elsewhere(path: &Path, bytes: &[u8]) -> Result<bool> {
    atomic_file::sweep(folder_of(path));
    match whole(path, bytes, Existing::Keep, Content::Secret) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(not_written(path, &error)),
    }
}

fn replace(path: &Path, bytes: &[u8], existing: Existing, content: Content) -> Result<()> {
    whole(path, bytes, existing, content).map_err(|error| not_written(path, &error))
}

fn whole(path: &Path, bytes: &[u8], existing: Existing, content: Content) -> std::io::Result<()> {
    atomic_file::write(path, bytes, existing, |file| refuse_unfit(file, content.forbidden()), |_| Ok(()))
}

pub(super) fn not_written(path: &Path, error: &std::io::Error) -> Error {
    let told = Error::file(path, "write", error);
    if is_unfit(error) {
        told.hint("choose a folder on another file system; nothing was written here")
    } else {
        told
    }
}

/// Removes the file. Returns whether it existed.
pub(crate) fn remove(path: &Path) -> Result<bool> {
    let _whole = interrupt::whole();
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
        // the lock keeps the name free until the rename; a hard link would take it for sure, but isn't had everywhere
        if aside.symlink_metadata().is_ok() {
            continue;
        }
        return fs::rename(path, &aside)
            .and_then(|()| sync_folder(folder_of(path)))
            .map(|()| aside)
            .map_err(|error| Error::file(path, "rename", &error));
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
