//! The last sentence of a run that a signal stopped: what was done at Google and here, and what was not.

use crate::cli::{Command, Parsed};
use crate::output::error::{Error, Kind};
use crate::system::effects::{self, Effects, Progress};

/// Whether a command may wait for a server, the keyring or the user, so that it is watched for signals. Not those
/// that shells run at each start and prompt, nor those that become another program: a signal simply ends them.
pub(crate) fn is_watched(parsed: &Parsed) -> bool {
    use Command::*;
    let Parsed::Command(cli) = parsed else { return false };
    cli.command.as_ref().is_some_and(|command| {
        !matches!(
            command,
            Env(_)
                | Exec(_)
                | List(_)
                | Init(_)
                | Completions(_)
                | Complete(_)
                | Man(_)
                | Help(_)
                | Snippet(_)
        )
    })
}

/// What a run did until it was stopped.
pub(crate) fn error() -> Error {
    describe(effects::so_far())
}

fn describe(effects: Effects) -> Error {
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
            let error = describe(Effects { revocation, sign_in, saved });
            assert_eq!((error.what(), error.kind()), (says, Kind::Interrupted));
        }
    }
}
