//! What this run has done that outlasts it: a run that is stopped has to say so.

use std::sync::{Mutex, PoisonError};

use crate::system::interrupt;

/// How far something is that can't be undone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It was not begun, or was refused.
    #[default]
    None,
    /// It was sent to the server, which has not answered.
    Sent,
    /// The server has done it.
    Done,
}

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// The revocation of a credential.
    pub(crate) revocation: Progress,
    /// The exchange of a sign-in's code for a credential.
    pub(crate) sign_in: Progress,
    /// Whether a credential was saved.
    pub(crate) saved: bool,
}

static EFFECTS: Mutex<Effects> =
    Mutex::new(Effects { revocation: Progress::None, sign_in: Progress::None, saved: false });

/// What was done so far.
pub(crate) fn so_far() -> Effects {
    *EFFECTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Records how far a revocation is.
pub(crate) fn revocation(progress: Progress) {
    record(|effects| effects.revocation = progress);
}

/// Records how far the exchange of a code is.
pub(crate) fn sign_in(progress: Progress) {
    record(|effects| effects.sign_in = progress);
}

/// Records that a credential was saved.
pub(crate) fn saved() {
    record(|effects| effects.saved = true);
}

fn record(change: impl FnOnce(&mut Effects)) {
    interrupt::unless_stopping(); // else what the user has been told would not be true any more
    change(&mut EFFECTS.lock().unwrap_or_else(PoisonError::into_inner));
}
