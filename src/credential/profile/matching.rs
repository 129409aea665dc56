//! Whether a profile's settings describe the credential in its store, and what is known if they don't.

use super::{Condition, Profile};
use crate::credential::adc::AuthorizedUser;
use crate::credential::paths::Paths;
use crate::credential::profile_name::ProfileName;

impl Profile {
    /// Whether this is about `credential`.
    pub(crate) fn describes(&self, credential: &AuthorizedUser) -> bool {
        self.fingerprint.as_deref() == Some(&credential.fingerprint())
    }

    /// Makes this describe `credential`, which is what the store holds: by what was written ahead of it, else
    /// by what it says itself. What is known of another credential is dropped. The account is always the one that the
    /// credential names, if it names one, and the service account always what it says.
    pub(crate) fn match_to(&mut self, paths: &Paths, name: &ProfileName, credential: &AuthorizedUser) {
        let ahead = Profile::load_ahead(paths, name);
        self.condition = Condition::Settled;
        match ahead {
            Some(ahead) if ahead.store == self.store && ahead.describes(credential) => *self = ahead,
            Some(ahead) => self.condition = Condition::Interrupted { account: ahead.account },
            None => {}
        }
        if !self.describes(credential) {
            self.reset_to(credential);
        }
        self.set_account(&credential.account);
        self.acting_as = credential.acting_as().cloned();
    }

    /// For a keyring profile whose keyring isn't asked: after an interrupted sign-in its item may be the new one.
    pub(crate) fn doubt(&mut self, paths: &Paths, name: &ProfileName) {
        let Some(ahead) = Profile::load_ahead(paths, name) else { return };
        let account = ahead.account;
        // a sign-in to the other store leaves this one's credential in use until it is complete
        if ahead.store != self.store {
            self.condition = Condition::Interrupted { account };
            return;
        }
        if account != self.account || ahead.acting_as != self.acting_as {
            self.account = None;
            self.acting_as = None;
            self.account_confirmed = false;
        }
        self.condition = Condition::Unresolved { account };
    }

    /// For a profile whose store holds nothing: nobody would be used.
    pub(crate) fn without_credential(&mut self) {
        self.account = None;
        self.acting_as = None;
        self.account_confirmed = false;
        self.condition = Condition::NoCredential;
    }

    fn set_account(&mut self, account: &str) {
        if account.is_empty() {
            return;
        }
        if self.account.as_ref().is_none_or(|known| !known.eq_ignore_ascii_case(account)) {
            self.account_confirmed = false;
            self.sub = None;
        }
        self.account = Some(account.to_owned());
    }

    /// Keeps what the user chose for the profile, and knows nothing of the credential but what it says.
    fn reset_to(&mut self, credential: &AuthorizedUser) {
        *self = Profile {
            id: self.id.take(),
            condition: std::mem::take(&mut self.condition),
            account: Some(credential.account.clone()).filter(|account| !account.is_empty()),
            quota_project: credential.quota_project_id.clone().or(self.quota_project.take()),
            client_id: Some(credential.client_id.clone()),
            endpoints: self
                .endpoints
                .take()
                .filter(|_| self.client_id.as_ref() == Some(&credential.client_id)),
            distrusted: self.distrusted,
            project: self.project.take(),
            store: self.store,
            leftover: self.leftover,
            unknown: std::mem::take(&mut self.unknown),
            fingerprint: Some(credential.fingerprint()),
            ..Profile::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::StoreKind;
    use super::super::tests::{named, paths};
    use super::*;
    use crate::credential::state::{CredentialState, StateRecord};
    use crate::oauth::Endpoints;
    use crate::output::secret::Secret;
    use crate::system::clock::Time;

    fn credential(token: &str) -> AuthorizedUser {
        AuthorizedUser::new("", "1-a", Secret::new("s"), Secret::new(token))
    }

    #[test]
    fn another_credential_keeps_the_users_choices_and_drops_what_was_known() {
        let root = tempfile::tempdir().unwrap();
        let (paths, name) = (paths(root.path()), named("work"));
        let mut profile =
            Profile { store: StoreKind::Keyring, project: Some("p".to_owned()), ..Profile::default() };
        profile.match_to(&paths, &name, &credential("1//0one"));
        profile.account = Some("ada@example.com".to_owned());
        profile.scopes = vec!["openid".to_owned()];
        profile.state_record.set(CredentialState::Valid, Time::now());
        profile.match_to(&paths, &name, &credential("1//0one"));
        assert_eq!(profile.account_or_unknown(), "ada@example.com");
        profile.match_to(&paths, &name, &credential("1//0other"));
        assert_eq!(profile.account_or_unknown(), "an unknown account");
        assert_eq!((profile.store, profile.project.as_deref()), (StoreKind::Keyring, Some("p")));
        assert!(profile.scopes.is_empty() && profile.state_record == StateRecord::default());
    }

    #[test]
    fn a_credentials_own_values_take_precedence() {
        let mut credential =
            AuthorizedUser::new("ada@example.com", "1-a", Secret::new("s"), Secret::new("1//0one"));
        credential.quota_project_id = Some("quota".to_owned());
        let earlier = || Profile {
            quota_project: Some("other".to_owned()),
            leftover: Some(StoreKind::Keyring),
            endpoints: Some(Endpoints::google()),
            unknown: serde_json::Map::from_iter([("new".to_owned(), true.into())]),
            ..Profile::default()
        };
        let mut profile = Profile { client_id: Some("1-a".to_owned()), ..earlier() };
        profile.reset_to(&credential);
        assert_eq!(profile.account.as_deref(), Some("ada@example.com"));
        assert_eq!(profile.client_id.as_deref(), Some("1-a"));
        assert_eq!(profile.quota_project.as_deref(), Some("quota"));
        assert_eq!((profile.leftover, profile.unknown.len()), (Some(StoreKind::Keyring), 1));
        assert!(profile.endpoints.is_some());
        let mut profile = Profile { client_id: Some("2-b".to_owned()), ..earlier() };
        credential.quota_project_id = None;
        profile.reset_to(&credential);
        assert!(profile.endpoints.is_none(), "they are another client's");
        assert_eq!(profile.quota_project.as_deref(), Some("other"));
    }
}
