//! The last sentence of a run that a signal stopped: what was done at Google and here, and what was not.

use crate::cli::{Command, Parsed};
use crate::output::error::{Error, Kind};
use crate::system::effects::{self, Effects, Progress};
use crate::system::interrupt;

/// Why a command is watched for signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watch {
    /// It asks a server; what it changes here follows from the answer.
    Server,
    /// It changes what is kept here, and may wait for the keyring, a lock or the user.
    Here,
    /// It renews an access token, until it is stopped.
    Renewal,
}

impl Watch {
    /// `None` for what shells run at each start and prompt, and for what becomes another program: a signal simply ends
    /// it.
    pub(crate) fn of(parsed: &Parsed) -> Option<Watch> {
        use Command::*;
        let Parsed::Command(cli) = parsed else { return None };
        match cli.command.as_ref()? {
            Env(_) | Exec(_) | List(_) | Init(_) | Completions(_) | Complete(_) | Man(_) | Help(_)
            | Snippet(_) | StartUnder(_) => None,
            Login(_) | KeepGcloud(_) | Token(_) | Status(_) | Import(_) | Rotate(_) | Revoke(_)
            | Doctor(_) => Some(Watch::Server),
            Export(args) if args.keep_fresh => Some(Watch::Renewal),
            Use(_) | Export(_) | Forget(_) | Move(_) | Lock(_) | Client(_) | Kernel(_) | Allow(_)
            | Deny(_) => Some(Watch::Here),
        }
    }
}

/// What a run did until it was stopped.
pub(crate) fn error(watch: Watch) -> Error {
    if watch == Watch::Renewal {
        return Error::new(Kind::Interrupted, "stopped; the access token is not renewed any more");
    }
    describe(effects::so_far(), watch == Watch::Here && interrupt::has_changed())
}

/// `is_half_done`: something was changed here, whether or not all of it.
fn describe(effects: Effects, is_half_done: bool) -> Error {
    let revocation = match effects.revocation {
        Progress::None => None,
        Progress::Sent => Some("the revocation was on its way and may have taken effect at Google"),
        Progress::Done => Some("the old credential is revoked at Google"),
    };
    let sign_in = match (effects.saved, effects.sign_in) {
        (true, _) => Some("the new credential is saved"),
        (false, Progress::None) => None,
        (false, Progress::Sent) => Some("Google may have issued a new credential, which was not saved"),
        (false, Progress::Done) => Some("Google has issued a new credential, which was not saved"),
    };
    let done: Vec<&str> = [revocation, sign_in].into_iter().flatten().collect();
    if done.is_empty() && is_half_done {
        return Error::new(Kind::Interrupted, "stopped; some of it may have been done already").hint(
            "`bqcred list` and `bqcred kernel list` show what there is; the same command does the rest",
        );
    }
    if done.is_empty() {
        return Error::new(Kind::Interrupted, "stopped; nothing was changed");
    }
    let hint = match (effects.revocation, effects.saved, effects.sign_in) {
        (_, true, _) | (Progress::Sent, ..) => {
            "`bqcred status` shows what the profile holds, and asks Google"
        }
        (Progress::Done, ..) => "`bqcred login` signs in again; `bqcred revoke` removes what is left here",
        (Progress::None, ..) => {
            "`bqcred login` starts again; https://myaccount.google.com/connections shows what has access"
        }
    };
    Error::new(Kind::Interrupted, format!("stopped; {}", done.join(", and "))).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sentence_says_what_was_done() {
        use Progress::{Done, None, Sent};
        for (revocation, sign_in, saved, says) in [
            (None, None, false, "stopped; nothing was changed"),
            (Sent, None, false, "stopped; the revocation was on its way and may have taken effect at Google"),
            (Done, None, false, "stopped; the old credential is revoked at Google"),
            (None, Sent, false, "stopped; Google may have issued a new credential, which was not saved"),
            (None, Done, false, "stopped; Google has issued a new credential, which was not saved"),
            (None, Done, true, "stopped; the new credential is saved"),
            (
                Done,
                Sent,
                false,
                "stopped; the old credential is revoked at Google, and Google may have issued a new credential, \
                 which was not saved",
            ),
        ] {
            let error = describe(Effects { revocation, sign_in, saved }, false);
            assert_eq!((error.what(), error.kind()), (says, Kind::Interrupted));
        }
        assert!(describe(Effects::default(), true).what().contains("some of it may have been done"));
    }
}
