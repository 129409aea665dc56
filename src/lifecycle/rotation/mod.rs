//! The steps of a rotation: what has to be known before anything is revoked, the revocation of the old credential
//! ([`old_credential`]), the proof of the new one.

mod old_credential;

use crate::app::{App, Loaded};
use crate::credential::client::{Client, FoundClient};
use crate::credential::profile::{Origin, Profile};
use crate::credential::profile_name::ProfileName;
use crate::credential::state::CredentialState;
use crate::credential::waiting::StartedBy;
use crate::lifecycle::refresh;
use crate::login::two_step;
use crate::login::{Flow, LoginOptions, LoginRequest, gcloud};
use crate::oauth::{Failure, Fresh, Google, Reason, SignInListener};
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::store::Store;
use crate::system::terminal::Hidden;

pub(crate) use old_credential::{OldRevoked, explain, revoke_old, waiting_siblings};

/// The new sign-in of a rotation.
pub(crate) struct Rotation {
    /// What it asks for.
    pub(crate) request: LoginRequest,
    /// Who runs it.
    pub(crate) flow: Flow,
    /// What the user should know of it.
    pub(crate) notes: Notes,
}

/// Of two rotations one wins: the one that was started waits for its answer.
pub(crate) fn refuse_second(app: &App, name: &ProfileName, profile: &Profile) -> Result<()> {
    let Some(waiting) =
        app.waiting(name, Some(profile)).filter(|waiting| waiting.started_by() == StartedBy::Rotate)
    else {
        return Ok(());
    };
    let finish = app.finish_command(name, StartedBy::Rotate);
    Err(Error::other(format!(
        "a rotation of profile {name} was started at {} and waits for its answer",
        waiting.since
    ))
    .unchanged()
    .hint(format!("`{finish}` completes it; `{}` signs in without it", app.login_command(name))))
}

/// The account of the credential, by the server's answer to a refresh. An answer that would stop the new sign-in,
/// too, is an error before the old credential is revoked.
pub(crate) fn account(app: &App, loaded: &mut Loaded, answer: Result<Fresh, Failure>) -> Result<String> {
    match answer {
        Ok(fresh) if !loaded.profile.account_confirmed => {
            let identity = Google::at(&loaded.endpoints()).identify(&fresh.access_token);
            let identity = identity.map_err(|failure| refresh::to_error(app, loaded, failure).unchanged())?;
            loaded.profile.account = identity.and_then(|identity| identity.email);
        }
        Ok(_) | Err(Failure::Refused(Reason::GrantEnded | Reason::SignInAgain)) => {}
        Err(Failure::Refused(Reason::ClientDeleted)) if other_client(app, loaded)?.is_some() => {}
        Err(failure) => return Err(refresh::to_error(app, loaded, failure).unchanged()),
    }
    loaded.profile.account.clone().ok_or_else(|| {
        Error::other("the account of this credential is not known, so a new sign-in can't be checked")
            .unchanged()
            .hint("`bqcred revoke`, then `bqcred login`")
    })
}

/// The new sign-in, as `account`. All that it needs is checked here, as nothing can be undone after it: a client or
/// gcloud, the port, the place of what waits for the answer, the terminal, the store.
/// `has_port` says that the user chose the port that the browser comes back to.
pub(crate) fn prepare(
    app: &App,
    loaded: &Loaded,
    account: String,
    options: &LoginOptions,
    has_port: bool,
) -> Result<Rotation> {
    let profile = &loaded.profile;
    let mut notes = Notes::none();
    let flow = flow(app, loaded, has_port, &mut notes)?;
    let scopes = flow.scopes_again(profile)?;
    check_places(app, &loaded.name, &flow, options).map_err(Error::unchanged)?;
    Store::of_profile(profile, &app.paths).probe(&loaded.name).map_err(Error::unchanged)?;
    let request = LoginRequest {
        name: loaded.name.clone(),
        account: Some(account),
        suggestion: None,
        project: None,
        quota_project: None,
        scopes,
        store: profile.store,
        siblings: Some(Vec::new()),
    };
    Ok(Rotation { request, flow, notes })
}

/// The client to sign in under where the credential's own was deleted; `None` if it was not, or there is no other.
fn other_client(app: &App, loaded: &Loaded) -> Result<Option<FoundClient>> {
    if loaded.profile.state() != CredentialState::ClientDeleted {
        return Ok(None);
    }
    let found = app.client(None, &loaded.name)?;
    Ok(found.filter(|found| found.client.id != loaded.credential.client_id))
}

fn check_places(app: &App, name: &ProfileName, flow: &Flow, options: &LoginOptions) -> Result<()> {
    match flow {
        Flow::OwnClient(_) if !options.start_only => {
            SignInListener::bind(options.port)?; // fails now if the port is taken
            Hidden::open().map(drop)
        }
        // gcloud's configuration is below the same folder
        Flow::OwnClient(_) | Flow::Gcloud { .. } => two_step::probe(app, name),
    }
}

/// The credential's own client, else the user's. A client that another tool lent is not bqcred's to use:
/// gcloud runs its own sign-ins.
fn flow(app: &App, loaded: &Loaded, has_port: bool, notes: &mut Notes) -> Result<Flow> {
    let (credential, profile) = (&loaded.credential, &loaded.profile);
    if profile.origin == Some(Origin::Login) && other_client(app, loaded)?.is_none() {
        return Ok(Flow::OwnClient(Client {
            id: credential.client_id.clone(),
            secret: credential.client_secret.clone(),
            project: None,
            endpoints: profile.endpoints.clone(),
        }));
    }
    let Some(found) = app.client(None, &loaded.name)? else {
        let program = gcloud::find(has_port)?;
        notes.add(
            "this credential is of another tool's client, and you have none: gcloud runs the new sign-in with its own",
        );
        return Ok(Flow::Gcloud { program });
    };
    if found.client.id != credential.client_id {
        let whose = if profile.origin == Some(Origin::Login) { "a deleted" } else { "another tool's" };
        notes.add(format!("the old credential is of {whose} client; the new one will be of your own"));
    }
    Ok(Flow::OwnClient(found.client))
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
