//! Finds out whether a private file can be kept at a path, before there is anything to lose.

use std::io;
use std::path::Path;

use super::owner::{is_unfit, refuse_unfit};
use super::write::not_written;
use super::{Content, Lock, create_dir, read, write_as};
use crate::output::error::Result;
use crate::system::atomic_file::{self, folder_of};

/// In bytes; larger than a credential.
const SIZE: usize = 4096;

/// Does what keeping a file at this path will do, under the same lock: creates the folder, writes a file there, looks
/// at its mode, renames it over another one, reads it back; then replaces the file itself, if it exists, by its own
/// content.
pub(crate) fn probe(lock: &Lock, path: &Path, content: Content) -> Result<()> {
    create_dir(folder_of(path))?;
    let present = read(path, content)?;
    probe_in(folder_of(path), content).map_err(|error| not_written(path, &error))?;
    match present {
        // without the lock another process may have replaced it by now, and its content would be lost
        Some(_) if !lock.is_held() => refuse_mount_point(path),
        Some(bytes) => write_as(lock, path, &bytes, content),
        None => Ok(()),
    }
}

/// Whether secret files can be kept in this folder, which is created.
pub(crate) fn probe_folder(folder: &Path) -> Result<()> {
    create_dir(folder)?;
    probe_in(folder, Content::Secret).map_err(|error| not_written(folder, &error))
}

/// Whether files in this folder have the modes of a mount, whatever they are set to: then `chmod` doesn't help.
pub(super) fn has_modes_of_a_mount(folder: &Path) -> bool {
    probe_in(folder, Content::Secret).is_err_and(|error| is_unfit(&error))
}

fn probe_in(folder: &Path, content: Content) -> io::Result<()> {
    atomic_file::probe(folder, &[0; SIZE], |file| refuse_unfit(file, content.forbidden()))
}

/// A file that is mounted on its own can't be replaced.
#[cfg(target_os = "linux")]
fn refuse_mount_point(path: &Path) -> Result<()> {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let Ok(found) = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty()) else { return Ok(()) };
    if found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
        return Err(crate::output::error::Error::file(path, "write", &rustix::io::Errno::BUSY.into()));
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn refuse_mount_point(_path: &Path) -> Result<()> {
    Ok(())
}
