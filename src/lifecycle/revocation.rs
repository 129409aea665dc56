//! Revoking a grant at its server and proving it, and what is known of a credential there: the one home of sentences
//! about Google.

use std::time::Duration;

use crate::app::{App, Loaded};
use crate::credential::adc::AuthorizedUser;
use crate::credential::profile::Profile;
use crate::credential::state::{CredentialState, RevokedBy};
use crate::oauth::{Failure, Google, Reason, RevokeFailure, Revoked};
use crate::output::error::{Error, Kind};

/// Google says that a revocation may take a moment: how long to wait before each further check.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// The same where it is not known whether the server received the revocation.
const PAUSES_AFTER_A_FAILURE: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(1)];

const CONNECTIONS: &str = "https://myaccount.google.com/connections";

/// What is left of a credential at its server, by what was sent and answered in this run.
///
/// Each sentence about that is made by [`Revocation::describe`], so that it has exactly one of four phrases, which
/// tests compare with the server: "revoked at Google" (nothing is left to revoke), "still valid at Google" (the server
/// itself said so in this run), "may still be valid at Google" (neither is proved), "nothing was sent to Google".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revocation {
    /// This run sent the revocation, and a refresh after it was refused.
    Done,
    /// The step that started this rotation did, and recorded it.
    DoneByRotation,
    /// The server refuses it as revoked or expired, and did before anything was sent.
    Before,
    /// The server knows it: it gave an access token, or asks for a new sign-in.
    StillValid,
    /// Nothing proves that it is revoked.
    Unproved,
    /// Nothing about it was sent to the server.
    NotSent,
}

/// A grant that is not proved to be revoked. Nothing stored has changed.
pub(crate) struct NotRevoked {
    /// Whether the server may have revoked it all the same.
    pub(crate) may_be_done: bool,
    /// Why, what is left of it, and what helps.
    pub(crate) error: Error,
}

impl Revocation {
    /// What the answer to a refresh says of the credential.
    pub(crate) fn heard<T>(answer: &Result<T, Failure>) -> Revocation {
        match answer {
            Ok(_) | Err(Failure::Refused(Reason::SignInAgain)) => Revocation::StillValid,
            Err(Failure::Refused(Reason::GrantEnded)) => Revocation::Before,
            Err(_) => Revocation::Unproved,
        }
    }

    /// What is recorded of the credential that a rotation replaces. That it is valid is never taken from a record.
    pub(crate) fn recorded(profile: &Profile) -> Revocation {
        let state = profile.state();
        match profile.rotation.is_some() && state == (CredentialState::Revoked { by: RevokedBy::Here }) {
            true => Revocation::DoneByRotation,
            false if state.is_over() => Revocation::Before,
            false => Revocation::Unproved,
        }
    }

    /// Whether nothing is left to revoke.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Revocation::Done | Revocation::DoneByRotation | Revocation::Before)
    }

    /// Whether this rotation revoked it.
    pub(crate) fn is_by_rotation(self) -> bool {
        matches!(self, Revocation::Done | Revocation::DoneByRotation)
    }

    /// For people, to follow "the credential of ada@example.com".
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Revocation::Done => "is revoked at Google",
            Revocation::DoneByRotation => "was revoked at Google when the rotation was started",
            Revocation::Before => "had been revoked at Google before, or had expired",
            Revocation::StillValid => "is still valid at Google",
            Revocation::Unproved => "may still be valid at Google",
            Revocation::NotSent => "may still be valid: nothing was sent to Google",
        }
    }
}

/// Revokes the grant and proves it, by a refresh that must fail. Gives [`Revocation::Done`] or
/// [`Revocation::Before`]. `heard` is what the server said of the credential in this run.
pub(crate) fn revoke(app: &App, loaded: &Loaded, heard: Revocation) -> Result<Revocation, NotRevoked> {
    let (endpoints, credential) = (loaded.endpoints(), &loaded.credential);
    let server = Google::at(&endpoints);
    let id = &credential.client_id;
    match server.revoke(id, &credential.client_secret, &credential.refresh_token) {
        Ok(answer) => match prove(&server, credential, &PAUSES) {
            (Revocation::Before, _) if answer == Revoked::Now => Ok(Revocation::Done),
            (Revocation::Before, _) => Ok(Revocation::Before),
            (left, why) => Err(NotRevoked {
                may_be_done: left == Revocation::Unproved,
                error: not_proved(app, loaded, left, why),
            }),
        },
        Err(RevokeFailure { failure: failure @ Failure::Unreachable(_), may_have_arrived: false }) => {
            let error = failed(app, loaded, heard, failure, false);
            Err(NotRevoked { may_be_done: false, error })
        }
        Err(RevokeFailure { failure, may_have_arrived }) => {
            match prove(&server, credential, &PAUSES_AFTER_A_FAILURE).0 {
                // the answer was lost, unless it was known before that nothing is left
                Revocation::Before if may_have_arrived && !loaded.profile.state().is_over() => {
                    Ok(Revocation::Done)
                }
                Revocation::Before => Ok(Revocation::Before),
                left => Err(NotRevoked {
                    may_be_done: may_have_arrived && left == Revocation::Unproved,
                    error: failed(app, loaded, left, failure, may_have_arrived),
                }),
            }
        }
    }
}

/// Asks the server for an access token until it refuses for good. [`Revocation::Before`]: it does. With anything else
/// comes the last refusal, if there was one.
fn prove(
    server: &Google<'_>,
    credential: &AuthorizedUser,
    pauses: &[Duration],
) -> (Revocation, Option<Failure>) {
    let mut pauses = pauses.iter();
    loop {
        let answer =
            server.refresh(&credential.client_id, &credential.client_secret, &credential.refresh_token);
        let (heard, why) = (Revocation::heard(&answer), answer.err());
        match pauses.next() {
            Some(pause) if heard == Revocation::StillValid => std::thread::sleep(*pause),
            // "sign in again" proves nothing after a revocation that was accepted
            _ if heard == Revocation::StillValid && why.is_some() => return (Revocation::Unproved, why),
            _ => return (heard, why),
        }
    }
}

/// The server did not accept the revocation.
fn failed(app: &App, loaded: &Loaded, left: Revocation, failure: Failure, arrived: bool) -> Error {
    let why = failure.into_error(&app.login_command(&loaded.name));
    let what = format!("the credential could not be revoked: {}; it {}", why.what(), left.describe());
    let error = Error::new(why.kind(), format!("{what}; nothing was removed"));
    match (why.kind(), why.hint_text()) {
        (Kind::Network, _) if arrived => error.hint("try again in a moment"),
        (Kind::Network, Some(hint)) => error.hint(hint),
        _ => error.hint(by_hand(app, loaded)),
    }
}

/// The server accepted the revocation, and it is not proved.
fn not_proved(app: &App, loaded: &Loaded, left: Revocation, why: Option<Failure>) -> Error {
    let is_client_deleted = why == Some(Failure::Refused(Reason::ClientDeleted));
    let Some(why) = why.map(|why| why.into_error(&app.login_command(&loaded.name))) else {
        let what = "the server accepted the revocation, but the credential";
        return Error::new(Kind::Network, format!("{what} {}; nothing was removed", left.describe()))
            .hint(format!("try again in a minute, or revoke it at {CONNECTIONS}"));
    };
    let what = format!(
        "the server accepted the revocation, but whether it worked can't be checked: {}; the credential {}; nothing \
         was removed",
        why.what(),
        left.describe()
    );
    let error = Error::new(why.kind(), what);
    match why.hint_text() {
        _ if is_client_deleted => error.hint(format!(
            "should the client be restored, this credential may work again: {CONNECTIONS} shows what is allowed\n\
             `{}` removes it here, `{}` signs in with another client",
            app.command("forget", &loaded.name),
            app.login_command(&loaded.name)
        )),
        Some(hint) if why.kind() == Kind::Network => error.hint(hint),
        _ => error.hint(by_hand(app, loaded)),
    }
}

fn by_hand(app: &App, loaded: &Loaded) -> String {
    format!("revoke it at {CONNECTIONS}, then `{}`", app.command("forget", &loaded.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::state::{PendingRotation, StateRecord};
    use crate::oauth::Transport;
    use crate::system::clock::Time;

    const ALL: [Revocation; 6] = [
        Revocation::Done,
        Revocation::DoneByRotation,
        Revocation::Before,
        Revocation::StillValid,
        Revocation::Unproved,
        Revocation::NotSent,
    ];

    #[test]
    fn each_sentence_has_exactly_one_phrase() {
        let phrases = [
            "revoked at Google",
            "still valid at Google",
            "may still be valid at Google",
            "nothing was sent to Google",
        ];
        for left in ALL {
            let found = phrases.iter().filter(|phrase| left.describe().contains(**phrase)).count();
            assert_eq!(found, 1, "{left:?}");
            assert_eq!(left.describe().contains("revoked at Google"), left.is_over(), "{left:?}");
        }
    }

    #[test]
    fn only_a_refusal_for_good_counts_as_revoked() {
        let refused = |reason| Revocation::heard::<()>(&Err(Failure::Refused(reason)));
        assert_eq!(Revocation::heard(&Ok(())), Revocation::StillValid);
        assert_eq!(refused(Reason::GrantEnded), Revocation::Before);
        assert_eq!(refused(Reason::SignInAgain), Revocation::StillValid);
        for reason in [
            Reason::ClientDeleted,
            Reason::ClientDisabled,
            Reason::AdminPolicy,
            Reason::OtherUser,
            Reason::Other("new_rule".to_owned()),
        ] {
            assert_eq!(refused(reason.clone()), Revocation::Unproved, "{reason:?}");
        }
        let lost = Revocation::heard::<()>(&Err(Failure::Unreachable(Transport::Timeout)));
        assert_eq!(lost, Revocation::Unproved);
    }

    #[test]
    fn only_a_completed_revocation_counts_as_revoked_by_the_rotation() {
        use CredentialState::{ClientDeleted, Expired, ReauthRequired, Revoked, Unknown, Valid};
        let [here, elsewhere] = [RevokedBy::Here, RevokedBy::Elsewhere].map(|by| Revoked { by });
        for (state, is_pending, expected) in [
            (here, true, Revocation::DoneByRotation),
            (here, false, Revocation::Before),
            (elsewhere, false, Revocation::Before),
            (Expired, false, Revocation::Before),
            (Unknown, true, Revocation::Unproved),
            (ReauthRequired, false, Revocation::Unproved),
            (ClientDeleted, false, Revocation::Unproved),
            (Valid, false, Revocation::Unproved),
        ] {
            let now = Time::now();
            let rotation = is_pending.then_some(PendingRotation { since: now, of: None });
            let profile =
                Profile { state_record: StateRecord::new(state, now), rotation, ..Profile::default() };
            assert_eq!(Revocation::recorded(&profile), expected, "{state:?}");
        }
    }
}
