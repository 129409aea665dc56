//! The credential that a new one takes the place of: whose it was, and what is left of it at its server.

use crate::app::App;
use crate::credential::adc::AuthorizedUser;
use crate::credential::profile::{Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::lifecycle::grant;
use crate::lifecycle::revocation::Revocation;
use crate::oauth::{Endpoints, Google};
use crate::output::notes::Notes;
use crate::store::Store;

/// What a profile held before a new credential was saved.
pub(crate) struct Replaced {
    profile: Profile,
    /// `None` where the store could not be read.
    credential: Option<AuthorizedUser>,
}

/// What a profile holds, before a new credential is saved; `None` for a new profile.
pub(crate) fn held(app: &App, name: &ProfileName) -> Option<Replaced> {
    let Ok(known) = app.known_profile(name) else { return without_settings(app, name) };
    let profile = known?;
    Some(match app.load_credential(name.clone(), profile.clone()) {
        Ok(loaded) => Replaced { profile: loaded.profile, credential: Some(loaded.credential) },
        Err(_) => Replaced { profile, credential: None },
    })
}

/// The same where `profile.json` is invalid: the server is not known, so the credential is sent nowhere.
fn without_settings(app: &App, name: &ProfileName) -> Option<Replaced> {
    let credential = Store::of(StoreKind::File, None, &app.paths).load(name).ok()??;
    let mut profile = Profile::default();
    profile.match_to(&app.paths, name, &credential);
    Some(Replaced { profile, credential: None })
}

impl Replaced {
    /// Whose it was, as far as is known.
    pub(crate) fn account(&self) -> Option<&str> {
        self.profile.account.as_deref()
    }

    /// Whether the profile held a credential that may be valid: it must not be lost unsaid.
    pub(crate) fn may_be_valid(&self) -> bool {
        !self.profile.state().is_over()
    }

    /// For people: what became of it after a sign-in, where the new credential is of somebody else, or where a rotation
    /// was to revoke it. The server is asked.
    pub(crate) fn describe_after_sign_in(&self, name: &ProfileName, new: &Profile) -> Notes {
        match grant::is_same_user(&self.profile, new) && self.profile.rotation.is_none() {
            true => Notes::none(),
            false => self.describe(name, new),
        }
    }

    /// For people: what became of it, unless it is the same. The server is asked.
    pub(crate) fn describe(&self, name: &ProfileName, new: &Profile) -> Notes {
        let mut notes = Notes::none();
        let is_same = self.profile.fingerprint.is_some() && self.profile.fingerprint == new.fingerprint;
        if is_same && self.profile.acting_as == new.acting_as {
            return notes;
        }
        let who = self.profile.who();
        let was = match grant::is_same_user(&self.profile, new) && self.profile.acting_as == new.acting_as {
            true => format!("profile {name} had another credential of {who} before"),
            false => format!("profile {name} was {who} before"),
        };
        if is_same {
            notes.add(was);
            return notes;
        }
        let left = self.left();
        notes.add(match left {
            Some(left) if left.is_over() && grant::is_same_user(&self.profile, new) => return notes,
            Some(left) if left.is_over() => was,
            Some(left) => format!("{was}; that credential {}", left.describe()),
            None => was,
        });
        notes
    }

    /// What is left of it; `None` if there was none, as far as is known.
    fn left(&self) -> Option<Revocation> {
        if !self.may_be_valid() {
            return Some(Revocation::Before);
        }
        let Some(credential) = &self.credential else {
            return self.profile.fingerprint.is_some().then_some(Revocation::Unproved);
        };
        if self.profile.distrusted_host().is_some() {
            return Some(Revocation::Unproved);
        }
        let endpoints = self.profile.endpoints.clone().unwrap_or_else(Endpoints::google);
        let answer = Google::at(&endpoints).refresh(
            &credential.client_id,
            &credential.client_secret,
            &credential.refresh_token,
        );
        Some(Revocation::heard(&answer))
    }
}
