//! What is known of a credential's validity. Code decides by these types; the text for people is made from
//! them at the edge, by one `describe` each.

use serde::{Deserialize, Serialize};

use crate::credential::profile_name::ProfileName;
use crate::oauth::Reason;
use crate::system::clock::Time;

/// The state of a credential, as the last answer of the server, or a revocation from here, left it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub(crate) enum CredentialState {
    /// The server gave an access token for it.
    Valid,
    /// The organisation wants its user to sign in again (Google Cloud session control); the refresh token
    /// itself may still be valid.
    ReauthRequired,
    /// The grant was revoked.
    Revoked {
        /// Where that was done.
        by: RevokedBy,
    },
    /// The server refuses it for good, and it was granted for a limited time, which is over: with that the refresh
    /// token is gone. (What is over for an access token alone is no state: the next refresh gives another one.)
    Expired,
    /// Its OAuth client was deleted; should that be restored, so is the credential.
    ClientDeleted,
    /// The server was not asked yet, or its answer said nothing about the credential.
    // also what a newer bqcred may write here
    #[default]
    #[serde(other)]
    Unknown,
}

/// Who revoked a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RevokedBy {
    /// bqcred, from this machine.
    Here,
    /// Another program, the user at Google, or Google: the server only says that the grant was revoked or expired.
    Elsewhere,
}

/// A state, and since when it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StateRecord {
    /// The state.
    #[serde(flatten)]
    pub(crate) state: CredentialState,
    /// When bqcred learned of it; `None` for a state that was never set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Time>,
}

/// A rotation that revokes, or has revoked, a credential and has not saved a new one yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PendingRotation {
    /// When it was about to revoke.
    pub(crate) since: Time,
    /// The profile that is rotated, if it is another one that shares the grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<ProfileName>,
}

impl CredentialState {
    /// The state that a refusal of a refresh proves; `None` if it says nothing about the credential itself
    /// (a policy, a disabled client). `expires` is when the refresh token expires, where the server said so.
    pub(crate) fn after_refusal(
        reason: &Reason,
        expires: Option<Time>,
        now: Time,
    ) -> Option<CredentialState> {
        const CLOCK_DIFFERENCE: u64 = 60;
        match reason {
            Reason::GrantEnded if expires.is_some_and(|end| end <= now.plus(CLOCK_DIFFERENCE)) => {
                Some(CredentialState::Expired)
            }
            Reason::GrantEnded => Some(CredentialState::Revoked { by: RevokedBy::Elsewhere }),
            Reason::SignInAgain => Some(CredentialState::ReauthRequired),
            Reason::ClientDeleted => Some(CredentialState::ClientDeleted),
            _ => None,
        }
    }

    /// Whether only a new sign-in makes the profile work again.
    pub(crate) fn needs_sign_in(self) -> bool {
        !matches!(self, CredentialState::Valid | CredentialState::Unknown)
    }

    /// Whether nothing is left to revoke at the server: it refused the credential as revoked or expired, or a
    /// revocation from here was proved. After anything else the refresh token may still be valid there. This is the
    /// one place that says so.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, CredentialState::Revoked { .. } | CredentialState::Expired)
    }

    /// The word for programs, in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            CredentialState::Unknown => "unknown",
            CredentialState::Valid => "valid",
            CredentialState::ReauthRequired => "reauth_required",
            CredentialState::Revoked { .. } => "revoked",
            CredentialState::Expired => "expired",
            CredentialState::ClientDeleted => "client_deleted",
        }
    }

    /// Who revoked it, if it was revoked.
    pub(crate) fn revoked_by(self) -> Option<RevokedBy> {
        match self {
            CredentialState::Revoked { by } => Some(by),
            _ => None,
        }
    }

    /// For people, to follow "this credential".
    pub(crate) fn describe(self) -> &'static str {
        match self {
            CredentialState::Unknown => "has not been checked yet",
            CredentialState::Valid => "is valid",
            CredentialState::ReauthRequired => {
                "needs a new sign-in, which the organisation asks for from time to time"
            }
            CredentialState::Revoked { by: RevokedBy::Here } => "was revoked from this machine",
            CredentialState::Revoked { by: RevokedBy::Elsewhere } => "was revoked or has expired",
            CredentialState::Expired => "has expired",
            CredentialState::ClientDeleted => "belongs to an OAuth client that was deleted",
        }
    }
}

impl StateRecord {
    /// A state that is known since `now`.
    pub(crate) fn new(state: CredentialState, now: Time) -> StateRecord {
        StateRecord { state, since: Some(now) }
    }

    /// Takes the state over, if it is another one.
    pub(crate) fn set(&mut self, state: CredentialState, now: Time) {
        if self.state != state || self.since.is_none() {
            *self = StateRecord::new(state, now);
        }
    }
}

impl PendingRotation {
    /// For people, to follow "by".
    pub(crate) fn describe(&self) -> String {
        match &self.of {
            Some(name) => format!("a rotation of profile {name} that was not completed"),
            None => "a rotation that was not completed".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [CredentialState; 7] = [
        CredentialState::Unknown,
        CredentialState::Valid,
        CredentialState::ReauthRequired,
        CredentialState::Revoked { by: RevokedBy::Here },
        CredentialState::Revoked { by: RevokedBy::Elsewhere },
        CredentialState::Expired,
        CredentialState::ClientDeleted,
    ];

    fn at(seconds: u64) -> Time {
        Time::of(std::time::UNIX_EPOCH).plus(1_790_000_000 + seconds)
    }

    #[test]
    fn a_state_survives_a_round_trip_under_its_name() {
        for state in STATES {
            let record = StateRecord::new(state, at(0));
            let json = serde_json::to_value(record).unwrap();
            assert_eq!(
                (json["name"].as_str(), json["since"].as_str()),
                (Some(state.name()), Some("2026-09-21T14:13:20Z"))
            );
            assert_eq!(serde_json::from_value::<StateRecord>(json).unwrap(), record);
        }
    }

    #[test]
    fn a_state_of_a_newer_version_is_unknown() {
        let json = serde_json::json!({"name": "suspended", "since": "2026-09-21T14:13:20Z", "why": {"x": 1}});
        let record: StateRecord = serde_json::from_value(json).unwrap();
        assert_eq!(record, StateRecord::new(CredentialState::Unknown, at(0)));
    }

    #[test]
    fn each_state_has_a_description_of_its_own() {
        let texts: std::collections::BTreeSet<_> = STATES.map(CredentialState::describe).into();
        assert_eq!(texts.len(), STATES.len());
    }

    #[test]
    fn only_a_revoked_or_expired_credential_is_over() {
        let over = STATES.into_iter().filter(|state| state.is_over());
        assert_eq!(over.map(CredentialState::name).collect::<Vec<_>>(), ["revoked", "revoked", "expired"]);
        assert!(STATES.into_iter().filter(|state| state.is_over()).all(CredentialState::needs_sign_in));
    }

    #[test]
    fn refusals_that_say_nothing_about_the_credential_prove_no_state() {
        let state = |reason, expires| CredentialState::after_refusal(&reason, expires, at(100));
        let elsewhere = Some(CredentialState::Revoked { by: RevokedBy::Elsewhere });
        assert_eq!(state(Reason::GrantEnded, None), elsewhere);
        assert_eq!(state(Reason::GrantEnded, Some(at(5_000))), elsewhere);
        assert_eq!(state(Reason::GrantEnded, Some(at(150))), Some(CredentialState::Expired));
        assert_eq!(state(Reason::SignInAgain, Some(at(0))), Some(CredentialState::ReauthRequired));
        assert_eq!(state(Reason::ClientDeleted, None), Some(CredentialState::ClientDeleted));
        for other in [Reason::AdminPolicy, Reason::ClientDisabled, Reason::Other("new".to_owned())] {
            assert_eq!(state(other, Some(at(0))), None);
        }
    }

    #[test]
    fn since_is_when_a_state_became_known() {
        let mut record = StateRecord::default();
        record.set(CredentialState::Valid, at(1));
        record.set(CredentialState::Valid, at(2));
        assert_eq!(record.since, Some(at(1)));
        record.set(CredentialState::Expired, at(3));
        assert_eq!(record.since, Some(at(3)));
    }
}
