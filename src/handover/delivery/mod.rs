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
    /// Whether there was a file of this kind and account before, which has to say so if there is no token.
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
    /// neither empty nor of this kind is replaced only with `force`, and so is one with a token of another account than
    /// `account`. `locks`: the folder for lock files.
    pub(crate) fn claim(
        path: &Path,
        account: Option<&str>,
        force: bool,
        locks: &Path,
    ) -> Result<RenewedFile> {
        let path = private_file::target_elsewhere(path)?;
        let mut is_taken_over = false;
        if private_file::renewable(&path)?.is_some() {
            let content = private_file::read(&path, Content::Foreign)?.unwrap_or_default();
            let found = FoundTokenOnly::read(&content);
            let of_another = found.as_ref().and_then(|found| found.of_another_than(account));
            is_taken_over = (found.is_some() && of_another.is_none()) || stub::reason(&content).is_some();
            if !is_taken_over && !content.is_empty() && !force {
                let shown = path.display();
                let what = match of_another {
                    Some(other) => format!("{shown} holds an access token of {other}; nothing was changed"),
                    None => format!("{shown} exists already; nothing was changed"),
                };
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

    /// Writes the file and runs the program; the first time, in the other order. Doesn't return if this is at its end meanwhile.
    pub(crate) fn deliver(&self, content: &[u8]) -> Result<(), Failure> {
        let mut reached = self.lock();
        if self.is_ending() {
            drop(reached);
            wait_for_the_end();
        }
        // a program that fails the first time ends it: then a token that an earlier process left is still there
        let is_first = !reached.file;
        if !is_first {
            self.write(content, &mut reached)?;
        }
        let ran = self.run(content, &mut reached);
        if self.is_ending() {
            drop(reached); // it was killed, and may have passed the token on
            wait_for_the_end();
        }
        ran?;
        if is_first {
            self.write(content, &mut reached)?;
        }
        Ok(())
    }

    fn write(&self, content: &[u8], reached: &mut Reached) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        private_file::renew_elsewhere(&file.path, content)?;
        reached.file = true;
        Ok(())
    }

    fn run(&self, content: &[u8], reached: &mut Reached) -> Result<(), Failure> {
        if self.program.is_empty() {
            return Ok(());
        }
        let before = std::mem::replace(&mut reached.program, true);
        let ran = program::run(&self.program, content, TIME_FOR_A_TOKEN, || self.is_ending());
        // one that was killed at the end may have passed the token on
        reached.program = before || ran.is_ok() || self.is_ending();
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
