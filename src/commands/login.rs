//! `bqcred login`: sign in, and save the credential.

use std::time::Duration;

use crate::app::App;
use crate::cli::{KeepGcloud, Login, StoreChoice};
use crate::commands::{cell, leftovers};
use crate::credential::profile::{Profile, StoreKind, check_project};
use crate::credential::profile_name::ProfileName;
use crate::credential::waiting::StartedBy;
use crate::handover::broker::inside::Inside;
use crate::lifecycle::replaced::{self, Replaced};
use crate::lifecycle::save;
use crate::login::two_step;
use crate::login::{self, Flow, LoginOptions, LoginRequest, Progress, SignedIn, gcloud};
use crate::oauth::{ServiceAccount, scopes};
use crate::output::error::{Error, Result, reason};
use crate::output::ui::{self, Output};
use crate::store::Store;
use crate::system::{detach, own_program, terminal};

pub(crate) fn run(args: &Login, app: &App) -> Result<Output> {
    let name = app.profile_name()?;
    if let Some(answer) = &args.finish {
        let finish = || finish(app, &name, answer);
        return args.cell.map_or_else(finish, |language| Ok(cell::run(language, app, &name, finish)));
    }
    check_words(args)?;
    // a program that reads the address knows by itself what comes next; somebody at a terminal has to be told
    let is_explained = !args.start || terminal::is_interactive();
    let program = is_explained.then(own_program::word).transpose()?;
    let known = app.known_profile(&name).ok().flatten();
    let (store, notes) = Store::choose(args.store.map(StoreChoice::demanded), &app.paths, &name)?;
    ui::show(notes);
    if let Some(account) = &args.account {
        confirm_other_account(app, &name, account)?;
    }
    let flow = flow(args, app, &name)?;
    let known = of_same_account(args, known.as_ref());
    let request = request(args, &name, store, &flow, known)?;
    if let Some(lost) = known.and_then(|known| lost_scopes(app, &request, &flow, known)) {
        ui::note(&lost);
    }
    let options = options(args, app)?;
    let ready = login::prepare(app, &request, &flow, &options)?;
    match login::sign_in(app, &request, &flow, &options, ready)? {
        Progress::Started { url, notes } => {
            ui::show(notes);
            // the instructions, which are shown otherwise, say so
            let inside = Inside::here().filter(|_| args.start && terminal::in_notebook());
            if let Some(why) = inside.and_then(|inside| inside.apart_from(&app.paths, &name)) {
                ui::note(&why);
            }
            Ok(started(app, args, &name, &url, &flow, program.as_deref()))
        }
        Progress::SignedIn(signed_in) => {
            if args.account.is_none() {
                confirm_who_signed_in(app, &name, &signed_in)?;
            }
            save(app, &name, *signed_in)
        }
    }
}

/// Completes what `--start` began.
fn finish(app: &App, name: &ProfileName, answer: &str) -> Result<Output> {
    let answer = two_step::read_answer(answer)?;
    let signed_in = two_step::finish(app, name, &answer, StartedBy::Login)?;
    save(app, name, signed_in)
}

/// At a terminal, asks before another account takes over a profile whose credential may be valid.
fn confirm_other_account(app: &App, name: &ProfileName, account: &str) -> Result<()> {
    if takes_over(app, name, account)? {
        return Ok(());
    }
    Err(Error::other("nobody was signed in")
        .unchanged()
        .hint(format!("`bqcred login {account} --profile NAME` keeps both")))
}

/// The same where the account was chosen in the browser.
fn confirm_who_signed_in(app: &App, name: &ProfileName, signed_in: &SignedIn) -> Result<()> {
    let Some(account) = signed_in.new.identity.as_ref().and_then(|identity| identity.email.as_deref()) else {
        return Ok(());
    };
    if takes_over(app, name, account)? {
        return Ok(());
    }
    Err(Error::other(format!("Google has issued a new credential of {account}, which was not saved"))
        .unchanged()
        .hint(format!("`bqcred login {account} --profile NAME` keeps both")))
}

/// Whether this account may take over the profile: it is nobody else's, or the user wants it. Without a terminal the
/// user is told afterwards.
fn takes_over(app: &App, name: &ProfileName, account: &str) -> Result<bool> {
    if !terminal::can_ask() {
        return Ok(true);
    }
    let held = replaced::held(app, name).filter(Replaced::may_be_valid);
    let Some(now) = held.as_ref().and_then(Replaced::account) else { return Ok(true) };
    if now.eq_ignore_ascii_case(account) {
        return Ok(true);
    }
    terminal::confirm(&format!("Profile {name} is {now}. Replace that by {account}?"))
}

/// Text that will be put into addresses and files: a typing error is reported before a browser opens.
fn check_words(args: &Login) -> Result<()> {
    let is_odd = |c: char| c.is_whitespace() || c.is_control();
    if args.account.as_deref().is_some_and(|account| account.contains("code=") || account.contains("://")) {
        return Err(Error::usage("a web address was given in the place of an account")
            .hint("`bqcred login --finish -` reads it from stdin"));
    }
    if let Some(account) =
        args.account.as_deref().filter(|account| !account.contains('@') || account.contains(is_odd))
    {
        return Err(Error::usage(format!("{account:?} is not an account: an account is an email address"))
            .hint("`bqcred login you@example.com`; `--profile` names a profile"));
    }
    if let Some(account) = args.account.as_deref().filter(|account| is_service_account(account)) {
        return Err(Error::usage(format!("{account} is a service account, and only people sign in")).hint(format!(
            "`bqcred login` as yourself, then `bqcred exec --token-only --as {account} -- PROGRAM` acts as it"
        )));
    }
    for project in [&args.project, &args.quota_project].into_iter().flatten() {
        check_project(project)?;
    }
    Ok(())
}

/// Whatever the case of its letters.
fn is_service_account(account: &str) -> bool {
    ServiceAccount::parse(&account.to_ascii_lowercase()).is_ok()
}

/// bqcred with the first client that is found, else gcloud.
fn flow(args: &Login, app: &App, name: &ProfileName) -> Result<Flow> {
    if args.via.is_none()
        && let Some(found) = app.client(args.client_id_file.as_deref(), name)?
    {
        return Ok(Flow::OwnClient(found.client));
    }
    let program = gcloud::find(args.port.is_some())?;
    if args.via.is_none() {
        ui::note("no OAuth client is set, so gcloud runs the sign-in with its own");
    }
    Ok(Flow::Gcloud { program })
}

fn request(
    args: &Login,
    name: &ProfileName,
    store: StoreKind,
    flow: &Flow,
    known: Option<&Profile>,
) -> Result<LoginRequest> {
    Ok(LoginRequest {
        name: name.clone(),
        account: args.account.clone(),
        suggestion: known.and_then(|profile| profile.account.clone()),
        project: args.project.clone(),
        quota_project: args.quota_project.clone(),
        scopes: scopes(args, flow, known)?,
        store,
        siblings: None,
    })
}

/// The scopes that the command line names, else those of the same account's last sign-in.
fn scopes(args: &Login, flow: &Flow, known: Option<&Profile>) -> Result<Vec<String>> {
    match (known, flow) {
        (Some(profile), flow) if args.scopes.is_empty() => flow.scopes_again(profile),
        (_, Flow::OwnClient(client)) => scopes::for_login(&args.scopes, client.is_for_google()),
        (_, Flow::Gcloud { .. }) if args.scopes.is_empty() => Ok(Vec::new()),
        (_, Flow::Gcloud { .. }) => scopes::for_login(&args.scopes, true),
    }
}

/// The profile, unless another account is named.
fn of_same_account<'p>(args: &Login, known: Option<&'p Profile>) -> Option<&'p Profile> {
    known.filter(|profile| {
        let known = profile.account.as_deref();
        args.account
            .as_deref()
            .is_none_or(|account| known.is_some_and(|known| known.eq_ignore_ascii_case(account)))
    })
}

/// For people: which scopes of the profile's end with this sign-in, and what keeps them.
fn lost_scopes(app: &App, request: &LoginRequest, flow: &Flow, known: &Profile) -> Option<String> {
    let (by_gcloud, is_google) = match flow {
        Flow::OwnClient(client) => (false, client.is_for_google()),
        Flow::Gcloud { .. } => (true, true),
    };
    let again = scopes::again(&known.scopes, is_google).ok()?;
    let mut lost = scopes::not_granted(&again, &request.scopes);
    lost.retain(|scope| known.scopes.contains(scope) && !(by_gcloud && scopes::gcloud_covers(scope)));
    if lost.is_empty() {
        return None;
    }
    let asked: Vec<&str> = request.scopes.iter().map(String::as_str).collect();
    let name = &request.name;
    let way = match by_gcloud {
        true => "a sign-in with an OAuth client of your own does (`bqcred client guide`)".to_owned(),
        false => format!("`{}` does", app.login_command_for(name, known, &asked)),
    };
    let lost = scopes::short_list(&lost);
    Some(format!("this sign-in does not ask for {lost}, which profile {name} has: {way}"))
}

fn options(args: &Login, app: &App) -> Result<LoginOptions> {
    Ok(LoginOptions {
        port: login::port(args.port, app)?,
        browser: !args.no_browser,
        timeout: Duration::from_secs(args.timeout),
        start_only: args.start || !terminal::can_ask(),
    })
}

/// The result of the first step of two. The second is explained where somebody reads that.
fn started(
    app: &App,
    args: &Login,
    name: &ProfileName,
    url: &str,
    flow: &Flow,
    program: Option<&str>,
) -> Output {
    if let Some(program) = program {
        if !args.start && terminal::in_notebook() {
            return Output::text(two_step::instructions_in_notebook(app, program, name, "login", flow, url));
        }
        ui::tell(&two_step::instructions(app, program, name, "login", flow));
    }
    Output::text(format!("{url}\n"))
}

fn save(app: &App, name: &ProfileName, signed_in: SignedIn) -> Result<Output> {
    let held = replaced::held(app, name);
    let mut saved = save::save_sign_in(app, name, signed_in)?;
    ui::show(std::mem::take(&mut saved.notes));
    ui::show(saved.describe_sign_in(app, name));
    if let Some(held) = held {
        ui::show(held.describe_after_sign_in(name, &saved.profile));
    }
    leftovers::offer(app, false);
    ui::note(&save::next_command(app, name, saved.profile.store));
    Ok(Output::none())
}

/// Makes this process one that goes on without its caller.
pub(crate) fn leave_caller() -> Result<()> {
    detach::from_caller().map_err(|error| Error::other(format!("can't be detached: {}", reason(&error))))
}

/// Keeps gcloud waiting for the code of a sign-in that [`run`] started.
pub(crate) fn keep_gcloud(args: &KeepGcloud) -> Result<Output> {
    gcloud::supervise(&args.folder, Duration::from_secs(args.seconds), &args.program)?;
    Ok(Output::none())
}
