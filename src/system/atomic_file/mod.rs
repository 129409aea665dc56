//! Writes files atomically: a file appears whole or not at all. Every file that bqcred writes is written here.
//!
//! Where the system can do it (Linux, most file systems), a file has no name while it is written (open(2),
//! `O_TMPFILE`), so that a killed process leaves nothing. To replace an older file it needs a temporary name for a
//! moment, as `link` doesn't replace. Elsewhere it has a temporary name from the start. A file with a temporary name
//! is locked by its writer: [`sweep`] removes only those that no process has locked any more.

mod temporary;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::system::interrupt;
use crate::system::regular_file;
use temporary::draft;

pub(crate) use temporary::sweep;

/// For what [`probe`] reads back, in bytes.
const SIZE_LIMIT: u64 = 64 * 1024;

/// What to do with an existing file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Replace it.
    Replace,
    /// Keep it and write nothing ([`ErrorKind::AlreadyExists`]).
    Keep,
}

/// Writes a file to disk, with mode 0600 unless `prepare` sets another. A concurrent reader, and a crash at any
/// moment, see the old content or the new one. `accept` looks at the new file while it is still empty: a file system
/// may have given it another mode.
pub(crate) fn write(
    path: &Path,
    bytes: &[u8],
    existing: Existing,
    accept: impl Fn(&File) -> io::Result<()>,
    prepare: impl Fn(&File) -> io::Result<()>,
) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::Error::new(ErrorKind::IsADirectory, "is a folder"));
    }
    let _whole = interrupt::whole();
    let folder = folder_of(path);
    let fill = |file: &mut File| {
        accept(file)?;
        file.write_all(bytes)?;
        prepare(file)?;
        file.sync_all() // before it gets its name: otherwise a crash may leave an empty file
    };
    match unnamed(folder) {
        Some(mut file) => {
            fill(&mut file)?;
            if !publish(&file, folder, path, existing)? {
                named(folder, path, existing, fill)?;
            }
        }
        None => named(folder, path, existing, fill)?,
    }
    sync_folder(folder)
}

/// Does what replacing a file in this folder will do, with files that are removed: creates, looks (`accept`), writes,
/// renames over another, and reads back.
pub(crate) fn probe(folder: &Path, bytes: &[u8], accept: impl Fn(&File) -> io::Result<()>) -> io::Result<()> {
    let older = draft(folder)?;
    let mut newer = draft(folder)?;
    accept(newer.as_file())?;
    newer.as_file_mut().write_all(bytes)?; // not `newer` itself, whose errors hide their number
    newer.as_file().sync_all()?;
    fs::rename(newer.path(), older.path())?;
    if *regular_file::read(older.path(), SIZE_LIMIT)? != *bytes {
        return Err(io::Error::other("what is read is not what was written"));
    }
    fs::remove_file(older.path())?;
    sync_folder(folder)
}

/// The folder of a file; `.` for a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Writes a rename or removal to disk. Some file systems can't sync a folder, which is no error.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        other => other,
    }
}

/// A file without a name; `None` where that can't be done. What else is wrong shows when a named one is created.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path) -> Option<File> {
    use rustix::fs::OFlags;
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    rustix::fs::open(folder, flags, 0o600.into()).ok().map(File::from)
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_folder: &Path) -> Option<File> {
    None
}

/// Gives the file its name. False where that can't be done, for example without /proc.
#[cfg(target_os = "linux")]
fn publish(file: &File, folder: &Path, path: &Path, existing: Existing) -> io::Result<bool> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use rustix::io::Errno;
    use std::os::fd::AsRawFd;
    use temporary::temporary_name;
    let source = format!("/proc/self/fd/{}", file.as_raw_fd());
    let link = |to: &Path| linkat(CWD, &source, CWD, to, AtFlags::SYMLINK_FOLLOW);
    let cannot = |error| {
        matches!(
            error,
            Errno::NOENT
                | Errno::PERM
                | Errno::ACCESS
                | Errno::XDEV
                | Errno::OPNOTSUPP
                | Errno::NOSYS
                | Errno::INVAL
        )
    };
    if existing == Existing::Keep {
        return match link(path) {
            Ok(()) => Ok(true),
            Err(error) if cannot(error) => Ok(false),
            Err(error) => Err(error.into()),
        };
    }
    crate::system::file_lock::try_lock(file)?; // no other process can have opened it: it has no name yet
    let name = loop {
        let name = temporary_name(folder);
        match link(&name) {
            Ok(()) => break name,
            Err(Errno::EXIST) => {}
            Err(error) if cannot(error) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    };
    let renamed = fs::rename(&name, path);
    if renamed.is_err() {
        let _ = fs::remove_file(&name);
    }
    renamed.map(|()| true)
}

#[cfg(not(target_os = "linux"))]
fn publish(_file: &File, _folder: &Path, _path: &Path, _existing: Existing) -> io::Result<bool> {
    Ok(false)
}

/// Writes the file under a temporary name.
fn named(
    folder: &Path,
    path: &Path,
    existing: Existing,
    fill: impl Fn(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let mut draft = draft(folder)?;
    fill(draft.as_file_mut())?;
    let failed = match existing {
        Existing::Replace => return draft.persist(path).map(drop).map_err(|failed| failed.error),
        Existing::Keep => match draft.persist_noclobber(path) {
            Ok(_) => return Ok(()),
            Err(failed) => failed,
        },
    };
    if failed.error.kind() == ErrorKind::AlreadyExists {
        return Err(failed.error);
    }
    // neither hard links nor a rename that doesn't replace: claims the name, then renames over it
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    failed.file.persist(path).map(drop).map_err(|failed| {
        let _ = fs::remove_file(path);
        failed.error
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test reads and makes files directly")]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn the_folder_of_a_bare_name_is_the_current_one() {
        assert_eq!(folder_of(Path::new("/a/b")), Path::new("/a"));
        assert_eq!(folder_of(Path::new("b")), Path::new("."));
    }

    #[test]
    fn a_file_with_a_temporary_name_is_replaced_as_a_whole() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        let fill = |text: &'static str| move |file: &mut File| file.write_all(text.as_bytes());
        named(root.path(), &path, Existing::Keep, fill("one")).unwrap();
        let kept = named(root.path(), &path, Existing::Keep, fill("two")).unwrap_err();
        assert_eq!(kept.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        named(root.path(), &path, Existing::Replace, fill("two")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        let failed = named(root.path(), &path, Existing::Replace, |_| Err(ErrorKind::StorageFull.into()));
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "no temporary file is left");
    }
}
