//! Getting an access token for a profile, and saving what the answer says about its credential.

use std::time::Duration;

use crate::app::{App, Loaded};
use crate::credential::adc::AuthorizedUser;
use crate::credential::forecast;
use crate::credential::profile::Profile;
use crate::credential::state::{CredentialState, RevokedBy};
use crate::oauth::{Failure, Fresh, Google, Reason};
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::store::{AccessToken, Store, relocate};
use crate::system::clock::Time;
use crate::system::private_file::Lock;

/// How long to wait for another process that refreshes the same profile: as long as its request
/// may take, with its retries. After that this one asks by itself.
const TURN_TIMEOUT: Duration = Duration::from_secs(40);

/// Clocks that are kept right are set back by less than this, in seconds.
const CLOCK_JITTER: u64 = 60;

/// The answer to a request for an access token.
#[must_use]
pub(crate) struct Answered<T> {
    /// The token, or why there is none.
    pub(crate) result: Result<T, Failure>,
    /// What could not be saved of it.
    pub(crate) notes: Notes,
}

impl<T> Answered<T> {
    fn quietly(result: Result<T, Failure>) -> Answered<T> {
        Answered { result, notes: Notes::none() }
    }
}

/// Finds out from the server whether the credential is valid, by a new access token. Of many processes that
/// ask at once, one sends the request; those that waited for it take its answer.
pub(crate) fn refresh(app: &App, loaded: &mut Loaded) -> Answered<Fresh> {
    let free = Lock::acquire_within(&app.paths.token_lock(&loaded.name), Duration::ZERO);
    if !matches!(free, Ok(None)) {
        load_again(app, loaded);
        return ask(app, loaded);
    }
    let before = cached(app, loaded, 0);
    let _turn = take_turn(app, loaded);
    let is_new = |token: &AccessToken| {
        before.as_ref().is_none_or(|before| before.token.expose() != token.token.expose())
    };
    match cached(app, loaded, 0).filter(is_new) {
        Some(token) => Answered::quietly(Ok(token.into())),
        None => ask(app, loaded),
    }
}

/// An access token that is valid for at least `min_ttl` seconds: the cached one, or a new one. Of many
/// processes that ask at once, one sends the request and the others use its answer.
pub(crate) fn access_token(app: &App, loaded: &mut Loaded, min_ttl: u64) -> Answered<AccessToken> {
    if let Some(token) = cached(app, loaded, min_ttl) {
        return Answered::quietly(Ok(token));
    }
    let _turn = take_turn(app, loaded);
    if let Some(token) = cached(app, loaded, min_ttl) {
        return Answered::quietly(Ok(token));
    }
    let Answered { result, notes } = ask(app, loaded);
    let token = |fresh: Fresh| AccessToken { token: fresh.access_token, expires: fresh.expires };
    Answered { result: result.map(token), notes }
}

/// One process at a time refreshes a profile. The lock is held over the network, and only for this:
/// whoever changes a profile takes another one.
fn take_turn(app: &App, loaded: &mut Loaded) -> Option<Lock> {
    let turn = Lock::acquire_within(&app.paths.token_lock(&loaded.name), TURN_TIMEOUT).ok().flatten();
    load_again(app, loaded);
    turn
}

/// Who had the turn before may have been given another refresh token, by a server that rotates them.
fn load_again(app: &App, loaded: &mut Loaded) {
    if let Ok((name, profile)) = app.profile_named(loaded.name.clone())
        && let Ok(now) = app.load_credential(name, profile)
    {
        *loaded = now;
    }
}

/// As far as another process's answer was saved.
impl From<AccessToken> for Fresh {
    fn from(token: AccessToken) -> Fresh {
        Fresh {
            access_token: token.token,
            expires: token.expires,
            refresh_token: None,
            refresh_token_expires: None,
            scopes: None,
            identity: None,
            clock_offset: None,
        }
    }
}

fn cached(app: &App, loaded: &Loaded, min_ttl: u64) -> Option<AccessToken> {
    // the access tokens of a grant end with it, though nothing about them shows it
    if loaded.profile.needs_sign_in() {
        return None;
    }
    // the clock was set back since: the expiry was computed with a wrong one
    let now = Time::now();
    if loaded.profile.last_refreshed.is_some_and(|then| then.since(now) > CLOCK_JITTER) {
        return None;
    }
    let token = Store::of(loaded.profile.store, &app.paths).access_token(&loaded.name, &loaded.credential)?;
    (token.expires.since(now) > min_ttl).then_some(token)
}

/// Asks the server for a new access token and saves it. What the answer says about the credential (account,
/// scopes, state) goes into the profile. The caller has the turn.
fn ask(app: &App, loaded: &mut Loaded) -> Answered<Fresh> {
    let endpoints = loaded.endpoints();
    let credential = &loaded.credential;
    let result = Google::at(&endpoints).refresh(
        &credential.client_id,
        &credential.client_secret,
        &credential.refresh_token,
    );
    let mut notes = Notes::none();
    // the token is valid even if nothing could be saved
    if let Err(error) = save_answer(app, loaded, &result, &mut notes) {
        notes.append(not_saved(app, loaded, &result, &error));
    }
    Answered { result, notes }
}

fn save_answer(
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

/// The server answered, and the disk did not take it. A refresh token that replaces the stored one is lost
/// with this process.
fn not_saved(app: &App, loaded: &Loaded, result: &Result<Fresh, Failure>, error: &Error) -> Notes {
    let new = result.as_ref().ok().and_then(|fresh| fresh.refresh_token.as_ref());
    let is_lost = new.is_some_and(|new| loaded.credential.refresh_token.expose() != new.expose());
    let what = if is_lost {
        "the server replaced the refresh token of this profile, and the new one could not be saved"
    } else {
        "the server's answer could not be saved"
    };
    let mut notes = Notes::none();
    notes.add(format!("{what}: {error}"));
    for line in error.hint_text().into_iter().flat_map(str::lines) {
        notes.detail(format!("hint: {line}"));
    }
    if is_lost {
        let login = app.login_command(&loaded.name);
        notes.detail(format!("hint: if the old one is refused from now on: `{login}`"));
    }
    notes
}

/// Writes down what an answer says, if the profile still holds the credential that was asked about.
fn update_profile(
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
                replace_credential(app, &lock, loaded, &mut profile, next)?;
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
) -> Result<()> {
    profile.fingerprint = Some(next.fingerprint());
    profile.write_ahead(lock, &app.paths, &loaded.name)?;
    Store::of(loaded.profile.store, &app.paths).save(lock, &loaded.name, &next)?;
    loaded.credential = next;
    Ok(())
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

/// Why there is no access token, with what is known of this very credential: that it was revoked from here, or
/// that its time is over.
pub(crate) fn to_error(app: &App, loaded: &Loaded, failure: Failure) -> Error {
    let login = app.login_command(&loaded.name);
    let profile = &loaded.profile;
    if failure != Failure::Refused(Reason::GrantEnded) {
        return failure.into_error(&login);
    }
    let because = |reason: &str| {
        Error::new(Kind::Refused, format!("this credential {reason}")).hint(format!("`{login}`"))
    };
    match profile.state() {
        CredentialState::Expired if forecast::is_of_client_in_testing(profile) => Error::new(
            Kind::Refused,
            "this credential expired after seven days, as all do while their OAuth client is in Testing",
        )
        .hint(format!(
            "publish the client in Google's console (\"Audience\", \"Publish app\"), then `{login}`"
        )),
        CredentialState::Expired => because("has expired: Google granted it for a limited time"),
        CredentialState::Revoked { by: RevokedBy::Here } => {
            because(&profile.sign_in_reason().unwrap_or_default())
        }
        _ => failure.into_error(&login),
    }
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
