//! Private folders, on disk and in memory.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::Access;

use super::links;
use super::owner::{refuse_link, refuse_other_owner};
use super::probe::has_modes_of_a_mount;
use crate::output::error::{Error, Kind, Result};
use crate::output::shell_word::shell_word;
use crate::system::atomic_file::folder_of;
use crate::system::users;

/// Creates a private folder, and those above it, with mode 0700, unless it exists. An existing folder of this user
/// is set to 0700 if others have access; a link or another user's folder is refused, and so is a file system on which
/// others keep the right to write.
pub(crate) fn create_dir(path: &Path) -> Result<()> {
    if path.is_symlink() {
        return Err(refuse_link(path));
    }
    if path.symlink_metadata().is_err() {
        refuse_missing_home(path)?;
        refuse_to_lock_out(path)?;
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
    let closed = fs::set_permissions(path, fs::Permissions::from_mode(0o700));
    let mode = look()?.mode() & 0o7777; // what came of it counts: some file systems refuse, some do nothing
    match closed {
        _ if mode & 0o022 == 0 => Ok(()),
        Err(error) if error.kind() != ErrorKind::PermissionDenied => {
            Err(Error::file(path, "make private", &error))
        }
        _ => Err(kept_open(path, mode)),
    }
}

fn kept_open(path: &Path, mode: u32) -> Error {
    Error::content(
        path,
        format!("the file system keeps its mode at {mode:04o}, so that other users can change what is in it"),
    )
}

/// Refuses a folder in which others could have replaced a file. A missing one is none.
pub(crate) fn check_dir(path: &Path) -> Result<()> {
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    if metadata.is_symlink() {
        return Err(refuse_link(path));
    }
    refuse_other_owner(path, metadata.uid())?;
    if metadata.mode() & 0o022 == 0 || !metadata.is_dir() {
        return Ok(());
    }
    let mode = metadata.mode() & 0o7777;
    if has_modes_of_a_mount(path) {
        return Err(kept_open(path, mode));
    }
    Err(Error::content(path, format!("its mode {mode:04o} lets others change what is in it"))
        .hint(format!("`chmod 700 {}`, if you trust what is in it", shell_word(path)))
        .open_to_others())
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

/// A home is never made: a wrong HOME would become one, and another process would take it for real.
pub(crate) fn refuse_missing_home(path: &Path) -> Result<()> {
    match users::own_home().filter(|home| path.starts_with(home) && !home.exists()) {
        Some(home) => Err(missing_home(&home).hint(
            "set HOME to a folder that exists; XDG_CONFIG_HOME, XDG_STATE_HOME and XDG_CACHE_HOME lead bqcred's files elsewhere",
        )),
        None => Ok(()),
    }
}

/// What is said where something belongs in a home folder that doesn't exist.
pub(crate) fn missing_home(home: &Path) -> Error {
    Error::new(Kind::Store, format!("your home folder {} does not exist", home.display()))
}

/// Root may create folders in anybody's home, who could not use them then: `sudo` may keep the HOME of who called it.
fn refuse_to_lock_out(path: &Path) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let Some((above, owner)) = path
        .ancestors()
        .skip(1)
        .find_map(|above| above.metadata().ok().map(|found| (above, found.uid())))
        .filter(|(_, owner)| *owner != 0)
    else {
        return Ok(());
    };
    let what = format!(
        "{} belongs to another user (uid {owner}), and this runs as root: what root creates there, that user can't use; \
         nothing was changed",
        above.display()
    );
    Err(Error::new(Kind::Store, what).hint(format!(
        "run it as that user: `sudo -H -u '#{owner}' bqcred …`; or set HOME to your own: `HOME=~root bqcred …`"
    )))
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

#[cfg(target_os = "linux")]
fn refuse_disk(folder: &Path) -> Result<()> {
    match is_memory(folder).map_err(|error| Error::file(folder, "look at", &error))? {
        true => Ok(()),
        false => Err(Error::content(folder, "is on a disk, not in memory")),
    }
}

/// Other systems have no folders in memory; the session's private folder is the best there is.
#[cfg(not(target_os = "linux"))]
fn refuse_disk(_folder: &Path) -> Result<()> {
    Ok(())
}

/// Whether a folder is known to be in memory: one in tmpfs or ramfs. Other file systems may be in memory too, but that
/// can't be known.
#[cfg(target_os = "linux")]
fn is_memory(folder: &Path) -> std::io::Result<bool> {
    // statfs(2)
    const TMPFS_MAGIC: u64 = 0x0102_1994;
    const RAMFS_MAGIC: u64 = 0x8584_58f6;
    let system = rustix::fs::statfs(folder)?;
    Ok(matches!(u64::try_from(system.f_type), Ok(TMPFS_MAGIC | RAMFS_MAGIC)))
}

#[cfg(not(target_os = "linux"))]
fn is_memory(_folder: &Path) -> std::io::Result<bool> {
    Ok(false)
}

/// Whether this folder is known to be in this machine's memory, so that no other machine can have it.
pub(crate) fn is_in_memory(folder: &Path) -> bool {
    is_memory(folder).unwrap_or(false)
}

/// Checks that files can be removed from this folder. It need not have room for new ones.
pub(crate) fn check_changeable(folder: &Path) -> Result<()> {
    rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| Error::file(folder, "change", &error.into()))
}
