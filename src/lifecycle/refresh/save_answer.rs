//! What a profile learns from the answer to a refresh.

use crate::app::{App, Loaded};
use crate::credential::adc::AuthorizedUser;
use crate::credential::profile::Profile;
use crate::credential::state::{CredentialState, RevokedBy};
use crate::oauth::{Failure, Fresh, Reason};
use crate::output::error::Result;
use crate::output::notes::Notes;
use crate::store::{AccessToken, Store, relocate};
use crate::system::clock::Time;
use crate::system::private_file::Lock;

/// Saves what an answer says about a profile's credential, and the access token that it gives.
pub(super) fn save_answer(
    app: &App,
    loaded: &mut Loaded,
    result: &Result<Fresh, Failure>,
    notes: &mut Notes,
) -> Result<()> {
    update_profile(app, loaded, result, notes)?;
    let Ok(fresh) = result else { return Ok(()) };
    let token = AccessToken { token: fresh.access_token.clone(), expires: fresh.expires };
    let store = Store::of(loaded.profile.store, &app.paths);
    store.keep_access_token(&loaded.name, &loaded.credential, &token)
}

/// Writes down what an answer says, if the profile still holds the credential that was asked about.
pub(super) fn update_profile(
    app: &App,
    loaded: &mut Loaded,
    result: &Result<Fresh, Failure>,
    notes: &mut Notes,
) -> Result<()> {
    if matches!(result, Err(Failure::Unreachable(_))) {
        return Ok(());
    }
    let fingerprint = loaded.credential.fingerprint();
    let lock = Lock::acquire(&app.paths.profile_lock(&loaded.name))?;
    match Store::of(loaded.profile.store, &app.paths).load(&loaded.name)? {
        Some(stored) if stored.fingerprint() == fingerprint => {}
        _ => return Ok(()),
    }
    let mut profile = Profile::load(&app.paths, &loaded.name)?.unwrap_or_default();
    profile.match_to(&app.paths, &loaded.name, &loaded.credential);
    match result {
        Ok(fresh) => {
            take_over(&mut profile, fresh, Time::now());
            if let Some(token) = &fresh.refresh_token {
                let mut next = loaded.credential.clone();
                next.refresh_token = token.clone();
                notes.append(replace_credential(app, &lock, loaded, &mut profile, next)?);
            }
        }
        Err(Failure::Refused(reason)) => take_refusal_over(&mut profile, reason, Time::now()),
        Err(Failure::Unreachable(_)) => {}
    }
    notes.append(profile.save(&lock, &app.paths, &loaded.name)?);
    let cleared = relocate::clear_leftover(&lock, &app.paths, &loaded.name, &mut profile);
    loaded.profile = profile;
    notes.append(cleared?);
    Ok(())
}

/// For a server that rotates refresh tokens (RFC 6749 section 6); Google doesn't.
fn replace_credential(
    app: &App,
    lock: &Lock,
    loaded: &mut Loaded,
    profile: &mut Profile,
    next: AuthorizedUser,
) -> Result<Notes> {
    profile.fingerprint = Some(next.fingerprint());
    profile.write_ahead(lock, &app.paths, &loaded.name)?;
    let notes = Store::of(loaded.profile.store, &app.paths).save(lock, &loaded.name, &next)?;
    loaded.credential = next;
    Ok(notes)
}

fn take_over(profile: &mut Profile, fresh: &Fresh, now: Time) {
    profile.state_record.set(CredentialState::Valid, now);
    profile.rotation = None;
    profile.last_refreshed = Some(now);
    if let Some(scopes) = &fresh.scopes {
        profile.scopes.clone_from(scopes);
    }
    if let Some(end) = fresh.refresh_token_expires {
        profile.refresh_token_expires = Some(end);
    }
    if let Some(identity) = &fresh.identity {
        if let Some(email) = &identity.email {
            profile.account = Some(email.clone());
            profile.account_confirmed = true;
        }
        profile.sub = identity.sub.clone().or(profile.sub.take());
    }
}

fn take_refusal_over(profile: &mut Profile, reason: &Reason, now: Time) {
    let known = profile.state();
    let state = match CredentialState::after_refusal(reason, profile.refresh_token_expires, now) {
        // what is over stays over, for the reason that is known already
        _ if known.is_over() => return,
        // a rotation was about to revoke it, and could not learn whether it did
        Some(CredentialState::Revoked { .. }) if profile.rotation.is_some() => {
            CredentialState::Revoked { by: RevokedBy::Here }
        }
        Some(state) => state,
        // a refusal for another reason: the credential may be valid
        None if known == CredentialState::Valid => CredentialState::Unknown,
        None => return,
    };
    profile.state_record.set(state, now);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::state::{PendingRotation, StateRecord};

    fn after(state: CredentialState, is_rotated: bool, reason: &Reason) -> CredentialState {
        let now = Time::now();
        let rotation = is_rotated.then_some(PendingRotation { since: now, of: None });
        let mut profile =
            Profile { state_record: StateRecord::new(state, now), rotation, ..Profile::default() };
        take_refusal_over(&mut profile, reason, now);
        profile.state()
    }

    #[test]
    fn a_refusal_sets_the_state_that_it_proves() {
        use CredentialState::{ClientDeleted, ReauthRequired, Revoked, Unknown, Valid};
        let [here, elsewhere] = [RevokedBy::Here, RevokedBy::Elsewhere].map(|by| Revoked { by });
        for (before, is_rotated, reason, expected) in [
            (Valid, false, Reason::GrantEnded, elsewhere),
            (ReauthRequired, false, Reason::GrantEnded, elsewhere),
            (Unknown, true, Reason::GrantEnded, here),
            (here, false, Reason::GrantEnded, here),
            (here, true, Reason::SignInAgain, here),
            (Valid, false, Reason::SignInAgain, ReauthRequired),
            (Unknown, false, Reason::ClientDeleted, ClientDeleted),
            (Valid, false, Reason::AdminPolicy, Unknown),
            (ReauthRequired, false, Reason::AdminPolicy, ReauthRequired),
        ] {
            assert_eq!(after(before, is_rotated, &reason), expected, "{before:?} {reason:?}");
        }
    }

    #[test]
    fn a_new_access_token_proves_the_credential_valid() {
        let now = Time::now();
        let mut profile = Profile {
            state_record: StateRecord::new(CredentialState::ReauthRequired, now),
            rotation: Some(PendingRotation { since: now, of: None }),
            ..Profile::default()
        };
        let fresh = Fresh::from(AccessToken { token: crate::output::secret::Secret::new("t"), expires: now });
        take_over(&mut profile, &fresh, now);
        assert_eq!(profile.state(), CredentialState::Valid);
        assert!(!profile.needs_sign_in());
    }
}
