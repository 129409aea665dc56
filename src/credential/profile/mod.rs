//! Profiles: a credential under a name, and what is known about it that is not secret.

mod condition;
mod file;
mod list;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::credential::adc::AuthorizedUser;
use crate::credential::paths::Paths;
use crate::credential::profile_id::ProfileId;
use crate::credential::profile_name::ProfileName;
use crate::credential::state::{CredentialState, PendingRotation, RevokedBy, StateRecord};
use crate::oauth::{ActingAs, Endpoints};
use crate::output::error::{Error, Kind, Result};
use crate::system::clock::Time;

pub(crate) use condition::Condition;
pub(crate) use list::{folders, ids, missing, names};

/// Where a profile's secret is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StoreKind {
    /// A file that only this user can read.
    #[default]
    File,
    /// The operating system's keyring.
    Keyring,
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StoreKind::File => "file",
            StoreKind::Keyring => "keyring",
        })
    }
}

/// How a credential came to bqcred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// A sign-in that bqcred ran, with an OAuth client of the user's.
    Login,
    /// A sign-in that gcloud ran, with its own OAuth client: for bqcred, or before, in a file of its own.
    Gcloud,
    /// A file that another tool made.
    Import,
}

/// What is known about a profile. Kept in `profile.json`; nothing in it is secret.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Profile {
    /// Names the keyring item and the session files. `None` until the profile is first saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<ProfileId>,
    /// The address that Google confirmed, or that an imported file claims (see `account_confirmed`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// The service account that the user acts as, by a credential for that; as the credential says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acting_as: Option<ActingAs>,
    /// Whether Google itself named the account.
    pub(crate) account_confirmed: bool,
    /// Google's permanent identifier of the account; addresses can change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    /// The scopes that Google granted. Empty: not known yet.
    pub(crate) scopes: Vec<String>,
    /// The project that jobs run in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project: Option<String>,
    /// The project that requests count against, where the user asked for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quota_project: Option<String>,
    /// Where the secret is kept.
    pub(crate) store: StoreKind,
    /// The other store, where a move or a login may have left a copy that has to be removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) leftover: Option<StoreKind>,
    /// The OAuth client that the credential belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    /// Endpoints that the client file named; `None` for Google's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoints: Option<Endpoints>,
    /// Whether others could have changed the endpoints: those of another server than Google's are refused until a new
    /// sign-in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) distrusted: bool,
    /// Which credential this describes ([`AuthorizedUser::fingerprint`]). If the store holds another one,
    /// bqcred did not put it there, and what this says about the account doesn't apply to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<String>,
    /// How the credential came here; `None` if bqcred did not put it into the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<Origin>,
    /// When the user signed in, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signed_in: Option<Time>,
    /// When the refresh token itself expires, where Google said so (time-based access).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token_expires: Option<Time>,
    /// When bqcred last got an access token with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_refreshed: Option<Time>,
    /// How many refresh tokens of this account and client were made here since the last revocation.
    pub(crate) refresh_tokens: u32,
    /// What is known of its validity.
    #[serde(rename = "state")]
    pub(crate) state_record: StateRecord,
    /// A rotation that has not brought a new credential yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rotation: Option<PendingRotation>,
    /// Whether this describes the credential that would be used now, as far as it was looked at.
    #[serde(skip)]
    pub(crate) condition: Condition,
    /// What a newer bqcred keeps here; written back as it is.
    #[serde(flatten)]
    pub(crate) unknown: serde_json::Map<String, serde_json::Value>,
}

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

    /// The server other than Google's that others could have put into `profile.json`: no secret is sent there.
    pub(crate) fn distrusted_host(&self) -> Option<String> {
        self.endpoints.as_ref().filter(|_| self.distrusted)?.foreign_host()
    }

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

    /// Whether the credential is valid, as far as is known here.
    pub(crate) fn state(&self) -> CredentialState {
        self.state_record.state
    }

    /// Whether only a new sign-in makes the profile work, as far as is known. A rotation that is not
    /// completed counts: it may have revoked the credential.
    pub(crate) fn needs_sign_in(&self) -> bool {
        self.rotation.is_some() || self.state().needs_sign_in()
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

/// "A profile without a credential": a sign-in that was not completed, or a file that was removed. `sign_in` is
/// the command that makes a new one.
pub(crate) fn without_credential(name: &ProfileName, profile: &Profile, sign_in: &str) -> Error {
    let why = profile.sign_in_reason().map_or(String::new(), |reason| format!(": it {reason}"));
    Error::new(Kind::Missing, format!("profile {name} has no credential{why}")).hint(format!("`{sign_in}`"))
}

/// Checks the id of a project. It is a plain word; anything else is a typing error that would come to light
/// much later.
pub(crate) fn check_project(project: &str) -> Result<()> {
    // "example.com:project" is the older form of an organisation's projects
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
    if !project.is_empty() && project.chars().all(is_plain) {
        return Ok(());
    }
    Err(Error::usage(format!("{project:?} is not a project id"))
        .hint("the id, not the name: https://console.cloud.google.com/cloud-resource-manager lists both"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::output::secret::Secret;

    /// Paths below a folder of a test's own.
    pub(super) fn paths(root: &Path) -> Paths {
        let at = |name: &str| root.join(name);
        Paths {
            data: at("data"),
            config: at("config"),
            cache: at("cache"),
            state: at("state"),
            runtime: None,
            usual_runtime: at("run"),
            home: at("home"),
            system_client: at("etc"),
        }
    }

    /// A name that is known to be good.
    pub(super) fn named(name: &str) -> ProfileName {
        ProfileName::parse(name).unwrap()
    }

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

    #[test]
    fn a_project_id_is_a_plain_word() {
        for good in ["my-project-1", "example.com:project", "p_1"] {
            assert!(check_project(good).is_ok(), "{good}");
        }
        for bad in ["", "my project", "a/b", "é"] {
            assert!(check_project(bad).is_err(), "{bad}");
        }
    }
}
