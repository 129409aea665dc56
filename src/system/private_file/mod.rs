//! The only reader and writer of files that other users must not see or change.
//!
//! A reader takes regular files of this user only: no symbolic link, no FIFO, nothing huge, nothing
//! that others could have written. A writer holds a lock, writes a temporary file that is private
//! from the beginning, syncs it, renames it over the old one and syncs the folder: a reader at that
//! moment, or after a power failure, finds the old content or the new.

mod fleeting;

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::OFlags;

use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::output::secret::SecretBytes;
use crate::output::shell_word::shell_word;
use crate::system::atomic_file::{self, Existing, folder_of, sync_folder};
use crate::system::regular_file::{self, Links};

pub(crate) use fleeting::Fleeting;

/// The largest file that is read, in bytes: bqcred's own are far smaller.
const SIZE_LIMIT: u64 = 1024 * 1024;
/// Locks are held for milliseconds; after this wait, the holder is a stopped process.
const LOCK_PATIENCE: Duration = Duration::from_secs(20);

/// What a file may hold, and so who else may have access to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Refresh tokens and the like: no other user may read or write the file.
    Secret,
    /// Settings: no other user may write the file.
    Settings,
    /// A file that the user names, anywhere: links are followed, any mode is accepted.
    Foreign,
}

/// The file's content; `None` if there is no such file.
pub(crate) fn read(path: &Path, content: Content) -> Result<Option<SecretBytes>> {
    let links = if content == Content::Foreign { Links::Follow } else { Links::Refuse };
    let opened = regular_file::open(path, links);
    let file = match opened {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(_) if content != Content::Foreign && path.is_symlink() => return Err(refuse_link(path)),
        Err(error) => return Err(Error::file(path, "read", &error)),
    };
    let size = check(path, &file, content)?;
    match regular_file::read_whole(&file, size, SIZE_LIMIT) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::FileTooLarge => Err(too_large(path)),
        Err(error) => Err(Error::file(path, "read", &error)),
    }
}

/// Refuses what is not a regular file, is too large, or is open to other users. Returns the size in bytes.
fn check(path: &Path, file: &File, content: Content) -> Result<u64> {
    let metadata = file.metadata().map_err(|error| Error::file(path, "read", &error))?;
    if metadata.is_dir() {
        return Err(in_the_way(Error::content(path, "is a folder, where a file has to be"), path, content));
    }
    if !metadata.is_file() {
        return Err(in_the_way(Error::content(path, "is not a regular file"), path, content));
    }
    if metadata.len() > SIZE_LIMIT {
        return Err(in_the_way(too_large(path), path, content));
    }
    let forbidden = match content {
        Content::Secret => 0o077,
        Content::Settings => 0o022,
        Content::Foreign => return Ok(metadata.len()),
    };
    refuse_other_owner(path, metadata.uid())?;
    if metadata.mode() & forbidden != 0 {
        let others = if content == Content::Secret { "read or change" } else { "change" };
        return Err(Error::content(
            path,
            format!("its mode {:04o} lets others {others} it", metadata.mode() & 0o7777),
        )
        .hint(format!("`chmod 600 {}`, if you trust what is in it", shell_word(path))));
    }
    Ok(metadata.len())
}

/// In bqcred's own folders, the user has to move away what is not one of its files.
fn in_the_way(error: Error, path: &Path, content: Content) -> Error {
    if content == Content::Foreign {
        return error;
    }
    let mut aside = path.as_os_str().to_owned();
    aside.push(".aside");
    error.hint(format!("move it away: `mv {} {}`", shell_word(path), shell_word(Path::new(&aside))))
}

fn too_large(path: &Path) -> Error {
    Error::content(path, "is larger than 1 MiB, so it is nothing that bqcred works with")
}

fn refuse_link(path: &Path) -> Error {
    Error::content(path, "is a symbolic link; bqcred doesn't follow links where it keeps things")
        .hint("put the file itself there, or remove the link")
}

fn refuse_other_owner(path: &Path, owner: u32) -> Result<()> {
    let me = rustix::process::geteuid().as_raw();
    // A file of root's is not an attack, and its mode lets us read it: an administrator put it there.
    if owner == me || owner == 0 {
        return Ok(());
    }
    Err(Error::content(path, format!("belongs to another user (uid {owner}), so bqcred doesn't trust it")))
}

/// Makes sure of a private folder (and of those above it), 0700 from the beginning. A folder of ours that
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

/// Makes sure of a private folder in memory: its content is lost when the machine is switched off and is
/// never on a disk. The folder above it has to exist, and no other user may be able to change it.
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

/// tmpfs and ramfs are in memory; of other file systems that is not known for sure.
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

/// Other systems have no folders in memory; the session's own, private folder is the best that they have.
#[cfg(not(target_os = "linux"))]
fn refuse_disk(_folder: &Path) -> Result<()> {
    Ok(())
}

/// Makes sure that files can be written to this folder, by writing one without a name.
pub(crate) fn check_writable(folder: &Path) -> Result<()> {
    atomic_file::probe(folder, &[0; 4096]).map_err(|error| Error::file(folder, "write to", &error))
}

/// The right to change what is beside a lock file. Released when dropped, or when the process ends.
pub(crate) struct Lock(#[expect(dead_code, reason = "held for its lock")] File);

impl Lock {
    /// Waits for the lock, for a while.
    pub(crate) fn acquire(path: &Path) -> Result<Lock> {
        Lock::acquire_within(path, LOCK_PATIENCE)?.ok_or_else(|| {
            Error::new(Kind::Store, format!("another bqcred still holds the lock {}", path.display()))
                .hint("look for a stopped process: `pgrep -l bqcred`")
        })
    }

    /// Waits for the lock at most this long; `None` if another process held it all the time.
    pub(crate) fn acquire_within(path: &Path, patience: Duration) -> Result<Option<Lock>> {
        if let Some(folder) = path.parent() {
            create_dir(folder)?;
        }
        let file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
            .open(path)
            .map_err(|error| Error::file(path, "lock", &error))?;
        match file.try_lock() {
            Ok(()) => return Ok(Some(Lock(file))),
            Err(fs::TryLockError::WouldBlock) => {}
            Err(fs::TryLockError::Error(error)) => return Err(Error::file(path, "lock", &error)),
        }
        if patience.is_zero() {
            return Ok(None);
        }
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || sender.send(file.lock().map(|()| file)));
        match receiver.recv_timeout(patience) {
            Ok(Ok(file)) => Ok(Some(Lock(file))),
            Ok(Err(error)) => Err(Error::file(path, "lock", &error)),
            Err(_) => Ok(None),
        }
    }
}

/// Replaces the file's content, or creates the file, 0600. The lock proves that no other process does so.
pub(crate) fn write(_lock: &Lock, path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = folder_of(path);
    create_dir(folder)?;
    atomic_file::sweep(folder);
    write_whole(path, bytes, Existing::Replace).map_err(|error| Error::file(path, "write", &error))
}

/// Writes a file outside bqcred's own folders, 0600: the folder stays as it is, a link is resolved
/// first, so that the file it points to is replaced and not the link.
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

/// A link in a folder that others can write to (`/tmp`) may be theirs, and lead to any file of ours.
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

/// The same where nothing may be there yet. False, with nothing written, if there is something.
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

/// Removes the file. Says whether there was one.
pub(crate) fn remove(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        // until the folder is synced, a crash may undo the removal
        Ok(()) => match sync_folder(folder_of(path)) {
            Ok(()) => Ok(true),
            Err(error) => Err(Error::file(path, "remove for good", &error)),
        },
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(Error::file(path, "remove", &error)),
    }
}

/// Gives an invalid file another name, so that a new one can take its place and
/// nothing is lost. Returns the new path.
pub(crate) fn set_aside(_lock: &Lock, path: &Path) -> Result<PathBuf> {
    let stamp = crate::system::clock::Time::now().to_string().replace(':', "");
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
    Err(Error::content(path, "is invalid, and too many like it were set aside today"))
}

/// The same, with a note that says what is wrong with the content and where it is kept.
pub(crate) fn set_invalid_aside(lock: &Lock, path: &Path, problem: &Error) -> Result<Notes> {
    let aside = set_aside(lock, path)?;
    let mut notes = Notes::none();
    notes.add(format!("{}; the file is kept as {}", problem.what(), aside.display()));
    Ok(notes)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test reads and makes files directly")]
mod tests {
    use super::*;

    fn private_folder() -> tempfile::TempDir {
        tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o700)).tempdir().unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_new_file_and_its_folders_are_private_from_the_beginning() {
        let root = private_folder();
        let path = root.path().join("a/b/file");
        let lock = Lock::acquire(&root.path().join("a/.lock")).unwrap();
        write(&lock, &path, b"x").unwrap();
        assert_eq!((mode(&path), mode(&root.path().join("a/b"))), (0o600, 0o700));
        assert_eq!(read(&path, Content::Secret).unwrap().unwrap().as_slice(), b"x");
    }

    #[test]
    fn a_missing_file_is_not_an_error() {
        let root = private_folder();
        assert!(read(&root.path().join("no/such"), Content::Secret).unwrap().is_none());
    }

    #[test]
    fn links_folders_fifos_and_open_modes_are_refused() {
        let root = private_folder();
        let file = root.path().join("file");
        fs::write(&file, "x").unwrap();
        let refused = |content| read(&file, content).unwrap_err().what().to_owned();
        assert!(refused(Content::Secret).contains("mode 0644 lets others read or change it"));
        assert!(read(&file, Content::Settings).unwrap().is_some());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(refused(Content::Settings).contains("mode 0666 lets others change it"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let link = root.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(read(&link, Content::Secret).unwrap_err().what().contains("doesn't follow links"));
        let no_name = root.path().join("x".repeat(300));
        assert!(read(&no_name, Content::Secret).unwrap_err().what().contains("can't read"));
        assert!(read(&link, Content::Foreign).unwrap().is_some());
        assert!(read(root.path(), Content::Secret).unwrap_err().what().contains("folder"));
        let fifo = root.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        assert!(read(&fifo, Content::Secret).unwrap_err().what().contains("is not a regular file"));
    }

    #[test]
    fn a_write_removes_the_files_of_killed_writers_and_no_file_that_is_being_written() {
        let root = private_folder();
        let left = root.path().join(".bqcred-0123.tmp");
        let written = root.path().join(".bqcred-4567.tmp");
        fs::write(&left, "secret").unwrap();
        let writer = fs::File::create(&written).unwrap();
        writer.lock().unwrap();
        let others = ["notes.tmp", ".bqcred-notes"].map(|name| root.path().join(name));
        others.iter().for_each(|path| fs::write(path, "not ours").unwrap());
        let lock = Lock::acquire(&root.path().join(".lock")).unwrap();
        write(&lock, &root.path().join("file"), b"x").unwrap();
        assert!(!left.exists() && written.exists() && others.iter().all(|path| path.exists()));
    }

    #[test]
    fn an_invalid_file_is_kept_under_another_name() {
        let root = private_folder();
        let path = root.path().join("file");
        let lock = Lock::acquire(&root.path().join(".lock")).unwrap();
        for content in ["one", "two"] {
            write(&lock, &path, content.as_bytes()).unwrap();
            let aside = set_aside(&lock, &path).unwrap();
            assert!(!path.exists());
            assert_eq!(fs::read_to_string(aside).unwrap(), content);
        }
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let root = private_folder();
        let path = root.path().join("file");
        let file = File::create(&path).unwrap();
        file.set_len(SIZE_LIMIT).unwrap();
        assert_eq!(read(&path, Content::Foreign).unwrap().unwrap().len() as u64, SIZE_LIMIT);
        file.set_len(SIZE_LIMIT + 1).unwrap();
        assert!(read(&path, Content::Foreign).unwrap_err().what().contains("1 MiB"));
    }

    #[test]
    fn a_folder_is_made_private_and_what_is_in_its_way_is_named() {
        let root = private_folder();
        let open = root.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        create_dir(&open).unwrap();
        assert_eq!(mode(&open), 0o700);
        let file = root.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(create_dir(&file).unwrap_err().what().contains("is a file, where a folder"));
        assert!(create_dir(&file.join("below")).unwrap_err().what().contains("create the folder"));
        for (name, target) in [("dangling", "nowhere"), ("link", "open")] {
            let link = root.path().join(name);
            std::os::unix::fs::symlink(root.path().join(target), &link).unwrap();
            assert!(create_dir(&link).unwrap_err().what().contains("symbolic link"), "{name}");
            assert!(Lock::acquire(&link).is_err(), "{name}");
        }
        assert!(!root.path().join("nowhere").exists());
    }

    #[test]
    fn only_the_user_and_root_are_trusted() {
        let (path, me) = (Path::new("/x"), rustix::process::geteuid().as_raw());
        assert!(refuse_other_owner(path, me).is_ok() && refuse_other_owner(path, 0).is_ok());
        assert!(refuse_other_owner(path, me + 1).unwrap_err().what().contains("another user"));
    }

    #[test]
    fn an_existing_file_is_kept_or_removed_and_the_result_says_so() {
        let root = private_folder();
        let path = root.path().join("file");
        assert!(create_elsewhere(&path, b"one").unwrap());
        assert!(!create_elsewhere(&path, b"two").unwrap());
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("one", 0o600));
        assert!(!remove(&path.join("below")).unwrap());
        assert!(remove(&path).unwrap() && !remove(&path).unwrap());
        assert!(remove(root.path()).is_err());
        assert!(create_elsewhere(&root.path().join("no/such/folder"), b"x").is_err());
    }
}
