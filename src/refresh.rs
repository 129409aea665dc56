//! Getting a fresh access token for a profile, and remembering what that taught.

use std::time::Duration;

use crate::app::{App, Loaded};
use crate::clock::Time;
use crate::error::{Error, Kind, Result};
use crate::forecast;
use crate::google::{Failure, Fresh, Google, Reason};
use crate::private_file::Lock;
use crate::profile::{Death, Ended, Profile};
use crate::store::{AccessToken, Store, relocate};

/// How long to wait for another process that refreshes the same profile: as long as its request
/// may take, with its retries. After that this one asks by itself.
const OTHERS_PATIENCE: Duration = Duration::from_secs(40);

/// Asks the server for a new access token and keeps it. What the answer says about the credential
/// (whose, what for, that it has ended) goes into the profile.
pub(crate) fn refresh(app: &App, loaded: &mut Loaded) -> Result<Fresh, Failure> {
    let _turn = take_turn(app, loaded);
    ask(app, loaded)
}

/// One process at a time refreshes a profile. The lock is held over the network, and only for this:
/// whoever changes a profile takes another one.
fn take_turn(app: &App, loaded: &mut Loaded) -> Option<Lock> {
    let turn = Lock::acquire_within(&app.paths.token_lock(&loaded.name), OTHERS_PATIENCE).ok().flatten();
    // who had the turn before may have been given another refresh token, by a server that rotates them
    if let Ok((name, profile)) = app.profile_named(loaded.name.clone())
        && let Ok(now) = app.load_credential(name, profile)
    {
        *loaded = now;
    }
    turn
}

fn ask(app: &App, loaded: &mut Loaded) -> Result<Fresh, Failure> {
    let endpoints = loaded.endpoints();
    let credential = &loaded.credential;
    let result = Google::at(&endpoints).refresh(
        &credential.client_id,
        &credential.client_secret,
        &credential.refresh_token,
    );
    // the token is good even if nothing could be remembered: a full disk is told by what writes to it next
    let _ = remember(app, loaded, &result);
    if let Ok(fresh) = &result {
        let token = AccessToken { token: fresh.access_token.clone(), expires: fresh.expires };
        let store = Store::of(loaded.profile.store, &app.paths);
        let _ = store.keep_access_token(&loaded.name, &loaded.credential, &token);
    }
    result
}

/// An access token that is good for at least `min_ttl` seconds: the kept one, or a new one. Of many
/// processes that ask at once, one sends the request and the others use its answer.
pub(crate) fn access_token(app: &App, loaded: &mut Loaded, min_ttl: u64) -> Result<AccessToken, Failure> {
    if let Some(token) = kept(app, loaded, min_ttl) {
        return Ok(token);
    }
    let _turn = take_turn(app, loaded);
    if let Some(token) = kept(app, loaded, min_ttl) {
        return Ok(token);
    }
    let fresh = ask(app, loaded)?;
    Ok(AccessToken { token: fresh.access_token, expires: fresh.expires })
}

fn kept(app: &App, loaded: &Loaded, min_ttl: u64) -> Option<AccessToken> {
    // the access tokens of a grant end with it, though nothing about them shows it
    if loaded.profile.ended.is_some() {
        return None;
    }
    let token = Store::of(loaded.profile.store, &app.paths).access_token(&loaded.name, &loaded.credential)?;
    (token.expires.since(Time::now()) > min_ttl).then_some(token)
}

/// Tells why there is no access token, with what is known of this very credential: who ended it, or that
/// it lived the seven days of a client in Testing.
pub(crate) fn told(app: &App, loaded: &Loaded, failure: Failure) -> Error {
    let login = app.login_command(&loaded.name);
    if failure != Failure::Refused(Reason::GrantEnded) {
        return failure.into_error(&login);
    }
    let profile = &loaded.profile;
    let from_here = profile.ended.as_ref().filter(|ended| ended.reason != Reason::GrantEnded.words());
    if let Some(ended) = from_here {
        return Error::new(Kind::Refused, format!("this credential {}", ended.reason))
            .hint(format!("`{login}`"));
    }
    let last = profile.deaths.last().filter(|death| Some(death.signed_in) == profile.signed_in);
    if last.is_some_and(Death::is_of_testing) {
        return Error::new(
            Kind::Refused,
            "Google ended this credential after seven days, as it does while its OAuth client is in Testing",
        )
        .hint(format!(
            "publish the client in Google's console (\"Audience\", \"Publish app\"), then `{login}`"
        ));
    }
    failure.into_error(&login)
}

/// Writes down what an answer taught, if the profile still holds the credential that was asked about.
fn remember(app: &App, loaded: &mut Loaded, result: &Result<Fresh, Failure>) -> Result<()> {
    let fingerprint = loaded.credential.fingerprint();
    if matches!(result, Err(Failure::Unreachable(_))) {
        return Ok(());
    }
    let lock = Lock::acquire(&app.paths.profile_lock(&loaded.name))?;
    let store = Store::of(loaded.profile.store, &app.paths);
    match store.load(&loaded.name)? {
        Some(stored) if stored.fingerprint() == fingerprint => {}
        _ => return Ok(()),
    }
    let mut profile = Profile::load(&app.paths, &loaded.name)?.unwrap_or_default();
    profile.describe(&loaded.credential);
    match result {
        Ok(fresh) => {
            if let Some(token) = &fresh.refresh_token {
                // a server that rotates refresh tokens (RFC 6749 section 6); Google doesn't
                loaded.credential.refresh_token = token.clone();
                store.save(&lock, &loaded.name, &loaded.credential)?;
                profile.fingerprint = Some(loaded.credential.fingerprint());
            }
            learn(&mut profile, fresh);
        }
        Err(Failure::Refused(reason)) if reason.ends_the_credential() => {
            let now = Time::now();
            if profile.ended.is_none() {
                let death = Death::of(&profile, reason.code(), now);
                forecast::learn(&mut profile, death);
                profile.ended = Some(Ended { reason: reason.words(), at: now });
            }
        }
        Err(_) => {}
    }
    profile.save(&lock, &app.paths, &loaded.name)?;
    let cleared = relocate::clear_leftover(&lock, &app.paths, &loaded.name, &mut profile);
    loaded.profile = profile;
    cleared
}

fn learn(profile: &mut Profile, fresh: &Fresh) {
    profile.ended = None;
    profile.last_refreshed = Some(Time::now());
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
