//! `bqcred login`: a person signs in, and the credential is kept.

use std::io::Read;
use std::time::Duration;

use crate::app::{self, App};
use crate::cli::{Login, StoreChoice};
use crate::client;
use crate::error::{Error, Kind, Result};
use crate::google::Loopback;
use crate::login::gcloud::ViaGcloud;
use crate::login::interactive::{self, Manner};
use crate::login::{self, Plan, pending};
use crate::profile::{ProfileName, StoreKind};
use crate::scopes;
use crate::settings::Settings;
use crate::store::Store;
use crate::terminal;
use crate::ui::{self, Output};

/// More than any address that is pasted.
const PASTE_LIMIT: u64 = 64 * 1024;

pub(crate) fn run(args: &Login, app: &App) -> Result<Output> {
    let name = app.profile_name()?;
    if let Some(answer) = &args.finish {
        let kept = pending::finish(app, &name, &pasted(answer)?)?;
        login::tell_kept(app, &name, &kept);
        return Ok(Output::none());
    }
    check_words(args)?;
    let store = Store::choose(args.store.map(StoreChoice::demanded), &app.paths, &name)?;
    let plan = if args.via.is_some() { None } else { plan(args, app, &name, store)? };
    let kept = match plan {
        None => via_gcloud(args, app, &name, store)?.run(app)?,
        Some(plan) if args.start => return start(app, &plan, port(args, app)?),
        Some(plan) if app.in_notebook() || !terminal::is_interactive() => {
            return start_and_explain(app, &plan, port(args, app)?);
        }
        Some(plan) => {
            let timeout = Duration::from_secs(args.timeout);
            let manner = Manner { port: wanted_port(args, app)?, browser: !args.no_browser, timeout };
            interactive::run(app, &plan, &manner)?
        }
    };
    login::tell_kept(app, &name, &kept);
    Ok(Output::none())
}

/// Text that will be put into addresses and files: a slip of the keyboard is told before a browser opens.
fn check_words(args: &Login) -> Result<()> {
    let odd = |c: char| c.is_whitespace() || c.is_control();
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
fn plan(args: &Login, app: &App, name: &ProfileName, store: StoreKind) -> Result<Option<Plan>> {
    let Some(found) = app.client(args.client_id_file.as_deref(), name)? else { return Ok(None) };
    let known = app.known_profile(name).ok().flatten();
    let google = client::is_googles(&found.client.id)
        || found.client.endpoints.as_ref().is_none_or(|endpoints| endpoints.foreign_host().is_none());
    Ok(Some(Plan {
        name: name.clone(),
        account: args.account.clone(),
        suggestion: known.and_then(|profile| profile.account),
        project: args.project.clone(),
        quota_project: args.quota_project.clone(),
        scopes: scopes::for_login(&args.scopes, google)?,
        store,
        client: found.client,
    }))
}

fn start(app: &App, plan: &Plan, port: u16) -> Result<Output> {
    let url = pending::start(app, plan, port)?;
    Ok(Output::text(format!("{url}\n")))
}

/// Where nobody can be asked: the first step, and how to take the second.
fn start_and_explain(app: &App, plan: &Plan, port: u16) -> Result<Output> {
    let output = start(app, plan, port)?;
    let profile = &plan.name;
    ui::tell(
        "Open this address in a browser and sign in. The browser then says that 127.0.0.1 can't be reached,\n\
         which is fine: copy the whole address from its address bar.\n",
    );
    ui::tell(&match app.in_notebook() {
        true => format!(
            "Then run this in a cell; what you paste is not shown and not saved:\n\n\
             import subprocess, getpass\n\
             subprocess.run([\"bqcred\", \"login\", \"--profile\", \"{profile}\", \"--finish\", \"-\"], \
             input=getpass.getpass(\"Paste the address: \"), text=True)\n\n\
             In R:\n\n\
             system2(\"bqcred\", c(\"login\", \"--profile\", \"{profile}\", \"--finish\", \"-\"), \
             input = readline(\"Paste the address: \"))\n\n"
        ),
        false => format!(
            "Then, within 10 minutes, with the address on stdin:\n\n  bqcred login --profile {profile} --finish -\n\n"
        ),
    });
    Ok(output)
}

fn via_gcloud(args: &Login, app: &App, name: &ProfileName, store: StoreKind) -> Result<ViaGcloud> {
    let Some(program) = app::find_program("gcloud") else {
        return Err(Error::new(
            Kind::Missing,
            "there is no OAuth client to sign in under, and no gcloud on the PATH to do it",
        )
        .hint("`bqcred client guide` shows how to make a client, `bqcred client set FILE` keeps it"));
    };
    if args.start || args.port.is_some() {
        return Err(Error::usage("gcloud runs this login, and it knows neither --start nor --port")
            .hint("with an OAuth client of your own both work: `bqcred client guide`"));
    }
    if app.in_notebook() {
        return Err(Error::usage("gcloud would ask, and nobody can answer in a notebook's cell")
            .hint("`bqcred login` in a terminal, or an OAuth client of your own: `bqcred client guide`"));
    }
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
    })
}

fn pasted(answer: &str) -> Result<String> {
    if answer != "-" {
        return Ok(answer.to_owned());
    }
    let mut text = String::new();
    std::io::stdin()
        .take(PASTE_LIMIT)
        .read_to_string(&mut text)
        .map_err(|_| Error::usage("what came on stdin is no text"))?;
    Ok(text)
}

/// The port to listen on: 0 for any.
fn wanted_port(args: &Login, app: &App) -> Result<u16> {
    match args.port {
        Some(port) => Ok(port),
        None => Ok(Settings::load(&app.paths)?.port.unwrap_or(0)),
    }
}

/// The port that the answer will name; nobody listens there.
fn port(args: &Login, app: &App) -> Result<u16> {
    match wanted_port(args, app)? {
        0 => Ok(Loopback::bind(0)?.port()),
        port => Ok(port),
    }
}
