//! Locks between processes of this user.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::OFlags;

use super::create_dir;
use crate::output::error::{Error, Kind, Result};
use crate::system::file_lock::{self, LockState};

/// Locks are held for milliseconds; after this, the holder is most likely a stopped process.
const LOCK_PATIENCE: Duration = Duration::from_secs(20);

/// A lock on a lock file, which protects the files beside it. Released when dropped, or when the process ends. Where
/// the file system has no locks, it is not held ([`Lock::is_held`]).
pub(crate) struct Lock {
    file: File,
    state: LockState,
}

impl Lock {
    /// Waits for the lock, at most 20 s.
    pub(crate) fn acquire(path: &Path) -> Result<Lock> {
        Lock::acquire_within(path, LOCK_PATIENCE)?.ok_or_else(|| {
            Error::new(Kind::Store, format!("another bqcred process has locked {} for 20 s", path.display()))
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
        match file_lock::try_lock(&file).map_err(|error| Error::file(path, "lock", &error))? {
            LockState::Busy => {}
            state => return Ok(Some(Lock { file, state })),
        }
        if patience.is_zero() {
            return Ok(None);
        }
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || sender.send(file_lock::lock(&file).map(|state| Lock { file, state })));
        match receiver.recv_timeout(patience) {
            Ok(Ok(lock)) => Ok(Some(lock)),
            Ok(Err(error)) => Err(Error::file(path, "lock", &error)),
            Err(_) => Ok(None),
        }
    }

    /// Writes into the lock file which process holds it, for [`Holder::of`].
    pub(crate) fn name_holder(&self) -> io::Result<()> {
        let holder = Holder { process: std::process::id(), host: host() };
        self.file.set_len(0)?;
        self.file.write_all_at(holder.to_string().as_bytes(), 0)
    }

    /// Whether it keeps other processes out. If not, files are still replaced as a whole, but of two changes at the
    /// same time one may be lost.
    pub(crate) fn is_held(&self) -> bool {
        self.state == LockState::Held
    }
}

/// A process that holds a lock, as it named itself ([`Lock::name_holder`]).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Its number.
    pub(crate) process: u32,
    /// The machine where it runs, which may share the folder.
    host: String,
}

impl Holder {
    /// Who holds the lock of this file; `None` if that is not written there.
    pub(crate) fn of(path: &Path) -> Option<Holder> {
        let bytes = super::read(path, super::Content::Settings).ok()??;
        let (process, host) = std::str::from_utf8(&bytes).ok()?.split_once(" on ")?;
        Some(Holder { process: process.strip_prefix("process ")?.parse().ok()?, host: host.to_owned() })
    }

    /// Whether it runs on this machine.
    pub(crate) fn is_here(&self) -> bool {
        self.host == host()
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {}", self.process, self.host)
    }
}

/// The name of this machine.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_of_a_lock_is_named_in_it() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("private").join("lock");
        let lock = Lock::acquire(&path).unwrap();
        assert_eq!(Holder::of(&path), None);
        (0..2).for_each(|_| lock.name_holder().unwrap());
        let holder = Holder::of(&path).unwrap();
        assert!(holder.process == std::process::id() && holder.is_here());
    }
}
