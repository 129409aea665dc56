//! Writing down what a revocation from here does to profiles, as long as they hold the credential that it is about.

use crate::app::{App, Loaded};
use crate::credential::profile::{Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::credential::state::{CredentialState, PendingRotation, RevokedBy};
use crate::output::error::Result;
use crate::output::notes::Notes;
use crate::store::Store;
use crate::system::clock::Time;
use crate::system::private_file::Lock;

/// Writes down that a rotation is about to revoke a profile's credential, if it still holds that one. From now on
/// nothing is known of its state.
pub(crate) fn rotating(app: &App, loaded: &Loaded) -> Result<Notes> {
    let now = Time::now();
    change(app, &loaded.name, Some(&loaded.credential.fingerprint()), |profile| {
        // what is wrong with the client stays so
        if profile.state() != CredentialState::ClientDeleted {
            profile.state_record.set(CredentialState::Unknown, now);
        }
        profile.rotation = Some(PendingRotation { since: now, of: None });
        profile.refresh_tokens = 0;
    })
}

/// Writes down that a revocation was sent which could not be proved, if the profile still holds that credential. What
/// is known of an expected refusal stays.
pub(crate) fn unproved(app: &App, name: &ProfileName, fingerprint: Option<&str>) -> Result<Notes> {
    change(app, name, fingerprint, |profile| {
        if profile.state() == CredentialState::Valid {
            profile.state_record.set(CredentialState::Unknown, Time::now());
        }
    })
}

/// Writes down that a profile's credential was revoked from here, if it still holds the one with this
/// fingerprint. `rotation` is set where a new one is to come.
pub(crate) fn revoked(
    app: &App,
    name: &ProfileName,
    fingerprint: Option<&str>,
    rotation: Option<PendingRotation>,
) -> Result<Notes> {
    change(app, name, fingerprint, |profile| {
        profile.state_record.set(CredentialState::Revoked { by: RevokedBy::Here }, Time::now());
        profile.rotation = rotation;
        profile.refresh_tokens = 0;
    })
}

/// The same for the profiles that shared the grant; `rotation` says what is to come for each.
pub(crate) fn siblings_revoked(
    app: &App,
    siblings: &[(ProfileName, Profile)],
    rotation: impl Fn(&ProfileName) -> Option<PendingRotation>,
) -> Notes {
    let mut notes = Notes::none();
    for (name, profile) in siblings {
        match revoked(app, name, profile.fingerprint.as_deref(), rotation(name)) {
            Ok(marked) => notes.append(marked),
            Err(error) => notes
                .add(format!("profile {name} is revoked as well, which could not be written down: {error}")),
        }
    }
    notes
}

/// Takes a mark back: the profile's state is what it was before.
pub(crate) fn restore(app: &App, name: &ProfileName, before: &Profile) -> Result<Notes> {
    change(app, name, before.fingerprint.as_deref(), |profile| {
        profile.state_record = before.state_record;
        profile.rotation.clone_from(&before.rotation);
        profile.refresh_tokens = before.refresh_tokens;
    })
}

fn change(
    app: &App,
    name: &ProfileName,
    fingerprint: Option<&str>,
    change: impl FnOnce(&mut Profile),
) -> Result<Notes> {
    let lock = Lock::acquire(&app.paths.profile_lock(name))?;
    let mut profile = Profile::load(&app.paths, name)?.unwrap_or_default();
    if profile.store == StoreKind::File || Profile::load_ahead(&app.paths, name).is_some() {
        // there may be another credential by now: copied there, or from a new sign-in
        match Store::of_profile(&profile, &app.paths).load(name)? {
            Some(credential) => profile.match_to(&app.paths, name, &credential),
            None => return Ok(Notes::none()),
        }
    }
    if profile.fingerprint.as_deref() != fingerprint {
        return Ok(Notes::none());
    }
    change(&mut profile);
    profile.save(&lock, &app.paths, name)
}
