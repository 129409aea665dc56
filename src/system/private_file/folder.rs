//! Private folders, on disk and in memory.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use super::owner::{refuse_link, refuse_other_owner};
use crate::output::error::{Error, Result};
use crate::system::atomic_file::{self, folder_of};

/// Makes sure of a private folder (and of those above it), 0700 from birth. A folder of ours that
/// others can enter is closed to them; a link or a folder of another owner is refused.
pub(crate) fn create_dir(path: &Path) -> Result<()> {
    match fs::DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Ok(()) => {}
        // "exists" comes from a file or a dangling link in the way: say which
        Err(error) if error.kind() == ErrorKind::AlreadyExists && !path.is_symlink() => {
            return Err(Error::content(path, "is a file, where a folder has to be"));
        }
        Err(error) if !path.is_symlink() => return Err(Error::file(path, "create the folder", &error)),
        Err(_) => return Err(refuse_link(path)),
    }
    let metadata = fs::symlink_metadata(path).map_err(|error| Error::file(path, "use", &error))?;
    if metadata.is_symlink() {
        return Err(refuse_link(path));
    }
    refuse_other_owner(path, metadata.uid())?;
    if metadata.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))
            .map_err(|error| Error::file(path, "make private", &error))?;
    }
    Ok(())
}

/// Makes sure of a private folder that lies in memory: what is in it is gone with the machine's power
/// and was on no disk. The folder above it has to be there, and nobody else may be able to change it.
pub(crate) fn create_memory_dir(path: &Path) -> Result<()> {
    let above = folder_of(path);
    let metadata = fs::metadata(above).map_err(|error| Error::file(above, "use", &error))?;
    refuse_other_owner(above, metadata.uid())?;
    if metadata.mode() & 0o022 != 0 && metadata.mode() & 0o1000 == 0 {
        return Err(Error::content(above, "can be changed by others, so bqcred doesn't trust it"));
    }
    refuse_disk(above)?;
    create_dir(path)?;
    refuse_disk(path) // something else may be mounted there
}

/// tmpfs and ramfs lie in memory; what else does is not known for sure.
#[cfg(target_os = "linux")]
fn refuse_disk(folder: &Path) -> Result<()> {
    // statfs(2)
    const TMPFS_MAGIC: u64 = 0x0102_1994;
    const RAMFS_MAGIC: u64 = 0x8584_58f6;
    let system = rustix::fs::statfs(folder).map_err(|error| Error::file(folder, "look at", &error.into()))?;
    match u64::try_from(system.f_type) {
        Ok(TMPFS_MAGIC | RAMFS_MAGIC) => Ok(()),
        _ => Err(Error::content(folder, "lies on a disk, not in memory (it is no tmpfs)")),
    }
}

/// Other systems have no folders in memory; the session's own, private folder is the best that they have.
#[cfg(not(target_os = "linux"))]
fn refuse_disk(_folder: &Path) -> Result<()> {
    Ok(())
}

/// Makes sure that files can be written to this folder, by writing one without a name.
pub(crate) fn check_writable(folder: &Path) -> Result<()> {
    atomic_file::probe(folder, &[0; 4096]).map_err(|error| Error::file(folder, "write to", &error))
}
