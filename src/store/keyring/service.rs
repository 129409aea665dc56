//! The calls to the keyring, each with a time limit: the only module that calls the `keyring` crate.
//!
//! Its Secret Service client waits forever: for a service that hangs, and for a user who isn't there to
//! unlock it. So each call runs on a thread of its own, which is left behind when the time is up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use keyring::{Entry, Error};
use zeroize::Zeroizing;

use super::failure::Failure;
use super::lock_state;
use crate::output::secret::SecretBytes;
use crate::output::ui;
use crate::system::terminal;

/// The service that all items belong to.
const SERVICE: &str = "bqcred";
/// How long to wait where no user can unlock the keyring: a working service answers in a hundredth of this.
const UNATTENDED: Duration = Duration::from_secs(5);
/// After this, a message asks the user to unlock the keyring.
const QUIET: Duration = Duration::from_secs(2);
/// How long the user has to unlock the keyring.
const ATTENDED: Duration = Duration::from_secs(60);
/// A service that waits for the user still answers other calls at once.
const ASIDE: Duration = Duration::from_secs(1);

/// The process has only one connection. Once a call hangs in it, so would the next.
static HANGS: AtomicBool = AtomicBool::new(false);

/// The item's content; `None` if there is no such item.
pub(super) fn get(user: &str) -> Result<Option<SecretBytes>, Failure> {
    call(user, |entry| match entry.get_secret() {
        Ok(bytes) => Ok(Some(SecretBytes::new(bytes))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    })
}

/// Creates the item, or replaces its content. Of several items that match, one is left.
pub(super) fn set(user: &str, content: &[u8]) -> Result<(), Failure> {
    let content = Zeroizing::new(content.to_vec());
    call(user, move |entry| match entry.set_secret(&content) {
        Err(Error::Ambiguous(twins)) => {
            let mut twins = twins.into_iter();
            twins.next().map_or(Err(Error::NoEntry), |first| first.set_secret(&content))?;
            twins.try_for_each(|twin| twin.delete_credential())
        }
        other => other,
    })
}

/// Removes the item. Says whether there was one.
pub(super) fn delete(user: &str) -> Result<bool, Failure> {
    call(user, |entry| match entry.delete_credential() {
        Ok(()) => Ok(true),
        Err(Error::NoEntry) => Ok(false),
        Err(Error::Ambiguous(twins)) => {
            twins.iter().try_for_each(|twin| twin.delete_credential()).map(|()| true)
        }
        Err(error) => Err(error),
    })
}

fn call<T: Send + 'static>(
    user: &str,
    work: impl FnOnce(&Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    if HANGS.load(Ordering::Relaxed) {
        return Err(Failure::Silent(Duration::ZERO));
    }
    let (sender, receiver) = mpsc::channel();
    let user = user.to_owned();
    std::thread::spawn(move || {
        // `Entry::new` would hide why there is no connection
        let done = match Entry::store_status() {
            Ok(()) => Entry::new(SERVICE, &user).and_then(|entry| work(&entry)).map_err(Failure::from),
            Err(error) => Err(Failure::of(error)),
        };
        let _ = sender.send(done);
    });
    wait(&receiver)
}

fn wait<T>(receiver: &Receiver<Result<T, Failure>>) -> Result<T, Failure> {
    let attended = terminal::is_attended();
    let first = receiver.recv_timeout(if attended { QUIET } else { UNATTENDED });
    let (answer, waited) = match first {
        Err(RecvTimeoutError::Timeout) if attended => {
            // printed here and not by the caller, which waits: only a user who reads this can end that
            ui::note("waiting for the keyring: if it asks for its password, unlock it; Ctrl-C stops");
            (receiver.recv_timeout(ATTENDED - QUIET), ATTENDED)
        }
        other => (other, UNATTENDED),
    };
    match answer {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => {
            HANGS.store(true, Ordering::Relaxed);
            Err(if waits_for_user() { Failure::Waits(waited) } else { Failure::Silent(waited) })
        }
        Err(RecvTimeoutError::Disconnected) => Err(Failure::Other("its client library gave up".to_owned())),
    }
}

/// Whether a call takes so long because the keyring is locked and asks for its password, somewhere.
fn waits_for_user() -> bool {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(lock_state::is_locked()));
    receiver.recv_timeout(ASIDE).ok().flatten() == Some(true)
}
