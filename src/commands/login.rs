//! `bqcred login`: a person signs in, and the credential is kept.

use std::time::Duration;

use crate::app::App;
use crate::cli::{Login, StoreChoice};
use crate::credential::client;
use crate::credential::profile::{Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::login::gcloud::ViaGcloud;
use crate::login::interactive::{self, Manner};
use crate::login::{self, Plan, pending};
use crate::oauth::scopes;
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};
use crate::store::Store;
use crate::system::terminal;

pub(crate) fn run(args: &Login, app: &App) -> Result<Output> {
    let name = app.profile_name()?;
    if let Some(answer) = &args.finish {
        let kept = pending::finish(app, &name, &pending::pasted(answer)?)?;
        login::tell_kept(app, &name, &kept);
        return Ok(Output::none());
    }
    check_words(args)?;
    let known = app.known_profile(&name).ok().flatten();
    let (store, notes) = Store::choose(args.store.map(StoreChoice::demanded), &app.paths, &name)?;
    ui::show(notes);
    let plan = if args.via.is_some() { None } else { plan(args, app, &name, store, known.as_ref())? };
    let kept = match plan {
        None => via_gcloud(args, app, &name, store)?.run(app)?,
        Some(plan) if args.start || app.in_notebook() || !terminal::is_interactive() => {
            return start(args, app, &plan);
        }
        Some(plan) => {
            let timeout = Duration::from_secs(args.timeout);
            let manner =
                Manner { port: login::wanted_port(args.port, app)?, browser: !args.no_browser, timeout };
            interactive::run(app, &plan, &manner)?
        }
    };
    login::tell_kept(app, &name, &kept);
    Ok(Output::none())
}

/// Text that will be put into addresses and files: a slip of the keyboard is told before a browser opens.
fn check_words(args: &Login) -> Result<()> {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if args.account.as_deref().is_some_and(|account| account.contains("code=") || account.contains("://")) {
        return Err(Error::usage("an address was given where an account belongs")
            .hint("`bqcred login --finish -` takes it from stdin"));
    }
    if let Some(account) =
        args.account.as_deref().filter(|account| !account.contains('@') || account.contains(odd))
    {
        return Err(Error::usage(format!("{account:?} is no account: it has to be an address"))
            .hint("`bqcred login you@example.com`; a profile is named by --profile"));
    }
    for project in [&args.project, &args.quota_project].into_iter().flatten() {
        login::check_project(project)?;
    }
    Ok(())
}

/// What to ask for; `None` if there is no client, so that gcloud has to do it.
fn plan(
    args: &Login,
    app: &App,
    name: &ProfileName,
    store: StoreKind,
    known: Option<&Profile>,
) -> Result<Option<Plan>> {
    let Some(found) = app.client(args.client_id_file.as_deref(), name)? else { return Ok(None) };
    let google = client::is_googles(&found.client.id)
        || found.client.endpoints.as_ref().is_none_or(|endpoints| endpoints.foreign_host().is_none());
    Ok(Some(Plan {
        name: name.clone(),
        account: args.account.clone(),
        suggestion: known.and_then(|profile| profile.account.clone()),
        project: args.project.clone(),
        quota_project: args.quota_project.clone(),
        scopes: wanted_scopes(args, known, google)?,
        store,
        client: found.client,
        rotation: None,
    }))
}

/// The scopes that the command line names, else those that the same account granted before.
fn wanted_scopes(args: &Login, known: Option<&Profile>, google: bool) -> Result<Vec<String>> {
    let same = |profile: &&Profile| {
        let known = profile.account.as_deref();
        args.account
            .as_deref()
            .is_none_or(|account| known.is_some_and(|known| known.eq_ignore_ascii_case(account)))
    };
    match known.filter(same) {
        Some(profile) if args.scopes.is_empty() => scopes::again(&profile.scopes, google),
        _ => scopes::for_login(&args.scopes, google),
    }
}

/// The first step of two; whoever did not ask for it is told how to take the second.
fn start(args: &Login, app: &App, plan: &Plan) -> Result<Output> {
    let url = pending::start(app, plan, pending::port(login::wanted_port(args.port, app)?)?)?;
    if !args.start {
        pending::explain(app, &plan.name, "login");
    }
    Ok(Output::text(format!("{url}\n")))
}

fn via_gcloud(args: &Login, app: &App, name: &ProfileName, store: StoreKind) -> Result<ViaGcloud> {
    let program = login::gcloud::find(app, args.start || args.port.is_some())?;
    if args.via.is_none() {
        ui::note("no OAuth client is set, so gcloud runs the login with its own");
    }
    Ok(ViaGcloud {
        program,
        name: name.clone(),
        account: args.account.clone(),
        project: args.project.clone(),
        quota_project: args.quota_project.clone(),
        scopes: if args.scopes.is_empty() { Vec::new() } else { scopes::for_login(&args.scopes, true)? },
        store,
        browser: !args.no_browser,
        timeout: Duration::from_secs(args.timeout),
        along: Vec::new(),
    })
}
