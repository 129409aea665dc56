//! A file that one process alone renews, and that it leaves alone once anybody else has written it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Failure, WayOn};
use crate::app::App;
use crate::credential::profile::Profile;
use crate::credential::token_only_file::{FoundTokenOnly, IssuedFor};
use crate::output::error::{Error, Result};
use crate::system::hash;
use crate::system::private_file::{self, Content, Holder, Lock};
use crate::system::regular_file;

/// Larger than any file that is written here, in bytes.
const LIMIT: u64 = 64 << 10;
/// Others hold the lock for a moment, to look or to write once.
const PATIENCE: Duration = Duration::from_millis(300);

/// A file that this process alone renews.
pub(crate) struct RenewedFile {
    path: PathBuf,
    /// What the file before was for, if this is a part of it: then it has to say so if there is no token.
    taken_over: Option<IssuedFor>,
    /// SHA-256 of what may be in the file, hexadecimal: what was there at first, and then what was written. Two while
    /// a write has failed, and none once somebody else has written it.
    known: Mutex<Vec<String>>,
    #[expect(dead_code, reason = "held until the process ends")]
    lock: Lock,
}

impl RenewedFile {
    /// Looks whether this file can be renewed, and keeps other processes from doing the same. What is neither empty nor
    /// covers what it is renewed for ([`IssuedFor::covers`]) is replaced only with `force`.
    pub(crate) fn claim(
        path: &Path,
        (issued_for, profile): (&IssuedFor, &Profile),
        force: bool,
        app: &App,
    ) -> Result<RenewedFile> {
        let path = private_file::target_elsewhere(path)?;
        private_file::renewable(&path)?;
        let lock = lock(&path, &app.paths.state)?;
        let content = private_file::read(&path, Content::Foreign)?.unwrap_or_default();
        let found = IssuedFor::read(&content);
        let is_covered = found.as_ref().is_some_and(|found| found.covers(issued_for, profile));
        if !is_covered && !content.is_empty() && !force {
            return Err(not_covered(&path, &content, found, issued_for, app));
        }
        let known = Mutex::new(vec![hash::sha256(&content)]);
        Ok(RenewedFile { path, taken_over: found.filter(|_| is_covered), known, lock })
    }

    /// Where it is, absolute and without links.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What the file before was for, if it is taken over from an earlier process.
    pub(super) fn taken_over(&self) -> Option<&IssuedFor> {
        self.taken_over.as_ref()
    }

    /// Replaces the content; owner and mode stay.
    pub(super) fn write(&self, content: &[u8]) -> Result<(), Failure> {
        let mut known = self.known();
        self.look(&mut known)?;
        known.push(hash::sha256(content));
        private_file::renew_elsewhere(&self.path, content)?;
        *known = known.pop().into_iter().collect();
        Ok(())
    }

    /// Refuses a file that somebody else has put there, or changed.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.look(&mut self.known())
    }

    fn look(&self, known: &mut Vec<String>) -> Result<(), Failure> {
        if known.is_empty() || self.differs_from(known)? {
            known.clear();
            return Err(Failure::last(self.replaced()));
        }
        Ok(())
    }

    /// Whether it was seen to be somebody else's, and is left alone.
    pub(super) fn is_given_up(&self) -> bool {
        self.known().is_empty()
    }

    fn differs_from(&self, known: &[String]) -> Result<bool> {
        let failed = |error| Error::file(&self.path, "read", &error);
        match self.path.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false), // nothing could be lost
            Err(error) => return Err(failed(error)),
            Ok(found) if !found.is_file() => return Ok(true),
            Ok(_) => {}
        }
        match regular_file::read(&self.path, LIMIT) {
            Ok(present) => Ok(!present.is_empty() && !known.contains(&hash::sha256(&present))),
            Err(error) => match error.kind() {
                ErrorKind::NotFound => Ok(false),
                ErrorKind::PermissionDenied | ErrorKind::FileTooLarge => Ok(true),
                _ => Err(failed(error)),
            },
        }
    }

    fn replaced(&self) -> Error {
        let what = format!(
            "{} is not what this process wrote there any more: it is left as it is, and not renewed",
            self.path.display()
        );
        Error::other(what).hint("name another file, or replace it with `--force`")
    }

    /// The mode bits by which other users can read the existing file, if there are any.
    pub(crate) fn open_to_all(&self) -> Option<u32> {
        use std::os::unix::fs::MetadataExt;
        let mode = private_file::renewable(&self.path).ok()??.mode() & 0o777;
        (mode & 0o007 != 0).then_some(mode)
    }

    fn known(&self) -> MutexGuard<'_, Vec<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_covered(path: &Path, content: &[u8], found: Option<IssuedFor>, new: &IssuedFor, app: &App) -> Error {
    let shown = path.display();
    let Some(found) = found else {
        let what = match FoundTokenOnly::read(content) {
            Some(token) => {
                let account = token.account.as_deref().unwrap_or("an unknown account");
                format!("{shown} holds an access token of {account}, without a note what it was narrowed to")
            }
            None => format!("{shown} exists already"),
        };
        return Error::usage(format!("{what}; nothing was changed")).hint("`--force` replaces it");
    };
    let what = format!("{shown} is for an access token of {}", found.describe_besides(new));
    let hint = match WayOn::find(app, found).renewing(path) {
        Some(again) => format!("`{again}` renews it as it is, and `--force` replaces it"),
        None => "name another file, or replace it with `--force`".to_owned(),
    };
    Error::usage(format!("{what}; nothing was changed")).hint(hint)
}

/// Whether a process of this user, on this machine, renews the file.
pub(crate) fn is_renewed(path: &Path, locks: &Path) -> bool {
    let Ok(path) = private_file::target_elsewhere(path) else { return false };
    let lock = lock_path(locks, &path);
    lock.exists() && matches!(Lock::acquire_within(&lock, Duration::ZERO), Ok(None))
}

/// Keeps processes from renewing the file while this is held.
///
/// # Errors
/// If one does already.
pub(crate) fn not_renewed(path: &Path, locks: &Path) -> Result<Option<Lock>> {
    // what can't be resolved is for the writing to report
    let Ok(path) = private_file::target_elsewhere(path) else { return Ok(None) };
    match lock_path(locks, &path).exists() {
        true => lock(&path, locks).map(Some),
        false => Ok(None),
    }
}

fn lock(path: &Path, locks: &Path) -> Result<Lock> {
    let lock_path = lock_path(locks, path);
    let Some(lock) = Lock::acquire_within(&lock_path, PATIENCE)? else {
        return Err(renewed_by(path, Holder::of(&lock_path)));
    };
    // without it, messages don't have the number
    let _ = lock.name_holder();
    Ok(lock)
}

fn renewed_by(path: &Path, holder: Option<Holder>) -> Error {
    let shown = path.display();
    match holder {
        Some(holder) if holder.is_here() => {
            let what =
                format!("another bqcred renews {shown} (process {}); nothing was changed", holder.process);
            Error::other(what).hint(format!("`kill {}` ends it", holder.process))
        }
        Some(holder) => {
            Error::other(format!("another bqcred renews {shown} ({holder}); nothing was changed"))
                .hint("stop it there first")
        }
        None => Error::other(format!("another bqcred renews {shown}; nothing was changed"))
            .hint("`pgrep -af keep-fresh` shows it"),
    }
}

fn lock_path(locks: &Path, file: &Path) -> PathBuf {
    locks.join(format!(".+{}.lock", hash::fingerprint(file.as_os_str().as_encoded_bytes())))
}
