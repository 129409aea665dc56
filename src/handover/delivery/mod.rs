//! Where the renewals of an exported access token go: a file, a program's stdin, or both.

mod program;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::credential::token_only_file::FoundTokenOnly;
use crate::handover::stub;
use crate::output::error::{Error, Kind, Result};
use crate::system::hash;
use crate::system::private_file::{self, Content, Lock};

/// A program that hangs must not keep the next renewal waiting.
const TIME_FOR_A_TOKEN: Duration = Duration::from_secs(120);
/// Whoever stops bqcred waits for it.
const TIME_FOR_THE_END: Duration = Duration::from_secs(10);

/// Where renewals go. Used by the thread that renews and by the one that ends it.
pub(crate) struct Delivery {
    file: Option<RenewedFile>,
    program: Vec<OsString>,
    /// What of it has been written at least once.
    reached: Mutex<Reached>,
    is_ending: AtomicBool,
}

/// A file that this process alone renews.
pub(crate) struct RenewedFile {
    path: PathBuf,
    /// Whether there was a file of this kind before, which has to say so if there is no token.
    is_taken_over: bool,
    #[expect(dead_code, reason = "held until the process ends")]
    lock: Lock,
}

#[derive(Clone, Copy, Default)]
struct Reached {
    file: bool,
    program: bool,
}

/// Why something was not delivered, or not renewed, and the exit code if that ends the run.
pub(crate) struct Failure {
    /// What happened.
    pub(crate) error: Error,
    /// The exit code: the program's own, if it failed.
    pub(crate) code: u8,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { code: error.kind().code(), error }
    }
}

impl RenewedFile {
    /// Looks whether this file can be renewed, and keeps other processes from doing the same. An existing file that is
    /// neither empty nor of this kind is replaced only with `force`. `locks`: the folder for lock files.
    pub(crate) fn claim(path: &Path, force: bool, locks: &Path) -> Result<RenewedFile> {
        let path = private_file::target_elsewhere(path)?;
        let mut is_taken_over = false;
        if private_file::renewable(&path)?.is_some() {
            let content = private_file::read(&path, Content::Foreign)?.unwrap_or_default();
            is_taken_over = FoundTokenOnly::read(&content).is_some() || stub::reason(&content).is_some();
            if !is_taken_over && !content.is_empty() && !force {
                let what = format!("{} exists already; nothing was changed", path.display());
                return Err(Error::usage(what).hint("`--force` replaces it"));
            }
        }
        let lock = Lock::acquire_within(&lock_path(locks, &path), Duration::ZERO)?.ok_or_else(|| {
            Error::new(Kind::Other, format!("another bqcred renews {} already", path.display()))
                .hint("`pgrep -af keep-fresh` shows it")
        })?;
        Ok(RenewedFile { path, is_taken_over, lock })
    }

    /// The mode bits by which other users can read the existing file, if there are any.
    pub(crate) fn open_to_all(&self) -> Option<u32> {
        use std::os::unix::fs::MetadataExt;
        let mode = private_file::renewable(&self.path).ok()??.mode() & 0o777;
        (mode & 0o007 != 0).then_some(mode)
    }
}

/// Whether a process of this user, on this machine, renews the file.
pub(crate) fn is_renewed(path: &Path, locks: &Path) -> bool {
    let Ok(path) = private_file::target_elsewhere(path) else { return false };
    let lock = lock_path(locks, &path);
    lock.exists() && matches!(Lock::acquire_within(&lock, Duration::ZERO), Ok(None))
}

fn lock_path(locks: &Path, file: &Path) -> PathBuf {
    locks.join(format!(".+{}.lock", hash::fingerprint(file.as_os_str().as_encoded_bytes())))
}

impl Delivery {
    /// To this file and this program; the words of the program may be empty.
    pub(crate) fn to(file: Option<RenewedFile>, program: Vec<OsString>) -> Delivery {
        Delivery { file, program, reached: Mutex::default(), is_ending: AtomicBool::new(false) }
    }

    /// The file, if there is one.
    pub(crate) fn file(&self) -> Option<&RenewedFile> {
        self.file.as_ref()
    }

    /// Where it goes, for people.
    pub(crate) fn describe(&self) -> String {
        let file = self.file.as_ref().map(|file| file.path.display().to_string());
        let program = self.program.first().map(|name| name.to_string_lossy().into_owned());
        file.into_iter().chain(program).collect::<Vec<_>>().join(" and ")
    }

    /// Writes the file, then runs the program. Doesn't return if this is at its end meanwhile.
    pub(crate) fn deliver(&self, content: &[u8]) -> Result<(), Failure> {
        let mut reached = self.lock();
        if self.is_ending() {
            drop(reached);
            wait_for_the_end();
        }
        if let Some(file) = &self.file {
            private_file::renew_elsewhere(&file.path, content)?;
            reached.file = true;
        }
        if self.program.is_empty() {
            return Ok(());
        }
        let before = std::mem::replace(&mut reached.program, true);
        let ran = program::run(&self.program, content, TIME_FOR_A_TOKEN, || self.is_ending());
        if self.is_ending() {
            drop(reached); // it was killed, and may have passed the token on
            wait_for_the_end();
        }
        reached.program = before || ran.is_ok();
        ran
    }

    /// Replaces whatever was delivered by the reason why there is no more. What is being delivered is awaited.
    /// `of_earlier`: a token that an earlier process left in the file, too. Returns what could not be reached.
    pub(crate) fn end(&self, reason: &str, of_earlier: bool) -> Vec<Error> {
        let is_done = self.is_ending.swap(true, Ordering::SeqCst);
        let reached = self.lock();
        if is_done {
            return Vec::new();
        }
        let content = stub::content(reason);
        let mut failed = Vec::new();
        let is_ours = |file: &&RenewedFile| reached.file || (of_earlier && file.is_taken_over);
        if let Some(file) = self.file.as_ref().filter(is_ours) {
            failed.extend(private_file::renew_elsewhere(&file.path, content.as_bytes()).err());
        }
        if reached.program {
            let ran = program::run(&self.program, content.as_bytes(), TIME_FOR_THE_END, || false);
            failed.extend(ran.err().map(|failure| failure.error));
        }
        failed
    }

    fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, Reached> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until the process ends.
fn wait_for_the_end() -> ! {
    loop {
        std::thread::park();
    }
}
