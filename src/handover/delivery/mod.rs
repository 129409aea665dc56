//! Where the renewals of an exported access token go: a file, a program's stdin, or both.

mod program;
mod renewed_file;
mod way_on;

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) use renewed_file::{RenewedFile, is_renewed, not_renewed};
pub(crate) use way_on::{WayOn, renewing};

use crate::credential::token_only_file::IssuedFor;
use crate::handover::stub;
use crate::output::error::Error;

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

#[derive(Default)]
struct Reached {
    file: bool,
    program: bool,
    /// What the last token was for.
    issued_for: Option<IssuedFor>,
}

/// Why something was not delivered, or not renewed, and the exit code if that ends the run.
pub(crate) struct Failure {
    /// What happened.
    pub(crate) error: Error,
    /// The exit code: the program's own, if it failed.
    pub(crate) code: u8,
    /// Whether it is of no use to try again.
    pub(crate) is_final: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { code: error.kind().code(), error, is_final: false }
    }
}

impl Failure {
    /// One after which it is of no use to try again.
    fn last(error: Error) -> Failure {
        Failure { is_final: true, ..error.into() }
    }
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

    /// Whether a program gets the renewals.
    pub(crate) fn has_program(&self) -> bool {
        !self.program.is_empty()
    }

    /// Refuses to go on once somebody else has written the file.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.file.as_ref().map_or(Ok(()), RenewedFile::check)
    }

    /// Where it goes, for people.
    pub(crate) fn describe(&self) -> String {
        let file = self.file.as_ref().map(|file| file.path().display().to_string());
        let program = self.program.first().map(|name| name.to_string_lossy().into_owned());
        file.into_iter().chain(program).collect::<Vec<_>>().join(" and ")
    }

    /// Writes the file and runs the program; the first time, in the other order. Doesn't return if this is at its end meanwhile.
    pub(crate) fn deliver(&self, content: &[u8], issued_for: &IssuedFor) -> Result<(), Failure> {
        let mut reached = self.lock();
        if self.is_ending() {
            drop(reached);
            wait_for_the_end();
        }
        reached.issued_for = Some(issued_for.clone());
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

    fn write(&self, content: &[u8], reached: &mut Reached) -> Result<(), Failure> {
        let Some(file) = &self.file else { return Ok(()) };
        file.write(content)?;
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
    pub(crate) fn end(&self, reason: &str, of_earlier: bool) -> Vec<Failure> {
        let is_done = self.is_ending.swap(true, Ordering::SeqCst);
        let reached = self.lock();
        if is_done {
            return Vec::new();
        }
        let content = |of: &IssuedFor| stub::content_about(reason, of);
        let mut failed = Vec::new();
        if let Some(file) = self.file.as_ref().filter(|file| !file.is_given_up())
            && let Some(of) = reached.file_of(file, of_earlier)
        {
            failed.extend(file.write(content(of).as_bytes()).err());
        }
        if let Some(of) = reached.issued_for.as_ref().filter(|_| reached.program) {
            let content = content(of);
            failed.extend(program::run(&self.program, content.as_bytes(), TIME_FOR_THE_END, || false).err());
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

impl Reached {
    /// What the file is for that has to be ended.
    fn file_of<'r>(&'r self, file: &'r RenewedFile, of_earlier: bool) -> Option<&'r IssuedFor> {
        match self.file {
            true => self.issued_for.as_ref(),
            false => file.taken_over().filter(|_| of_earlier),
        }
    }
}

/// Until the process ends.
fn wait_for_the_end() -> ! {
    loop {
        std::thread::park();
    }
}
