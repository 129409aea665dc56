//! The steps of a rotation: what has to be known before anything is revoked, the revocation of the old credential,
//! the proof of the new one.

use crate::app::{App, Loaded};
use crate::credential::client::Client;
use crate::credential::profile::{Origin, Profile};
use crate::credential::profile_name::ProfileName;
use crate::credential::state::{CredentialState, PendingRotation, RevokedBy};
use crate::lifecycle::dependents::Dependents;
use crate::lifecycle::grant;
use crate::lifecycle::refresh;
use crate::login::{Flow, LoginOptions, LoginRequest, gcloud, two_step};
use crate::oauth::scopes;
use crate::oauth::{Failure, Fresh, Google, Loopback, Reason, Revoked};
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::store::Store;
use crate::system::clock::Time;

/// The new sign-in of a rotation.
pub(crate) struct Rotation {
    /// What it asks for.
    pub(crate) request: LoginRequest,
    /// Who runs it.
    pub(crate) flow: Flow,
    /// What the user should know of it.
    pub(crate) notes: Notes,
}

/// What has become of the old credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OldCredential {
    /// The rotation revoked it.
    Revoked,
    /// It had been revoked or had expired before.
    WasOver,
    /// It was not revoked, and may be valid at the server.
    NotRevoked,
}

/// Of two rotations one wins: the one that was started waits for its answer.
pub(crate) fn refuse_second(app: &App, name: &ProfileName) -> Result<()> {
    let Some(waiting) = two_step::waiting(app, name).filter(|waiting| waiting.is_rotation) else {
        return Ok(());
    };
    let rotate = app.command("rotate", name);
    Err(Error::other(format!(
        "a rotation of profile {name} was started at {} and waits for its answer; nothing was changed",
        waiting.since
    ))
    .hint(format!("`{rotate} --finish -` completes it; `{}` signs in without it", app.login_command(name))))
}

/// Whose credential it is, by the server's answer to a refresh. An answer that would stop the new sign-in, too, is an
/// error before the old credential is revoked.
pub(crate) fn account(app: &App, loaded: &mut Loaded, answer: Result<Fresh, Failure>) -> Result<String> {
    match answer {
        Ok(fresh) if !loaded.profile.account_confirmed => {
            let identity = Google::at(&loaded.endpoints()).identify(&fresh.access_token);
            let identity = identity.map_err(|failure| unchanged(&refresh::to_error(app, loaded, failure)))?;
            loaded.profile.account = identity.and_then(|identity| identity.email);
        }
        Ok(_) | Err(Failure::Refused(Reason::GrantEnded | Reason::SignInAgain)) => {}
        Err(failure) => return Err(unchanged(&refresh::to_error(app, loaded, failure))),
    }
    loaded.profile.account.clone().ok_or_else(|| {
        Error::other(
            "it is not known whose credential this is, so a new sign-in can't be checked; nothing was changed",
        )
        .hint("`bqcred revoke`, then `bqcred login`")
    })
}

fn unchanged(error: &Error) -> Error {
    let what = format!("{}; nothing was changed", error.what());
    error.hint_text().into_iter().fold(Error::new(error.kind(), what), Error::hint)
}

/// The new sign-in, as `account`. What it needs (a client or gcloud, the port, the store) is checked here.
/// `needs_own_client` says that the user asked for what gcloud can't do.
pub(crate) fn prepare(
    app: &App,
    loaded: &Loaded,
    account: String,
    options: &LoginOptions,
    needs_own_client: bool,
) -> Result<Rotation> {
    let profile = &loaded.profile;
    let mut notes = Notes::none();
    let flow = flow(app, loaded, needs_own_client, &mut notes)?;
    let scopes = match &flow {
        Flow::OwnClient(client) => scopes::again(&profile.scopes, client.is_for_google())?,
        Flow::Gcloud { .. } if profile.scopes.iter().all(|scope| scopes::is_gclouds(scope)) => Vec::new(),
        Flow::Gcloud { .. } => scopes::again(&profile.scopes, true)?,
    };
    if matches!(flow, Flow::OwnClient(_)) && !options.start_only {
        Loopback::bind(options.port)?; // fails now if the port is taken
    }
    Store::of(profile.store, &app.paths).probe(&loaded.name)?;
    let request = LoginRequest {
        name: loaded.name.clone(),
        account: Some(account),
        suggestion: None,
        project: None,
        quota_project: None,
        scopes,
        store: profile.store,
        rotation: Some(Vec::new()),
    };
    Ok(Rotation { request, flow, notes })
}

/// The credential's own client, else the user's. A client that another tool lent is not bqcred's to use:
/// gcloud runs its own sign-ins.
fn flow(app: &App, loaded: &Loaded, needs_own_client: bool, notes: &mut Notes) -> Result<Flow> {
    let (credential, profile) = (&loaded.credential, &loaded.profile);
    if profile.origin == Some(Origin::Login) {
        return Ok(Flow::OwnClient(Client {
            id: credential.client_id.clone(),
            secret: credential.client_secret.clone(),
            project: None,
            endpoints: profile.endpoints.clone(),
        }));
    }
    let Some(found) = app.client(None, &loaded.name)? else {
        let program = gcloud::find(needs_own_client)?;
        notes.add(
            "this credential is of another tool's client, and you have none: gcloud runs the new sign-in with its own",
        );
        return Ok(Flow::Gcloud { program });
    };
    if found.client.id != credential.client_id {
        notes.add("the old credential is of another tool's client; the new one will be of your own");
    }
    Ok(Flow::OwnClient(found.client))
}

/// Revokes the old grant. The profile's state says so before and after, so that any interruption is known.
/// `updated` are the siblings that will get the new credential.
pub(crate) fn revoke_old(
    app: &App,
    loaded: &Loaded,
    dependents: &Dependents,
    updated: &[ProfileName],
) -> Result<Notes> {
    let name = &loaded.name;
    let mut notes = grant::mark_rotating(app, loaded).map_err(|error| unchanged(&error))?;
    let login = app.login_command(name);
    let revoked = grant::revoke(loaded, &login).map_err(|error| still_marked(app, loaded, error))?;
    // the mark stays if this fails: the next refresh that succeeds takes it back
    grant::prove_revoked(loaded, &login)?;
    let pending = |of: Option<&ProfileName>| PendingRotation { since: Time::now(), of: of.cloned() };
    let fingerprint = loaded.credential.fingerprint();
    let marked = grant::mark_revoked(app, name, Some(&fingerprint), Some(pending(None)));
    // had it been revoked before, the others may be of a newer grant
    if revoked == Revoked::Now {
        let of_sibling = |sibling: &ProfileName| updated.contains(sibling).then(|| pending(Some(name)));
        notes.append(grant::mark_siblings_revoked(app, &dependents.siblings, of_sibling));
    }
    // a disk that doesn't take this will not take the new credential either
    let account = loaded.profile.account.as_deref();
    notes.append(marked.map_err(|error| no_new_credential(app, name, account, &error))?);
    Ok(notes)
}

/// The revocation failed, so the profile is as it was; an error that says so if that could not be written down.
fn still_marked(app: &App, loaded: &Loaded, error: Error) -> Error {
    let Err(problem) = grant::restore_state(app, &loaded.name, &loaded.profile) else { return error };
    let what = format!(
        "{}; profile {} is still marked as being rotated, which could not be undone: {problem}",
        error.what(),
        loaded.name
    );
    error.hint_text().into_iter().fold(Error::new(error.kind(), what), Error::hint)
}

/// Why there is no new credential: the error of its sign-in, and what has become of the old one.
pub(crate) fn explain(
    app: &App,
    name: &ProfileName,
    account: Option<&str>,
    old: OldCredential,
    error: Error,
) -> Error {
    match old {
        OldCredential::Revoked => no_new_credential(app, name, account, &error),
        OldCredential::WasOver | OldCredential::NotRevoked => error,
    }
}

/// That a sign-in changed nothing is true of it, and misleading after the revocation.
fn no_new_credential(app: &App, name: &ProfileName, account: Option<&str>, error: &Error) -> Error {
    let what = error.what().trim_end_matches("; nothing was changed");
    let login = app.login_command(name);
    let account = account.map_or(String::new(), |account| format!(" {account}"));
    let hint = match two_step::waiting(app, name) {
        Some(_) => format!("`{} --finish -` again, or `{login}{account}`", app.command("rotate", name)),
        None => format!("`{login}{account}` signs in; the profile's settings stay"),
    };
    // what is wrong with the disk has to be fixed first
    let of_disk = error.hint_text().filter(|_| error.kind() == Kind::Store).unwrap_or_default();
    let first = of_disk.lines().filter(|line| !line.contains("bqcred login"));
    let hint = first.chain([hint.as_str()]).collect::<Vec<_>>().join("\n");
    Error::new(error.kind(), format!("the old credential is revoked, and there is no new one yet: {what}"))
        .hint(hint)
}

/// The new credential has to work, by the server's answer to a refresh: a revocation may reach what was granted a
/// moment later.
pub(crate) fn prove_new(app: &App, loaded: &Loaded, answer: Result<Fresh, Failure>) -> Result<()> {
    match answer {
        Ok(_) => Ok(()),
        Err(failure @ Failure::Refused(Reason::GrantEnded)) => {
            let why = refresh::to_error(app, loaded, failure);
            Err(Error::new(Kind::Refused, "Google revoked the new credential together with the old one")
                .hint(why.hint_text().unwrap_or_default()))
        }
        Err(failure) => {
            let why = refresh::to_error(app, loaded, failure);
            Err(Error::new(
                why.kind(),
                format!("the new credential is saved, but it could not be tried: {}", why.what()),
            )
            .hint(format!("`{}`", app.command("status", &loaded.name))))
        }
    }
}

impl OldCredential {
    /// What a profile says of the credential that is to be replaced.
    pub(crate) fn of(profile: &Profile) -> OldCredential {
        let state = profile.state();
        match profile.rotation.is_some() && state == (CredentialState::Revoked { by: RevokedBy::Here }) {
            true => OldCredential::Revoked,
            false if state.is_over() => OldCredential::WasOver,
            false => OldCredential::NotRevoked,
        }
    }

    /// For people.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            OldCredential::Revoked => "the old one is revoked",
            OldCredential::WasOver => "the old one had been revoked or had expired before",
            OldCredential::NotRevoked => "the old one was not revoked: assume that it is still valid",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::state::StateRecord;

    #[test]
    fn only_a_completed_revocation_counts_as_revoked_by_the_rotation() {
        use CredentialState::{ClientDeleted, Expired, ReauthRequired, Revoked, Unknown, Valid};
        let [here, elsewhere] = [RevokedBy::Here, RevokedBy::Elsewhere].map(|by| Revoked { by });
        for (state, is_pending, expected) in [
            (here, true, OldCredential::Revoked),
            (here, false, OldCredential::WasOver),
            (elsewhere, false, OldCredential::WasOver),
            (Expired, false, OldCredential::WasOver),
            (Unknown, true, OldCredential::NotRevoked),
            (ReauthRequired, false, OldCredential::NotRevoked),
            (ClientDeleted, false, OldCredential::NotRevoked),
            (Valid, false, OldCredential::NotRevoked),
        ] {
            let now = Time::now();
            let rotation = is_pending.then_some(PendingRotation { since: now, of: None });
            let profile =
                Profile { state_record: StateRecord::new(state, now), rotation, ..Profile::default() };
            assert_eq!(OldCredential::of(&profile), expected, "{state:?}");
        }
    }
}
