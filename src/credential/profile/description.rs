//! What is said of a profile: who it is, and what is wrong with it.

use std::borrow::Cow;

use super::Profile;
use crate::credential::state::{CredentialState, RevokedBy};

impl Profile {
    /// The account, or what stands for one that isn't known.
    pub(crate) fn account_or_unknown(&self) -> Cow<'_, str> {
        match (&self.account, self.condition.describe()) {
            (Some(account), _) => Cow::Borrowed(account),
            (None, Some(why)) => Cow::Owned(format!("an unknown account ({why})")),
            (None, None) => Cow::Borrowed("an unknown account"),
        }
    }

    /// Who programs are with the profile: the account, and the service account that it acts as.
    pub(crate) fn who(&self) -> Cow<'_, str> {
        let user = self.account_or_unknown();
        match &self.acting_as {
            Some(acting_as) => Cow::Owned(format!("{user} acting as {}", acting_as.account)),
            None => user,
        }
    }

    /// The address of the service account that the user acts as, for programs.
    pub(crate) fn acting_as_account(&self) -> Option<String> {
        self.acting_as.as_ref().map(|acting_as| acting_as.account.to_string())
    }

    /// What is wrong with the profile, as a sentence; `None` if it can be used, as far as is known.
    pub(crate) fn problem(&self) -> Option<String> {
        let reason = || self.sign_in_reason().map(|reason| format!("this credential {reason}"));
        self.condition.describe().or_else(reason)
    }

    /// Why a new sign-in is needed, to follow "this credential"; `None` if none is.
    pub(crate) fn sign_in_reason(&self) -> Option<String> {
        let state = self.state();
        match &self.rotation {
            Some(rotation) if state == (CredentialState::Revoked { by: RevokedBy::Here }) => {
                Some(format!("was revoked by {}", rotation.describe()))
            }
            Some(rotation) if !state.needs_sign_in() => {
                Some(format!("may have been revoked by {}", rotation.describe()))
            }
            _ => state.needs_sign_in().then(|| state.describe().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::named;
    use super::*;
    use crate::credential::state::{PendingRotation, StateRecord};
    use crate::system::clock::Time;

    #[test]
    fn the_reason_for_a_new_sign_in_comes_from_the_state_and_a_pending_rotation() {
        let reason = |state, of: Option<&str>, is_pending: bool| {
            let rotation = is_pending.then(|| PendingRotation { since: Time::now(), of: of.map(named) });
            let profile = Profile {
                state_record: StateRecord::new(state, Time::now()),
                rotation,
                ..Profile::default()
            };
            assert_eq!(profile.needs_sign_in(), profile.sign_in_reason().is_some());
            profile.sign_in_reason()
        };
        let here = CredentialState::Revoked { by: RevokedBy::Here };
        assert_eq!(reason(CredentialState::Valid, None, false), None);
        assert_eq!(reason(CredentialState::Unknown, None, false), None);
        assert_eq!(reason(here, None, false).unwrap(), "was revoked from this machine");
        assert_eq!(reason(here, None, true).unwrap(), "was revoked by a rotation that was not completed");
        assert_eq!(
            reason(here, Some("work"), true).unwrap(),
            "was revoked by a rotation of profile work that was not completed"
        );
        assert_eq!(
            reason(CredentialState::Unknown, None, true).unwrap(),
            "may have been revoked by a rotation that was not completed"
        );
        assert_eq!(reason(CredentialState::Expired, None, true).unwrap(), "has expired");
    }
}
