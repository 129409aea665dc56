//! `bqcred rotate`: the old credential is revoked, then the same person signs in anew, in place.
//!
//! In that order: Google ends a grant as a whole, so a new credential would die with the old one. From
//! the revocation until the new credential is kept, the profile says that it has ended and why, and
//! `bqcred login` mends it; the old file stays where it is, so that libraries fail instead of falling
//! through to another identity.

use std::time::Duration;

use crate::app::{App, Loaded};
use crate::cli::Rotate;
use crate::client::{self, Client};
use crate::dependents::{self, Dependents};
use crate::error::{Error, Kind, Result};
use crate::google::{Failure, Google, Loopback, Reason};
use crate::grant;
use crate::login::gcloud::{self, ViaGcloud};
use crate::login::interactive::{self, Manner};
use crate::login::{self, Plan, pending};
use crate::profile::ProfileName;
use crate::refresh;
use crate::scopes;
use crate::store::Store;
use crate::terminal;
use crate::ui::{self, Output};

/// Who runs the new login.
enum Way {
    Own(Box<Plan>),
    Gcloud(ViaGcloud),
}

pub(crate) fn run(args: &Rotate, app: &App) -> Result<Output> {
    let (name, _) = app.profile()?;
    let _claim = grant::claim(app, &name)?;
    if let Some(answer) = &args.finish {
        return finish(app, &name, answer);
    }
    refuse_waiting(app, &name)?;
    let mut loaded = app.load()?;
    let account = account(app, &mut loaded)?;
    let mut way = way(args, app, &loaded, account)?;
    Store::of(loaded.profile.store, &app.paths).probe(&name)?;
    let dependents = dependents::of(app, &loaded);
    if !args.keep_old {
        grant::check_revocable(&loaded)
            .map_err(|error| error.hint("`bqcred rotate --keep-old` only signs in anew"))?;
        tell_what_ends(&loaded, &dependents);
        let along = agree(args, app, &loaded, &dependents)?;
        end(app, &loaded, &dependents, &along)?;
        way.bring_along(along);
    }
    let told = |error| {
        if args.keep_old { error } else { without_new(app, &name, loaded.profile.account.as_deref(), &error) }
    };
    let kept = match way {
        Way::Own(plan) if starts_only(args, app) => return start(args, app, &plan).map_err(told),
        Way::Own(plan) => interactive::run(app, &plan, &manner(args, app)?),
        Way::Gcloud(login) => login.run(app),
    };
    kept.map_err(told)?;
    prove(app, &name)?;
    tell_done(&name, &dependents, args.keep_old);
    Ok(Output::none())
}

/// Completes what `--start` began.
fn finish(app: &App, name: &ProfileName, answer: &str) -> Result<Output> {
    let (_, profile) = app.profile()?;
    pending::finish(app, name, &pending::pasted(answer)?).map_err(|error| match profile.ended {
        Some(_) => without_new(app, name, profile.account.as_deref(), &error),
        None => error,
    })?;
    let loaded = prove(app, name)?;
    tell_done(name, &dependents::of(app, &loaded), profile.ended.is_none());
    Ok(Output::none())
}

/// Of two rotations one wins: the one that was started waits for its answer.
fn refuse_waiting(app: &App, name: &ProfileName) -> Result<()> {
    let Some(waiting) = pending::waiting(app, name).filter(|waiting| waiting.is_rotation) else {
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
fn account(app: &App, loaded: &mut Loaded) -> Result<String> {
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
fn way(args: &Rotate, app: &App, loaded: &Loaded, account: String) -> Result<Way> {
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
        let program = gcloud::find(app, args.start || args.port.is_some())?;
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
            browser: !args.no_browser,
            along: Vec::new(),
        }));
    };
    if client.id != credential.client_id {
        ui::note("the old credential is of a client that another tool lent; the new one will be of your own");
    }
    let google = client::is_googles(&client.id)
        || client.endpoints.as_ref().is_none_or(|endpoints| endpoints.foreign_host().is_none());
    if !starts_only(args, app) {
        Loopback::bind(login::wanted_port(args.port, app)?)?; // a port that is taken is told now, not later
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
    fn bring_along(&mut self, names: Vec<ProfileName>) {
        match self {
            Way::Own(plan) => plan.rotation = Some(names),
            Way::Gcloud(login) => login.along = names,
        }
    }
}

/// Whether the rotation ends with the address to open: as demanded, or as nobody can be asked.
fn starts_only(args: &Rotate, app: &App) -> bool {
    args.start || app.in_notebook() || !terminal::is_interactive()
}

fn manner(args: &Rotate, app: &App) -> Result<Manner> {
    let timeout = Duration::from_secs(args.timeout);
    Ok(Manner { port: login::wanted_port(args.port, app)?, browser: !args.no_browser, timeout })
}

fn tell_what_ends(loaded: &Loaded, dependents: &Dependents) {
    let (name, who) = (&loaded.name, loaded.profile.account_or_unknown());
    ui::tell(&format!(
        "Rotating revokes everything that {who} allowed to this OAuth client's project, on every machine,\n\
         and then you sign in anew:\n  profile {name} ({who})\n"
    ));
    for line in dependents.lines() {
        ui::tell(&format!("  {line}\n"));
    }
}

/// Asks whether to go on, and which of the profiles that share the grant get the new credential: those of
/// the same account and client can.
fn agree(args: &Rotate, app: &App, loaded: &Loaded, dependents: &Dependents) -> Result<Vec<ProfileName>> {
    let client = Some(&loaded.credential.client_id);
    let able = dependents.siblings.iter().filter(|(_, profile)| profile.client_id.as_ref() == client);
    let able: Vec<ProfileName> = able.map(|(name, _)| name.clone()).collect();
    if args.yes {
        return Ok(able);
    }
    if app.in_notebook() || !terminal::is_interactive() {
        return Err(Error::usage(
            "a revocation can't be undone, and nobody can be asked here; nothing was changed",
        )
        .hint(format!("`{} --yes`", app.command("rotate", &loaded.name))));
    }
    if !terminal::confirm("Revoke, and sign in anew?")? {
        return Err(Error::other("nothing was revoked, nothing was changed"));
    }
    let mut along = Vec::new();
    for name in able {
        if terminal::confirm(&format!("Give profile {name} the new credential as well?"))? {
            along.push(name);
        }
    }
    Ok(along)
}

/// Ends the old grant. The profile says so before and after, so that whatever interrupts this is known.
fn end(app: &App, loaded: &Loaded, dependents: &Dependents, along: &[ProfileName]) -> Result<()> {
    let (name, fingerprint) = (&loaded.name, loaded.credential.fingerprint());
    let mark = |reason: &str| grant::mark_ended(app, name, Some(&fingerprint), reason);
    mark("was about to be revoked by a rotation that was not completed")?;
    if let Err(error) = grant::end(loaded, &app.login_command(name)) {
        grant::unmark(app, name, &loaded.profile)?;
        return Err(error);
    }
    mark("was revoked by a rotation that was not completed")?;
    for (sibling, profile) in &dependents.siblings {
        let reason = match along.contains(sibling) {
            true => format!("was revoked by a rotation of profile {name} that was not completed"),
            false => format!("was revoked together with profile {name}"),
        };
        if let Err(error) = grant::mark_ended(app, sibling, profile.fingerprint.as_deref(), &reason) {
            ui::note(&format!("profile {sibling} has ended too, which could not be written down: {error}"));
        }
    }
    Ok(())
}

fn start(args: &Rotate, app: &App, plan: &Plan) -> Result<Output> {
    let url = pending::start(app, plan, pending::port(login::wanted_port(args.port, app)?)?)?;
    if !args.keep_old {
        ui::note("the old credential is revoked; the new one comes with the sign-in");
    }
    if args.start {
        ui::note(&format!("then: `bqcred rotate --profile {} --finish -`", plan.name));
    } else {
        pending::explain(app, &plan.name, "rotate");
    }
    Ok(Output::text(format!("{url}\n")))
}

/// The login failed when the old credential was gone already. That a login changed nothing is true of it,
/// and misleading here.
fn without_new(app: &App, name: &ProfileName, account: Option<&str>, error: &Error) -> Error {
    let what = error.what().trim_end_matches("; nothing was changed");
    let login = app.login_command(name);
    let account = account.map_or(String::new(), |account| format!(" {account}"));
    let hint = match pending::waiting(app, name) {
        Some(_) => format!("`{} --finish -` again, or `{login}{account}`", app.command("rotate", name)),
        None => format!("`{login}{account}` signs in; the profile's settings stay"),
    };
    Error::new(error.kind(), format!("the old credential is revoked, and there is no new one yet: {what}"))
        .hint(hint)
}

/// The new credential has to work: a revocation may reach what was granted a moment later.
fn prove(app: &App, name: &ProfileName) -> Result<Loaded> {
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

fn tell_done(name: &ProfileName, dependents: &Dependents, keep_old: bool) {
    let old = if keep_old { "the old one stays alive until it is revoked" } else { "the old one is revoked" };
    ui::note(&format!("profile {name} has a new credential, in the same place; {old}"));
    if keep_old || dependents.processes.is_empty() {
        return;
    }
    ui::note("these were started with the old credential and keep it in memory:");
    for process in &dependents.processes {
        ui::tell(&format!("  {}\n", process.words()));
    }
    ui::tell("Restart them; in a kernel, a new bigquery.Client() or bq_auth() does it too.\n");
}
