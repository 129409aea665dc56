//! Getting an access token for a profile, and saving what the answer says about its credential.

mod save_answer;

use std::time::Duration;

use crate::app::{App, Loaded};
use crate::credential::forecast;
use crate::credential::profile::Profile;
use crate::credential::state::{CredentialState, RevokedBy};
use crate::oauth::{Failure, Fresh, Google, Identity, Reason, Transport};
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::store::{AccessToken, Store};
use crate::system::clock::Time;
use crate::system::private_file::Lock;

/// How long to wait for another process that refreshes the same profile: as long as its request
/// may take, with its retries. After that this one sends its own request.
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
        return ask(app, loaded, &[]);
    }
    let before = cached(app, loaded, 0);
    let _turn = take_turn(app, loaded);
    let is_new = |token: &AccessToken| {
        before.as_ref().is_none_or(|before| before.token.expose() != token.token.expose())
    };
    match cached(app, loaded, 0).filter(is_new) {
        Some(token) => Answered::quietly(Ok(token.into())),
        None => ask(app, loaded, &[]),
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
    let Answered { result, notes } = ask(app, loaded, &[]);
    let token = |fresh: Fresh| match fresh.expires.since(Time::now()) {
        0 => Err(Failure::Unreachable(Transport::NothingLeft)),
        _ => Ok(AccessToken { token: fresh.access_token, expires: fresh.expires }),
    };
    Answered { result: result.and_then(token), notes }
}

/// A new access token for a part of the granted scopes. It is not cached: whoever asks for a token of this profile
/// expects all of them.
pub(crate) fn narrowed_token(app: &App, loaded: &mut Loaded, scopes: &[String]) -> Answered<Fresh> {
    let _turn = take_turn(app, loaded);
    ask(app, loaded, scopes)
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
    if let Ok((name, profile)) = app.stored_profile(loaded.name.clone())
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
    let token =
        Store::of_profile(&loaded.profile, &app.paths).access_token(&loaded.name, &loaded.credential)?;
    (token.expires.since(now) > min_ttl).then_some(token)
}

/// Asks the server for a new access token and saves it. What the answer says about the credential (account,
/// scopes, state) goes into the profile. `narrowed`: only for these scopes. The caller has the turn.
fn ask(app: &App, loaded: &mut Loaded, narrowed: &[String]) -> Answered<Fresh> {
    let endpoints = loaded.endpoints();
    let credential = &loaded.credential;
    let answer = Google::at(&endpoints).refresh_narrowed(
        &credential.client_id,
        &credential.client_secret,
        &credential.refresh_token,
        narrowed,
    );
    let mut result = answer.and_then(|fresh| match &fresh.identity {
        // nobody acts as another user than the profile says, and the profile doesn't change
        Some(identity) if is_other_user(&loaded.profile, identity) => {
            Err(Failure::Refused(Reason::OtherUser))
        }
        _ => Ok(fresh),
    });
    let mut notes = Notes::none();
    let saved = match narrowed {
        [] => save_answer::save_answer(app, loaded, &result, &mut notes),
        _ => {
            // they are not all that was granted
            let scopes = result.as_mut().ok().and_then(|fresh| fresh.scopes.take());
            let saved = save_answer::update_profile(app, loaded, &result, &mut notes);
            if let Ok(fresh) = &mut result {
                fresh.scopes = scopes;
            }
            saved
        }
    };
    // the token is valid even if nothing could be saved
    if let Err(error) = saved {
        notes.append(not_saved(app, loaded, &result, &error));
    }
    Answered { result, notes }
}

/// Whether an answer is about another user than Google confirmed for the profile. An address can change; the
/// permanent identifier can't.
fn is_other_user(profile: &Profile, named: &Identity) -> bool {
    match (&profile.sub, &named.sub, &profile.account, &named.email) {
        (Some(known), Some(named), ..) => known != named,
        (.., Some(known), Some(named)) => profile.account_confirmed && !known.eq_ignore_ascii_case(named),
        _ => false,
    }
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

/// Why there is no access token, with what is known of this very credential: that it was revoked from here, or
/// that its time is over.
pub(crate) fn to_error(app: &App, loaded: &Loaded, failure: Failure) -> Error {
    let profile = &loaded.profile;
    let login = match failure {
        Failure::Refused(Reason::GrantEnded | Reason::SignInAgain) => {
            app.sign_in_command(&loaded.name, Some(profile))
        }
        _ => app.login_command(&loaded.name),
    };
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

    #[test]
    fn another_user_is_one_with_another_identifier_or_without_one_another_address() {
        let profile = |sub: Option<&str>, account: &str, account_confirmed| Profile {
            sub: sub.map(str::to_owned),
            account: Some(account.to_owned()),
            account_confirmed,
            ..Profile::default()
        };
        let named = |sub: Option<&str>, email: &str| Identity {
            sub: sub.map(str::to_owned),
            email: Some(email.to_owned()),
            scopes: None,
        };
        let (ada, bob) = ("ada@example.com", "bob@example.com");
        for (known, named, is_other) in [
            (profile(Some("1"), ada, true), named(Some("1"), ada), false),
            (profile(Some("1"), ada, true), named(Some("1"), bob), false),
            (profile(Some("1"), ada, true), named(Some("2"), ada), true),
            (profile(Some("1"), ada, true), named(None, bob), true),
            (profile(None, ada, true), named(Some("1"), "Ada@Example.com"), false),
            (profile(None, ada, true), named(Some("1"), bob), true),
            (profile(None, ada, false), named(Some("1"), bob), false),
            (Profile::default(), named(Some("1"), bob), false),
        ] {
            assert_eq!(is_other_user(&known, &named), is_other, "{known:?} {named:?}");
        }
    }
}
