//! Why the keyring can't be used, and what helps. Each reason has its own hint, and none is to sign in again, which
//! would fail in the same way.

use std::time::Duration;

use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Kind};

/// The hint that works whatever is wrong with the keyring.
const FILE: &str = "`bqcred login --store file` stores the credential in a file that only you can read";

/// gnome-keyring reads the password from stdin, without a newline.
const UNLOCK: &str =
    "`read -rs P; printf %s \"$P\" | gnome-keyring-daemon --replace --unlock --components=secrets; unset P`";

/// Why the keyring can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(target_os = "macos", allow(dead_code, reason = "some are failures of the Secret Service"))]
pub(super) enum Failure {
    /// There is no session bus.
    NoBus,
    /// There is a bus, but no keyring service on it.
    NoService,
    /// The service has no default collection for items.
    NoCollection,
    /// It is locked, and no prompt can be shown.
    Locked,
    /// The user closed the prompt.
    Dismissed,
    /// Access is denied.
    Denied,
    /// The service stopped during the request.
    Gone,
    /// Another process removed the item during the request.
    ItemGone,
    /// It is locked, and was not unlocked within this time.
    NotUnlocked(Duration),
    /// It did not answer within this time; zero: an earlier call hung already.
    NoAnswer(Duration),
    /// The item is larger than this limit, in bytes.
    TooLarge(u32),
    /// So many items match instead of one.
    Several(usize),
    /// It did not return what was written.
    ReadBackDiffers,
    /// Another failure, in the words of the system.
    Other(String),
}

impl Failure {
    /// Whether the next call needs a new connection.
    pub(super) fn is_of_connection(&self) -> bool {
        matches!(self, Failure::NoBus | Failure::NoService | Failure::Gone | Failure::Other(_))
    }

    /// The error for people, with a hint; exit code 6.
    pub(super) fn into_error(self) -> Error {
        let (what, remedy, file_helps) = self.describe();
        let hint = match (remedy, file_helps) {
            (Some(remedy), true) => format!("{remedy}\n{FILE}"),
            (Some(remedy), false) => remedy,
            (None, _) => FILE.to_owned(),
        };
        Error::new(Kind::Store, what).hint(hint)
    }

    /// The same where an item is to be removed: another store doesn't help.
    pub(super) fn into_removal_error(self, name: &ProfileName) -> Error {
        let (what, remedy, _) = self.describe();
        let rest = format!(
            "`bqcred forget --profile {name} --keep-item` removes the profile and leaves the item in the keyring"
        );
        let hint = remedy.map_or_else(|| rest.clone(), |remedy| format!("{remedy}\n{rest}"));
        Error::new(Kind::Store, what).hint(hint)
    }

    /// What is wrong, what helps against it, and whether the file store helps too.
    fn describe(self) -> (String, Option<String>, bool) {
        let fixed = |what: &str, remedy: &str| (what.to_owned(), Some(remedy.to_owned()));
        let (what, remedy) = match &self {
            Failure::NoBus => fixed(
                "there is no session bus, so the keyring can't be reached",
                "run this in your desktop session, or start a session bus: `dbus-run-session -- bash`",
            ),
            Failure::NoService => fixed(
                "there is no keyring on this session bus (nothing provides org.freedesktop.secrets)",
                "start one: `gnome-keyring-daemon --start --components=secrets`",
            ),
            Failure::NoCollection => (
                "the keyring service has no default keyring".to_owned(),
                Some(format!("create one with a new password: {UNLOCK}")),
            ),
            Failure::Locked => (
                "the keyring is locked, and no prompt can be shown here".to_owned(),
                Some(format!("unlock it on your desktop, or enter its password here: {UNLOCK}")),
            ),
            Failure::Dismissed => fixed(
                "the keyring is locked, and the prompt to unlock it was closed",
                "run the same command again, and unlock the keyring in the prompt",
            ),
            Failure::Denied => fixed(
                "access to the keyring is denied",
                "run this as the user of the desktop session: `echo $DBUS_SESSION_BUS_ADDRESS` shows which",
            ),
            Failure::Gone => fixed(
                "the keyring service stopped during the request",
                "start it with `gnome-keyring-daemon --start --components=secrets`, then run the same command again",
            ),
            Failure::ItemGone => fixed(
                "another program removed the item from the keyring during the request",
                "run the same command again",
            ),
            Failure::NotUnlocked(waited) => fixed(
                &format!("the keyring is locked, and was not unlocked within {} s", waited.as_secs()),
                "unlock it in its window on your desktop, then run the same command again",
            ),
            Failure::NoAnswer(waited) => fixed(
                &no_answer(*waited),
                "restart it: `gnome-keyring-daemon --replace --components=secrets`",
            ),
            Failure::TooLarge(limit) => {
                (format!("the credential is larger than {limit} bytes, the limit of the keyring"), None)
            }
            Failure::Several(count) => fixed(
                &format!("the keyring holds {count} items for this profile instead of one"),
                "delete the wrong ones: `secret-tool search --all service bqcred` lists them",
            ),
            Failure::ReadBackDiffers => {
                ("the keyring did not return what was written to it".to_owned(), None)
            }
            Failure::Other(reason) => (format!("the keyring can't be used: {reason}"), None),
        };
        (what, remedy, self.is_avoided_by_files())
    }

    /// Whether storing the credential in a file is the way out. Not where the keyring works again soon.
    fn is_avoided_by_files(&self) -> bool {
        match self {
            Failure::NoBus
            | Failure::NoService
            | Failure::NoCollection
            | Failure::Denied
            | Failure::TooLarge(_)
            | Failure::ReadBackDiffers
            | Failure::Other(_) => true,
            Failure::Locked
            | Failure::Dismissed
            | Failure::Gone
            | Failure::ItemGone
            | Failure::NotUnlocked(_)
            | Failure::NoAnswer(_)
            | Failure::Several(_) => false,
        }
    }
}

fn no_answer(waited: Duration) -> String {
    match waited.as_secs() {
        0 => "the keyring service does not answer".to_owned(),
        seconds => format!("the keyring service did not answer within {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No Secret Service was found that refuses a credential.
    #[test]
    fn a_credential_that_is_too_large_is_refused_with_the_limit() {
        let error = Failure::of(&keyring_core::Error::TooLong("secret".to_owned(), 2560)).into_error();
        assert_eq!((error.kind(), error.what().contains("larger than 2560 bytes")), (Kind::Store, true));
        assert!(error.hint_text().is_some_and(|hint| hint.contains("--store file")));
    }
}
