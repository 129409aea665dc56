//! The steps of a rotation below its questions: what has to be known first, who runs the new login, the
//! end of the old grant, the proof of the new one.

use std::time::Duration;

use crate::app::{App, Loaded};
use crate::credential::client::{self, Client};
use crate::credential::profile_name::ProfileName;
use crate::lifecycle::dependents::Dependents;
use crate::lifecycle::grant;
use crate::lifecycle::refresh;
use crate::login::gcloud::{self, ViaGcloud};
use crate::login::{Plan, two_step};
use crate::oauth::scopes;
use crate::oauth::{Failure, Google, Loopback, Reason, Revoked};
use crate::output::error::{Error, Kind, Result};
use crate::output::ui;

/// Who runs the new login.
pub(crate) enum Way {
    /// bqcred, with the client of the plan.
    Own(Box<Plan>),
    /// gcloud, with its client.
    Gcloud(ViaGcloud),
}

/// How the new login is to go about it.
pub(crate) struct Manner {
    /// The port that the answer comes to; 0 for any.
    pub(crate) port: u16,
    /// Whether it ends with the address to open.
    pub(crate) starts_only: bool,
    /// Whether `--start` or `--port` is demanded, which gcloud doesn't know.
    pub(crate) needs_own: bool,
    /// Whether this machine's browser may be opened.
    pub(crate) browser: bool,
    /// How long to wait for the person.
    pub(crate) timeout: Duration,
}

/// Of two rotations one wins: the one that was started waits for its answer.
pub(crate) fn refuse_waiting(app: &App, name: &ProfileName) -> Result<()> {
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

/// Whose credential it is, and that Google can be reached and still takes its client: what would stop the
/// new login has to be known before the old credential is revoked.
pub(crate) fn account(app: &App, loaded: &mut Loaded) -> Result<String> {
    match refresh::refresh(app, loaded) {
        Ok(fresh) if !loaded.profile.account_confirmed => {
            let identity = Google::at(&loaded.endpoints()).identify(&fresh.access_token);
            let identity = identity.map_err(|failure| unchanged(&refresh::told(app, loaded, failure)))?;
            loaded.profile.account = identity.and_then(|identity| identity.email);
        }
        Ok(_) | Err(Failure::Refused(Reason::GrantEnded | Reason::SignInAgain)) => {}
        Err(failure) => return Err(unchanged(&refresh::told(app, loaded, failure))),
    }
    loaded.profile.account.clone().ok_or_else(|| {
        Error::other("it is not known whose credential this is, so a new sign-in can't be checked; nothing was changed")
            .hint("`bqcred revoke`, then `bqcred login`")
    })
}

fn unchanged(error: &Error) -> Error {
    let told = Error::new(error.kind(), format!("{}; nothing was changed", error.what()));
    match error.hint_text() {
        Some(hint) => told.hint(hint),
        None => told,
    }
}

/// The credential's own client, else the person's. A client that another tool lent is not ours to use:
/// gcloud's logins are gcloud's to run.
pub(crate) fn way(app: &App, loaded: &Loaded, account: String, manner: &Manner) -> Result<Way> {
    let name = loaded.name.clone();
    let (credential, profile) = (&loaded.credential, &loaded.profile);
    let client = match profile.origin.as_deref() {
        Some("login") => Some(Client {
            id: credential.client_id.clone(),
            secret: credential.client_secret.clone(),
            project: None,
            endpoints: profile.endpoints.clone(),
        }),
        _ => app.client(None, &name)?.map(|found| found.client),
    };
    let Some(client) = client else {
        let program = gcloud::find(app, manner.needs_own)?;
        ui::note(
            "this credential is of a client that another tool lent, and you have none: gcloud runs the new login with its own",
        );
        let beyond = profile.scopes.iter().any(|scope| !scopes::is_gclouds(scope));
        return Ok(Way::Gcloud(ViaGcloud {
            program,
            name,
            account: Some(account),
            project: None,
            quota_project: None,
            scopes: if beyond { scopes::again(&profile.scopes, true)? } else { Vec::new() },
            store: profile.store,
            browser: manner.browser,
            timeout: manner.timeout,
            along: Vec::new(),
        }));
    };
    if client.id != credential.client_id {
        ui::note("the old credential is of a client that another tool lent; the new one will be of your own");
    }
    let google = client::is_googles(&client.id)
        || client.endpoints.as_ref().is_none_or(|endpoints| endpoints.foreign_host().is_none());
    if !manner.starts_only {
        Loopback::bind(manner.port)?; // a port that is taken is told now, not later
    }
    Ok(Way::Own(Box::new(Plan {
        name,
        account: Some(account),
        suggestion: None,
        project: None,
        quota_project: None,
        scopes: scopes::again(&profile.scopes, google)?,
        store: profile.store,
        client,
        rotation: Some(Vec::new()),
    })))
}

impl Way {
    /// The profiles that get the same credential.
    pub(crate) fn bring_along(&mut self, names: Vec<ProfileName>) {
        match self {
            Way::Own(plan) => plan.rotation = Some(names),
            Way::Gcloud(login) => login.along = names,
        }
    }
}

/// Ends the old grant. The profile says so before and after, so that whatever interrupts this is known.
pub(crate) fn end(app: &App, loaded: &Loaded, dependents: &Dependents, along: &[ProfileName]) -> Result<()> {
    let (name, fingerprint) = (&loaded.name, loaded.credential.fingerprint());
    let mark = |reason: &str| grant::mark_ended(app, name, Some(&fingerprint), reason);
    mark("was about to be revoked by a rotation that was not completed")
        .map_err(|error| unchanged(&error))?;
    let login = app.login_command(name);
    let revoked = match grant::revoke(loaded, &login) {
        Ok(revoked) => revoked,
        Err(error) => {
            if let Err(problem) = grant::unmark(app, name, &loaded.profile) {
                ui::note(&format!("profile {name} is still marked as about to be revoked: {problem}"));
            }
            return Err(error);
        }
    };
    // the mark stays if this fails: the next refresh that succeeds takes it back
    grant::prove_ended(loaded, &login)?;
    let marked = mark("was revoked by a rotation that was not completed");
    // had it been revoked before, the others may be of a newer grant
    for (sibling, profile) in dependents.siblings.iter().filter(|_| revoked == Revoked::Now) {
        let reason = match along.contains(sibling) {
            true => format!("was revoked by a rotation of profile {name} that was not completed"),
            false => format!("was revoked together with profile {name}"),
        };
        if let Err(error) = grant::mark_ended(app, sibling, profile.fingerprint.as_deref(), &reason) {
            ui::note(&format!("profile {sibling} has ended too, which could not be written down: {error}"));
        }
    }
    // a disk that doesn't take this will not take the new credential either
    marked.map_err(|error| without_new(app, name, loaded.profile.account.as_deref(), &error))
}

/// The login failed when the old credential was gone already. That a login changed nothing is true of it,
/// and misleading here.
pub(crate) fn without_new(app: &App, name: &ProfileName, account: Option<&str>, error: &Error) -> Error {
    let what = error.what().trim_end_matches("; nothing was changed");
    let login = app.login_command(name);
    let account = account.map_or(String::new(), |account| format!(" {account}"));
    let hint = match two_step::waiting(app, name) {
        Some(_) => format!("`{} --finish -` again, or `{login}{account}`", app.command("rotate", name)),
        None => format!("`{login}{account}` signs in; the profile's settings stay"),
    };
    // what ails the disk has to be mended first
    let ails = error.hint_text().filter(|_| error.kind() == Kind::Store).unwrap_or_default();
    let first = ails.lines().filter(|line| !line.contains("bqcred login"));
    let hint = first.chain([hint.as_str()]).collect::<Vec<_>>().join("\n");
    Error::new(error.kind(), format!("the old credential is revoked, and there is no new one yet: {what}"))
        .hint(hint)
}

/// The new credential has to work: a revocation may reach what was granted a moment later.
pub(crate) fn prove(app: &App, name: &ProfileName) -> Result<Loaded> {
    let mut loaded = app.load()?;
    match refresh::refresh(app, &mut loaded) {
        Ok(_) => Ok(loaded),
        Err(failure @ Failure::Refused(Reason::GrantEnded)) => {
            let hint = refresh::told(app, &loaded, failure);
            Err(Error::new(Kind::Refused, "Google ended the new credential together with the old one")
                .hint(hint.hint_text().unwrap_or_default()))
        }
        Err(failure) => {
            let why = refresh::told(app, &loaded, failure);
            Err(Error::new(
                why.kind(),
                format!("the new credential is kept, but it could not be tried: {}", why.what()),
            )
            .hint(format!("`{}`", app.command("status", name))))
        }
    }
}
