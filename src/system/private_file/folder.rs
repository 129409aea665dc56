//! Private folders, on disk and in memory.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use super::links;
use super::owner::{refuse_link, refuse_other_owner};
use crate::output::error::{Error, Result};
use crate::output::shell_word::shell_word;
use crate::system::atomic_file::folder_of;

/// Creates a private folder, and those above it, with mode 0700, unless it exists. An existing folder of this user
/// is set to 0700 if others have access; a link or another user's folder is refused, and so is a file system on which
/// others keep the right to write.
pub(crate) fn create_dir(path: &Path) -> Result<()> {
    if path.is_symlink() {
        return Err(refuse_link(path));
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| not_created(path, &error))?;
    let look = || fs::symlink_metadata(path).map_err(|error| Error::file(path, "use", &error));
    let metadata = look()?;
    if metadata.is_symlink() {
        return Err(refuse_link(path));
    }
    refuse_other_owner(path, metadata.uid())?;
    if metadata.mode() & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
        .map_err(|error| Error::file(path, "make private", &error))?;
    let mode = look()?.mode() & 0o7777;
    if mode & 0o022 != 0 {
        let problem = format!(
            "the file system keeps its mode at {mode:04o}, so that other users can change what is in it"
        );
        return Err(Error::content(path, problem));
    }
    Ok(())
}

/// Names what is in the way of a new folder: the system only says that something exists.
fn not_created(path: &Path, error: &std::io::Error) -> Error {
    let obstacle = path.ancestors().find(|place| place.symlink_metadata().is_ok());
    let Some(obstacle) = obstacle.filter(|place| !place.is_dir()) else {
        return Error::file(path, "create the folder", error);
    };
    if links::is_dangling(obstacle) {
        let target = obstacle.parent().unwrap_or(obstacle).join(fs::read_link(obstacle).unwrap_or_default());
        return links::dangling(obstacle)
            .hint(format!("`mkdir -p {}`, or remove the link", shell_word(&target)));
    }
    Error::content(obstacle, "is a file, not a folder")
}

/// Creates a private folder in memory, unless it exists: its files are never on a disk, and gone when the machine
/// is off. The folder above it has to exist, and must not be writable by others.
pub(crate) fn create_memory_dir(path: &Path) -> Result<()> {
    let above = folder_of(path);
    let metadata = fs::metadata(above).map_err(|error| Error::file(above, "use", &error))?;
    refuse_other_owner(above, metadata.uid())?;
    if metadata.mode() & 0o022 != 0 && metadata.mode() & 0o1000 == 0 {
        return Err(Error::content(above, "can be changed by others, so bqcred doesn't trust it"));
    }
    refuse_disk(above)?;
    create_dir(path)?;
    refuse_disk(path) // another file system may be mounted there
}

/// Accepts tmpfs and ramfs. Other file systems may be in memory too, but that can't be known.
#[cfg(target_os = "linux")]
fn refuse_disk(folder: &Path) -> Result<()> {
    // statfs(2)
    const TMPFS_MAGIC: u64 = 0x0102_1994;
    const RAMFS_MAGIC: u64 = 0x8584_58f6;
    let system = rustix::fs::statfs(folder).map_err(|error| Error::file(folder, "look at", &error.into()))?;
    match u64::try_from(system.f_type) {
        Ok(TMPFS_MAGIC | RAMFS_MAGIC) => Ok(()),
        _ => Err(Error::content(folder, "is on a disk, not in memory")),
    }
}

/// Other systems have no folders in memory; the session's private folder is the best there is.
#[cfg(not(target_os = "linux"))]
fn refuse_disk(_folder: &Path) -> Result<()> {
    Ok(())
}
