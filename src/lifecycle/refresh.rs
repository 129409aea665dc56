//! Getting a fresh access token for a profile, and remembering what that taught.

use std::time::Duration;

use crate::app::{App, Loaded};
use crate::credential::forecast;
use crate::credential::profile::{Death, Ended, Profile};
use crate::oauth::{Failure, Fresh, Google, Reason};
use crate::output::error::{Error, Kind, Result};
use crate::output::ui;
use crate::store::{AccessToken, Store, relocate};
use crate::system::clock::Time;
use crate::system::private_file::Lock;

/// How long to wait for another process that refreshes the same profile: as long as its request
/// may take, with its retries. After that this one asks by itself.
const OTHERS_PATIENCE: Duration = Duration::from_secs(40);

/// Clocks that are kept right are put back by less than this, in seconds.
const CLOCK_JITTER: u64 = 60;

/// Finds out from the server whether the credential lives, by a new access token. Of many processes that
/// ask at once, one sends the request; those that waited for it take its answer.
pub(crate) fn refresh(app: &App, loaded: &mut Loaded) -> Result<Fresh, Failure> {
    let free = Lock::acquire_within(&app.paths.token_lock(&loaded.name), Duration::ZERO);
    if !matches!(free, Ok(None)) {
        load_again(app, loaded);
        return ask(app, loaded);
    }
    let before = kept(app, loaded, 0);
    let _turn = take_turn(app, loaded);
    let is_new = |token: &AccessToken| {
        before.as_ref().is_none_or(|before| before.token.expose() != token.token.expose())
    };
    match kept(app, loaded, 0).filter(is_new) {
        Some(token) => Ok(token.into()),
        None => ask(app, loaded),
    }
}

/// One process at a time refreshes a profile. The lock is held over the network, and only for this:
/// whoever changes a profile takes another one.
fn take_turn(app: &App, loaded: &mut Loaded) -> Option<Lock> {
    let turn = Lock::acquire_within(&app.paths.token_lock(&loaded.name), OTHERS_PATIENCE).ok().flatten();
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

/// As far as another process's answer was kept.
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

/// Asks the server for a new access token and keeps it. What the answer says about the credential
/// (whose, what for, that it has ended) goes into the profile. The caller has the turn.
fn ask(app: &App, loaded: &mut Loaded) -> Result<Fresh, Failure> {
    let endpoints = loaded.endpoints();
    let credential = &loaded.credential;
    let result = Google::at(&endpoints).refresh(
        &credential.client_id,
        &credential.client_secret,
        &credential.refresh_token,
    );
    // the token is good even if nothing could be remembered
    let kept = remember(app, loaded, &result).and_then(|()| match &result {
        Ok(fresh) => {
            let token = AccessToken { token: fresh.access_token.clone(), expires: fresh.expires };
            let store = Store::of(loaded.profile.store, &app.paths);
            store.keep_access_token(&loaded.name, &loaded.credential, &token)
        }
        Err(_) => Ok(()),
    });
    if let Err(error) = kept {
        tell_not_kept(app, loaded, &result, &error);
    }
    result
}

/// What the server said and the disk did not take. A refresh token that replaces the stored one is gone
/// with this process.
fn tell_not_kept(app: &App, loaded: &Loaded, result: &Result<Fresh, Failure>, error: &Error) {
    let new = result.as_ref().ok().and_then(|fresh| fresh.refresh_token.as_ref());
    let is_lost = new.is_some_and(|new| loaded.credential.refresh_token.expose() != new.expose());
    let what = if is_lost {
        "the server replaced the refresh token of this profile, and the new one could not be kept"
    } else {
        "what the server answered could not be kept"
    };
    ui::note(&format!("{what}: {error}"));
    for line in error.hint_text().into_iter().flat_map(str::lines) {
        ui::tell(&format!("  hint: {line}\n"));
    }
    if is_lost {
        ui::tell(&format!(
            "  hint: if the old one is refused from now on: `{}`\n",
            app.login_command(&loaded.name)
        ));
    }
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
    // the clock was put back since: when the token ends was reckoned with a wrong one
    let now = Time::now();
    if loaded.profile.last_refreshed.is_some_and(|then| then.since(now) > CLOCK_JITTER) {
        return None;
    }
    let token = Store::of(loaded.profile.store, &app.paths).access_token(&loaded.name, &loaded.credential)?;
    (token.expires.since(now) > min_ttl).then_some(token)
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
    profile.settle(&app.paths, &loaded.name, &loaded.credential);
    match result {
        Ok(fresh) => {
            learn(&mut profile, fresh);
            if let Some(token) = &fresh.refresh_token {
                // a server that rotates refresh tokens (RFC 6749 section 6); Google doesn't
                let mut next = loaded.credential.clone();
                next.refresh_token = token.clone();
                profile.fingerprint = Some(next.fingerprint());
                profile.announce(&lock, &app.paths, &loaded.name)?;
                ui::show(store.save(&lock, &loaded.name, &next)?);
                loaded.credential = next;
            }
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
    cleared.map(ui::show)
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
