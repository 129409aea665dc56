//! Why the keyring can't be used, and what helps: each reason has its own fix, and none of them is to
//! sign in again, which would need the same keyring.

use std::time::Duration;

use crate::output::error::{Error, Kind};

/// Elsewhere than in the keyring: works whatever is wrong with it.
const FILE: &str = "`bqcred login --store file` keeps a credential in a file that only you can read";

/// gnome-keyring takes the password from stdin, whole: with a newline it would be another one.
const UNLOCK: &str =
    "`read -rs P; printf %s \"$P\" | gnome-keyring-daemon --replace --unlock --components=secrets; unset P`";

/// Why the keyring can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// There is no session bus.
    NoBus,
    /// There is a bus, but no keyring on it.
    NoService,
    /// The service has nothing to put items into.
    NoCollection,
    /// It is locked, and no prompt can be shown to unlock it.
    Locked,
    /// It is locked, and the user closed the prompt.
    Dismissed,
    /// It may not be used from here.
    Denied,
    /// It was there and went away.
    Gone,
    /// It is locked, and asked for its password for so long.
    Waits(Duration),
    /// It did not answer for so long; zero: an earlier call had already timed out.
    Silent(Duration),
    /// The item is larger than it takes; the limit in bytes.
    TooLarge(u32),
    /// Several items match; which is the right one can't be known.
    Several(usize),
    /// What was written does not come back.
    Forgets,
    /// Something else, in its own words.
    Other(String),
}

impl Failure {
    /// As an error: exit code 6, what is wrong, and what helps.
    pub(super) fn into_error(self) -> Error {
        let (what, hint) = match self {
            Failure::NoBus => (
                "there is no session bus here, so the keyring can't be reached".to_owned(),
                format!(
                    "run this in your desktop session, or in one of its own: `dbus-run-session -- bash`\n{FILE}"
                ),
            ),
            Failure::NoService => (
                "there is no keyring on this session bus (nothing provides org.freedesktop.secrets)"
                    .to_owned(),
                format!("start one: `gnome-keyring-daemon --start --components=secrets`\n{FILE}"),
            ),
            Failure::NoCollection => (
                "the keyring service has no default keyring to put anything into".to_owned(),
                format!("choose a password for a new one: {UNLOCK}\n{FILE}"),
            ),
            Failure::Locked => (
                "the keyring is locked, and no prompt can be shown here".to_owned(),
                format!("unlock it where you see your desktop, or type its password here: {UNLOCK}"),
            ),
            Failure::Dismissed => (
                "the keyring is locked, and the prompt to unlock it was closed".to_owned(),
                "run the same command again, and unlock the keyring when it asks".to_owned(),
            ),
            Failure::Denied => (
                "the keyring may not be used from here: access is denied".to_owned(),
                format!(
                    "run this as the user who owns the session: `echo $DBUS_SESSION_BUS_ADDRESS` names it\n{FILE}"
                ),
            ),
            Failure::Gone => (
                "the keyring service went away while it was asked".to_owned(),
                "start it again: `gnome-keyring-daemon --start --components=secrets`, then the same command"
                    .to_owned(),
            ),
            Failure::Waits(waited) => (
                format!("the keyring is locked, and was not unlocked within {} s", waited.as_secs()),
                "unlock it where it asks, in its own window on your desktop, then the same command"
                    .to_owned(),
            ),
            Failure::Silent(waited) => (
                match waited.as_secs() {
                    0 => "the keyring service does not answer".to_owned(),
                    seconds => format!("the keyring service did not answer within {seconds} s"),
                },
                "it hangs: `gnome-keyring-daemon --replace --components=secrets` starts it anew".to_owned(),
            ),
            Failure::TooLarge(limit) => (
                format!("the keyring takes no more than {limit} bytes, and the credential is larger"),
                FILE.to_owned(),
            ),
            Failure::Several(count) => (
                format!("the keyring holds {count} items of this profile, so it is unknown which is right"),
                "remove those that are wrong: `secret-tool search --all service bqcred` lists them"
                    .to_owned(),
            ),
            Failure::Forgets => {
                ("the keyring does not give back what was put into it".to_owned(), FILE.to_owned())
            }
            Failure::Other(words) => (format!("the keyring can't be used: {words}"), FILE.to_owned()),
        };
        Error::new(Kind::Store, what).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No Secret Service was found that refuses a credential.
    #[test]
    fn the_error_of_a_too_large_item_names_the_limit() {
        let error = Failure::of(&keyring::Error::TooLong("secret".to_owned(), 2560)).into_error();
        assert_eq!((error.kind(), error.what().contains("no more than 2560 bytes")), (Kind::Store, true));
        assert!(error.hint_text().is_some_and(|hint| hint.contains("--store file")));
    }
}
