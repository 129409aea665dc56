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
    let store = Store::of_profile(&loaded.profile, &app.paths);
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
    match Store::of_profile(&loaded.profile, &app.paths).load(&loaded.name)? {
        Some(stored) if stored.fingerprint() == fingerprint => {}
        _ => return Ok(()),
    }
    let mut profile = Profile::load(&app.paths, &loaded.name)?.unwrap_or_default();
    profile.match_to(&app.paths, &loaded.name, &loaded.credential);
    match result {
        Ok(fresh) => {
            notes.append(describe_other_address(&profile, fresh));
            take_over(&mut profile, fresh, Time::now());
            if let Some(next) = next_credential(&loaded.credential, fresh) {
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

/// For people: Google names another address than the profile does, which takes it over.
fn describe_other_address(profile: &Profile, fresh: &Fresh) -> Notes {
    let mut notes = Notes::none();
    let named = fresh.identity.as_ref().and_then(|identity| identity.email.as_deref());
    if let (Some(known), Some(named)) = (profile.account.as_deref(), named)
        && !known.eq_ignore_ascii_case(named)
    {
        let was = if profile.account_confirmed { "it was" } else { "the imported file said" };
        notes.add(format!("Google names {named} as the account of this credential; {was} {known}"));
    }
    notes
}

/// The credential as the answer changes it: by the address that Google names, and by a new refresh token of a server
/// that rotates them (RFC 6749 section 6; Google doesn't).
fn next_credential(credential: &AuthorizedUser, fresh: &Fresh) -> Option<AuthorizedUser> {
    let email = fresh.identity.as_ref().and_then(|identity| identity.email.as_ref());
    let email = email.filter(|email| !email.eq_ignore_ascii_case(&credential.account));
    if email.is_none() && fresh.refresh_token.is_none() {
        return None;
    }
    let mut next = credential.clone();
    if let Some(email) = email {
        next.account.clone_from(email);
    }
    if let Some(token) = &fresh.refresh_token {
        next.refresh_token = token.clone();
    }
    Some(next)
}

fn replace_credential(
    app: &App,
    lock: &Lock,
    loaded: &mut Loaded,
    profile: &mut Profile,
    next: AuthorizedUser,
) -> Result<Notes> {
    profile.fingerprint = Some(next.fingerprint());
    profile.write_ahead(lock, &app.paths, &loaded.name)?;
    let notes = Store::of_profile(&loaded.profile, &app.paths).save(lock, &loaded.name, &next)?;
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
        // the server knows it, so it is not over, whatever was known
        Some(CredentialState::ReauthRequired) => CredentialState::ReauthRequired,
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
            (here, true, Reason::SignInAgain, ReauthRequired),
            (here, false, Reason::ClientDeleted, here),
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
