//! Why the keyring can't be used, and what helps. Each reason has its own hint, and none is to sign in again, which
//! would fail in the same way.

use std::time::Duration;

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
    /// The error for people, with a hint; exit code 6.
    pub(super) fn into_error(self) -> Error {
        let (what, hint) = match self {
            Failure::NoBus => (
                "there is no session bus, so the keyring can't be reached".to_owned(),
                format!(
                    "run this in your desktop session, or start a session bus: `dbus-run-session -- bash`\n{FILE}"
                ),
            ),
            Failure::NoService => (
                "there is no keyring on this session bus (nothing provides org.freedesktop.secrets)"
                    .to_owned(),
                format!("start one: `gnome-keyring-daemon --start --components=secrets`\n{FILE}"),
            ),
            Failure::NoCollection => (
                "the keyring service has no default keyring".to_owned(),
                format!("create one with a new password: {UNLOCK}\n{FILE}"),
            ),
            Failure::Locked => (
                "the keyring is locked, and no prompt can be shown here".to_owned(),
                format!("unlock it on your desktop, or enter its password here: {UNLOCK}"),
            ),
            Failure::Dismissed => (
                "the keyring is locked, and the prompt to unlock it was closed".to_owned(),
                "run the same command again, and unlock the keyring in the prompt".to_owned(),
            ),
            Failure::Denied => (
                "access to the keyring is denied".to_owned(),
                format!(
                    "run this as the user of the desktop session: `echo $DBUS_SESSION_BUS_ADDRESS` shows which\n{FILE}"
                ),
            ),
            Failure::Gone => (
                "the keyring service stopped during the request".to_owned(),
                "start it with `gnome-keyring-daemon --start --components=secrets`, then run the same command again"
                    .to_owned(),
            ),
            Failure::NotUnlocked(waited) => (
                format!("the keyring is locked, and was not unlocked within {} s", waited.as_secs()),
                "unlock it in its window on your desktop, then run the same command again"
                    .to_owned(),
            ),
            Failure::NoAnswer(waited) => (
                match waited.as_secs() {
                    0 => "the keyring service does not answer".to_owned(),
                    seconds => format!("the keyring service did not answer within {seconds} s"),
                },
                "restart it: `gnome-keyring-daemon --replace --components=secrets`".to_owned(),
            ),
            Failure::TooLarge(limit) => (
                format!("the credential is larger than {limit} bytes, the limit of the keyring"),
                FILE.to_owned(),
            ),
            Failure::Several(count) => (
                format!("the keyring holds {count} items for this profile instead of one"),
                "delete the wrong ones: `secret-tool search --all service bqcred` lists them"
                    .to_owned(),
            ),
            Failure::ReadBackDiffers => {
                ("the keyring did not return what was written to it".to_owned(), FILE.to_owned())
            }
            Failure::Other(reason) => (format!("the keyring can't be used: {reason}"), FILE.to_owned()),
        };
        Error::new(Kind::Store, what).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No Secret Service was found that refuses a credential.
    #[test]
    fn a_credential_that_is_too_large_is_refused_with_the_limit() {
        let error = Failure::of(&keyring::Error::TooLong("secret".to_owned(), 2560)).into_error();
        assert_eq!((error.kind(), error.what().contains("larger than 2560 bytes")), (Kind::Store, true));
        assert!(error.hint_text().is_some_and(|hint| hint.contains("--store file")));
    }
}
