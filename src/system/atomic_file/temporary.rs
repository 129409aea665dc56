//! Files with a temporary name: locked while they are written, and removed once no process has them locked.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;

use crate::system::file_lock::{self, LockState};
use crate::system::hash;

const PREFIX: &str = ".bqcred-";
const SUFFIX: &str = ".tmp";
/// The age from which a temporary file counts as abandoned where no lock shows its writer.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// Removes the temporary files of killed processes from this folder. Those that are being written are locked, and
/// kept.
pub(crate) fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let ours =
            name.as_bytes().starts_with(PREFIX.as_bytes()) && name.as_bytes().ends_with(SUFFIX.as_bytes());
        if ours {
            remove_abandoned(&entry.path());
        }
    }
}

/// Removes a temporary file that no process writes. The lock is held until it is gone: the writer of a file that is not
/// locked yet waits for it, and then sees that it has to start again.
fn remove_abandoned(path: &Path) {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    // for writing too: NFS makes it a byte-range lock, which needs a file that is open for writing
    let opened =
        fs::OpenOptions::new().read(true).write(true).custom_flags(flags.bits().cast_signed()).open(path);
    let Ok(file) = opened else { return };
    let Ok(metadata) = file.metadata() else { return };
    let is_old =
        || metadata.modified().is_ok_and(|then| then.elapsed().is_ok_and(|age| age > ABANDONED_AFTER));
    let abandoned = metadata.is_file()
        && match file_lock::try_lock(&file) {
            Ok(LockState::Held) => true,
            Ok(LockState::Unsupported) => is_old(),
            Ok(LockState::Busy) | Err(_) => false,
        };
    if abandoned {
        let _ = fs::remove_file(path);
    }
}

/// An empty, locked file with a temporary name; removed when dropped.
pub(super) fn draft(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    loop {
        let path = temporary_name(folder);
        let mut options = fs::OpenOptions::new();
        let file = match options.read(true).write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            other => other?,
        };
        let draft = tempfile::NamedTempFile::from_parts(file, tempfile::TempPath::try_from_path(path)?);
        file_lock::lock(draft.as_file())?;
        // another process may have swept it before it was locked
        if draft.as_file().metadata()?.nlink() > 0 {
            return Ok(draft);
        }
    }
}

/// A new path for a temporary file in this folder.
pub(super) fn temporary_name(folder: &Path) -> PathBuf {
    folder.join(format!("{PREFIX}{}{SUFFIX}", hash::unique_digits()))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test reads and makes files directly")]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_being_written_is_not_swept() {
        let root = tempfile::tempdir().unwrap();
        let sweep_until_removed = || {
            while root.path().join("run").exists() {
                sweep(root.path())
            }
        };
        fs::write(root.path().join("run"), "").unwrap();
        std::thread::scope(|scope| {
            (0..4).for_each(|_| drop(scope.spawn(sweep_until_removed)));
            let kept = (0..1000).all(|_| draft(root.path()).unwrap().path().exists());
            fs::remove_file(root.path().join("run")).unwrap();
            assert!(kept);
        });
    }
}
