//! Locks on open files (flock(2)). Some file systems have none: NFS without its lock service, Lustre without its
//! option `flock`. There bqcred goes on without a lock: it replaces files by rename, so that two writers at once
//! can't tear one, and the last one wins.

use std::fs::{File, TryLockError};
use std::io;

use rustix::io::Errno;

/// The result of asking for a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockState {
    /// This process holds it.
    Held,
    /// Another process holds it.
    Busy,
    /// The file system has no locks.
    Unsupported,
}

/// Asks for an exclusive lock, without waiting.
pub(crate) fn try_lock(file: &File) -> io::Result<LockState> {
    match file.try_lock() {
        Ok(()) => Ok(LockState::Held),
        Err(TryLockError::WouldBlock) => Ok(LockState::Busy),
        Err(TryLockError::Error(error)) => unsupported(error),
    }
}

/// Waits for an exclusive lock. Never [`LockState::Busy`].
pub(crate) fn lock(file: &File) -> io::Result<LockState> {
    file.lock().map_or_else(unsupported, |()| Ok(LockState::Held))
}

fn unsupported(error: io::Error) -> io::Result<LockState> {
    match Errno::from_io_error(&error) {
        Some(Errno::NOLCK | Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL) => Ok(LockState::Unsupported),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_without_locks_is_no_failure() {
        for errno in [Errno::NOLCK, Errno::NOSYS, Errno::OPNOTSUPP, Errno::INVAL] {
            assert_eq!(unsupported(errno.into()).unwrap(), LockState::Unsupported);
        }
        assert!(unsupported(Errno::IO.into()).is_err());
    }

    #[test]
    fn a_lock_is_held_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let other = file.reopen().unwrap();
        assert_eq!(lock(file.as_file()).unwrap(), LockState::Held);
        assert_eq!(try_lock(&other).unwrap(), LockState::Busy);
        drop(file);
        assert_eq!(try_lock(&other).unwrap(), LockState::Held);
    }
}
