//! Calls to the keyring, each with a time limit. Nothing else calls the `keyring` crates.
//!
//! Its Secret Service client waits without limit: for a service that hangs, and for a user who isn't there to unlock
//! the keyring. So each call runs in a thread of its own, which is abandoned at the time limit.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use keyring_core::{Entry, Error};
use zeroize::Zeroizing;

use super::failure::Failure;
use super::lock_state;
use crate::output::secret::SecretBytes;
use crate::output::ui;
use crate::system::interrupt;
use crate::system::terminal;

/// The `service` attribute of all items.
const SERVICE: &str = "bqcred";
/// Time limit if nobody can unlock the keyring. A working service answers in a hundredth of it.
const LIMIT_UNATTENDED: Duration = Duration::from_secs(5);
/// After this time, a user who may have to unlock the keyring is told.
const SILENT_WAIT: Duration = Duration::from_secs(2);
/// Time limit for the user to unlock the keyring.
const LIMIT_ATTENDED: Duration = Duration::from_secs(60);
/// Time limit for asking whether the keyring is locked; a service that waits for the user answers that at once.
const LIMIT_LOCK_STATE: Duration = Duration::from_secs(1);

/// Whether a call hangs. The process has one connection, so that the next call would hang too.
static HANGS: AtomicBool = AtomicBool::new(false);
/// Whether the terminal is another program's by now.
static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on nothing is said while a call waits: the terminal is that of the program that was started.
pub(super) fn wait_quietly() {
    QUIET.store(true, Ordering::Relaxed);
}

/// The item's content; `None` if there is no such item.
pub(super) fn get(user: &str) -> Result<Option<SecretBytes>, Failure> {
    let get = || {
        call(user, |entry| match entry.get_secret() {
            Ok(bytes) => Ok(Some(SecretBytes::new(bytes))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
    };
    match get() {
        // it is found first and read then: in between another process may have replaced or removed it; and the service
        // may have been started anew since the last call
        Err(Failure::ItemGone | Failure::Gone) => get(),
        other => other,
    }
}

/// Creates the item, or replaces its content and its label. If several items match, only one is kept.
pub(super) fn set(user: &str, label: &str, content: &[u8]) -> Result<(), Failure> {
    interrupt::changing();
    let (user, label) = (user.to_owned(), label.to_owned());
    let content = Zeroizing::new(content.to_vec());
    within_limit(move || {
        let entry = labelled(&user, &label)?;
        match entry.set_secret(&content) {
            Err(Error::Ambiguous(items)) => {
                let mut items = items.into_iter();
                items.next().map_or(Err(Error::NoEntry), |first| first.set_secret(&content))?;
                items.try_for_each(|item| item.delete_credential())?;
            }
            other => other?,
        }
        set_label(&entry, &label);
        Ok(())
    })
}

/// The user names of all items of bqcred's, with their contents. It unlocks what is locked, so it may wait for the
/// user.
pub(super) fn all() -> Result<Vec<(String, SecretBytes)>, Failure> {
    within_limit(|| {
        let entries = Entry::search(&HashMap::from([("service", SERVICE)]))?;
        let items = entries.into_iter().filter_map(|entry| {
            let (_, user) = entry.get_specifiers()?;
            // an item that is removed at this moment is none
            entry.get_secret().ok().map(|content| (user, SecretBytes::new(content)))
        });
        Ok(items.collect())
    })
}

#[cfg(target_os = "linux")]
fn labelled(user: &str, label: &str) -> keyring_core::Result<Entry> {
    Entry::new_with_modifiers(SERVICE, user, &HashMap::from([("label", label)]))
}

/// A replaced item keeps its label, which may show another account. A wrong label does no harm.
#[cfg(target_os = "linux")]
fn set_label(entry: &Entry, label: &str) {
    if let Some(item) = entry.as_any().downcast_ref::<zbus_secret_service_keyring_store::cred::Specifier>() {
        let _ = item.set_label(label);
    }
}

/// Keychain shows service and user name.
#[cfg(not(target_os = "linux"))]
fn labelled(user: &str, _label: &str) -> keyring_core::Result<Entry> {
    Entry::new(SERVICE, user)
}

#[cfg(not(target_os = "linux"))]
fn set_label(_entry: &Entry, _label: &str) {}

/// Removes the item. Returns whether it existed.
pub(super) fn delete(user: &str) -> Result<bool, Failure> {
    interrupt::changing();
    call(user, |entry| match entry.delete_credential() {
        Ok(()) => Ok(true),
        Err(Error::NoEntry) => Ok(false),
        Err(Error::Ambiguous(items)) => {
            items.iter().try_for_each(|item| item.delete_credential()).map(|()| true)
        }
        Err(error) => Err(error),
    })
}

fn call<T: Send + 'static>(
    user: &str,
    work: impl FnOnce(&Entry) -> keyring_core::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let user = user.to_owned();
    within_limit(move || Entry::new(SERVICE, &user).and_then(|entry| work(&entry)))
}

fn within_limit<T: Send + 'static>(
    work: impl FnOnce() -> keyring_core::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    if HANGS.load(Ordering::SeqCst) {
        return Err(Failure::NoAnswer(Duration::ZERO));
    }
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let done = connect().and_then(|()| work().map_err(Failure::from));
        if done.as_ref().is_err_and(Failure::is_of_connection) {
            disconnect();
        }
        let _ = sender.send(done);
        // it may have been given up, but hangs no more
        HANGS.store(false, Ordering::SeqCst);
    });
    wait(&receiver)
}

/// Connects to the service, unless that was done. A process that lives long may see it end and start again.
#[cfg(target_os = "linux")]
fn connect() -> Result<(), Failure> {
    if keyring_core::get_default_store().is_none() {
        keyring_core::set_default_store(zbus_secret_service_keyring_store::Store::new()?);
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn disconnect() {
    keyring_core::unset_default_store();
}

/// Other systems have no connection.
#[cfg(not(target_os = "linux"))]
fn connect() -> Result<(), Failure> {
    keyring::Entry::store_status().as_ref().map(drop).map_err(Failure::of)
}

#[cfg(not(target_os = "linux"))]
fn disconnect() {}

fn wait<T>(receiver: &Receiver<Result<T, Failure>>) -> Result<T, Failure> {
    let attended = terminal::is_attended();
    let first = receiver.recv_timeout(if attended { SILENT_WAIT } else { LIMIT_UNATTENDED });
    let (answer, waited) = match first {
        Err(RecvTimeoutError::Timeout) if attended => {
            // printed here and not returned as a note: the call waits until the user has read and acted on it
            if !QUIET.load(Ordering::Relaxed) {
                ui::note("waiting for the keyring: if it asks for its password, enter it; Ctrl-C cancels");
            }
            (receiver.recv_timeout(LIMIT_ATTENDED - SILENT_WAIT), LIMIT_ATTENDED)
        }
        other => (other, LIMIT_UNATTENDED),
    };
    match answer {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => {
            HANGS.store(true, Ordering::SeqCst);
            if let Ok(result) = receiver.try_recv() {
                HANGS.store(false, Ordering::SeqCst); // it came just now
                return result;
            }
            Err(if waits_for_unlocking() { Failure::NotUnlocked(waited) } else { Failure::NoAnswer(waited) })
        }
        Err(RecvTimeoutError::Disconnected) => Err(Failure::Other("its client library failed".to_owned())),
    }
}

/// Whether the call took so long because the keyring is locked and asks for its password.
fn waits_for_unlocking() -> bool {
    is_locked() == Some(true)
}

/// Whether the keyring is locked; `None` if there is none, or it can't be known. Asks the user for nothing.
pub(super) fn is_locked() -> Option<bool> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(lock_state::is_locked()));
    receiver.recv_timeout(LIMIT_LOCK_STATE).ok().flatten()
}
