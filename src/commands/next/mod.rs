//! `bqcred` without a command: the current state, and the next step. It reads a few small files and asks neither
//! Google nor the keyring, so it shows the state of the credential as far as it is known here.

mod exported_file;

use std::path::Path;

use crate::app::App;
use crate::credential::adc::AuthorizedUser;
use crate::credential::profile::{self, Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::handover;
use crate::handover::broker::inside::Inside;
use crate::handover::parent_shell;
use crate::handover::variables;
use crate::jupyter::locate::kernels::Kernel;
use crate::jupyter::locate::machine::Machine;
use crate::login::two_step;
use crate::output::error::Result;
use crate::output::shell_word;
use crate::output::ui::{self, Output};
use crate::store::session;
use crate::system::private_file::{self, Content};
use crate::system::{env, own_program, terminal};

/// The current state, and the command that leads on, if there is one to run.
struct Step {
    now: String,
    next: Option<String>,
}

impl Step {
    fn new(now: impl Into<String>, next: impl Into<String>) -> Step {
        Step { now: now.into(), next: Some(next.into()) }
    }
}

pub(crate) fn run(app: &App) -> Result<Output> {
    let name = app.profile_name()?;
    let known = app.known_profile(&name)?;
    two_step::sweep(app);
    let mut rows = Vec::new();
    if let Some(profile) = &known {
        let is_known = profile.account.is_some() || profile.acting_as.is_some();
        let account = is_known.then(|| profile.who().into_owned());
        rows.push(("profile", name.to_string()));
        rows.push(("account", account.unwrap_or_else(|| "unknown".to_owned())));
        rows.extend(profile.project.clone().map(|project| ("project", project)));
    }
    let step = match &known {
        None => before_login(app, &name)?,
        Some(profile) => after_login(app, &name, profile),
    };
    rows.push(("now", step.now));
    // what is to be typed here, as it stands
    let typed = |next: String| match own_program::path() {
        Some(path) => shell_word::with_path(&format!("`{next}"), &path).trim_start_matches('`').to_owned(),
        None => next,
    };
    rows.extend(step.next.map(|next| ("next", ui::unbroken(&typed(next)))));
    Ok(Output::for_people(&ui::columns(&rows)))
}

/// There is no such profile yet.
fn before_login(app: &App, name: &ProfileName) -> Result<Step> {
    let names = profile::names(&app.paths)?;
    let login = app.login_command(name);
    if let Some(step) = waiting(app, name, None) {
        return Ok(step);
    }
    let is_named_by_variable =
        matches!(app.asked_profile(), Ok(None)) && env::text(variables::PROFILE).is_some();
    if is_named_by_variable && Inside::here().is_some() {
        return Ok(Step::new(format!("profile {name}, which this program was started with, is gone"), login));
    }
    if is_named_by_variable {
        return Ok(Step::new(
            format!("BQCRED_PROFILE names profile {name}, which doesn't exist"),
            format!("{}, or {login}", parent_shell::line("bqcred env --unset")),
        ));
    }
    if let Some(first) = names.first() {
        return Ok(Step::new(
            format!("profile {name} doesn't exist"),
            format!("bqcred use {first}, or {login}"),
        ));
    }
    if let Some(account) = account_of_gcloud(app) {
        return Ok(Step::new(
            format!("not signed in; gcloud has a credential{account}, which bqcred can use"),
            format!("{}, or {login}", app.command("import --from gcloud", name)),
        ));
    }
    Ok(match (app.client(None, name)?, env::find_program("gcloud")) {
        (Some(_), _) => Step::new("not signed in", login),
        (None, Some(_)) => Step::new("not signed in; gcloud can run the sign-in", login),
        (None, None) => {
            Step::new("no OAuth client is set, and gcloud is not installed", "bqcred client guide")
        }
    })
}

/// Whose credential gcloud's file holds, as " of ACCOUNT", or nothing where it doesn't say; `None` if there is none.
fn account_of_gcloud(app: &App) -> Option<String> {
    let bytes = private_file::read(&app.gcloud_folder().adc(), Content::Foreign).ok()??;
    let who = AuthorizedUser::parse(&bytes).ok()?.who();
    Some(who.map_or_else(String::new, |who| format!(" of {who}")))
}

/// A sign-in was started and can be completed.
fn waiting(app: &App, name: &ProfileName, profile: Option<&Profile>) -> Option<Step> {
    let waiting = app.waiting(name, profile)?;
    Some(Step::new(
        "a sign-in was started; paste the address or the code that the browser shows at the end",
        app.finish_command(name, waiting.started_by()),
    ))
}

fn after_login(app: &App, name: &ProfileName, profile: &Profile) -> Step {
    let adc = app.paths.adc(name);
    if let Some(step) = waiting(app, name, Some(profile)) {
        return step;
    }
    if let Some(problem) = profile.problem() {
        return Step::new(problem, app.way_out(name, profile));
    }
    let inside = Inside::here();
    if let Some(problem) = inside.as_ref().and_then(|inside| problem_inside(app, name, profile, inside)) {
        return problem;
    }
    if let Some(step) = exported_file::step(app).filter(|_| inside.is_none()) {
        return step;
    }
    if profile.project.is_none() && env::text(variables::PROJECT).is_none() {
        return Step::new("no project is set, which the Python libraries need", app.project_command(name));
    }
    // in a notebook, variables that a cell's command sets end with it
    let is_in_environment = || match &inside {
        Some(inside) => inside.is_of(&app.paths, name),
        None => is_in_environment(app, name, profile, &adc),
    };
    if !terminal::in_notebook() && !is_in_environment() {
        let line = match inside {
            Some(_) => Inside::start_other(name), // `env` would be refused
            None => parent_shell::line(&app.command("env", name)),
        };
        return Step::new("programs in this shell don't use this credential yet", line);
    }
    let kernels = Machine::here(&app.paths.home).servers().kernels_of_jupyter();
    let is_installed = kernels.iter().any(|kernel| kernel.marker().is_some());
    if kernels.iter().any(Kernel::is_for_python_or_r) && !is_installed {
        let options = match (&inside, profile.store) {
            (Some(inside), _) => format!(" {}", inside.options_for(&app.paths, name).join(" ")),
            (None, StoreKind::Keyring) => " --exec".to_owned(),
            (None, StoreKind::File) => String::new(),
        };
        let install = app.command("kernel install", name);
        return Step::new("Jupyter kernels don't use this credential yet", format!("{install}{options}"));
    }
    if terminal::in_notebook() && profile.store == StoreKind::File && inside.is_none() && !is_in_environment()
    {
        return Step::new(
            "the kernel of this notebook was started before, and doesn't use this credential yet",
            format!(
                "{}: paste what it prints into a cell, or start a new kernel",
                app.command("snippet python", name)
            ),
        );
    }
    let (place, who) = match inside {
        Some(inside) if terminal::in_notebook() => ("this notebook runs", inside.about().describe()),
        Some(inside) => ("this shell runs", inside.about().describe()),
        None if terminal::in_notebook() => ("new kernels run", profile.who().into_owned()),
        None => ("this shell runs", profile.who().into_owned()),
    };
    Step { now: format!("all set: {place} as {who}"), next: None }
}

/// The programs of this session get no token.
fn problem_inside(app: &App, name: &ProfileName, profile: &Profile, inside: &Inside) -> Option<Step> {
    match inside.has_ended() {
        true if inside.about().is_unknown() => {
            Some(Step { now: format!("{}: {}", inside.describe_end(), inside.start_again()), next: None })
        }
        true => Some(Step::new(inside.describe_end(), inside.about().start_command())),
        false => {
            let refusal = inside.refusal(app, name, profile)?;
            Some(Step { now: refusal.in_one_line(), next: None })
        }
    }
}

/// Whether programs started here get this profile's credential. What `exec` hands over has another path: there
/// BQCRED_PROFILE decides, if the file exists.
fn is_in_environment(app: &App, name: &ProfileName, profile: &Profile, adc: &Path) -> bool {
    let Some(path) = env::get(variables::ADC) else { return false };
    let path = Path::new(&path);
    let is_file = profile.store == StoreKind::File && (path == adc || path == app.gcloud_folder().adc());
    let is_session_file = || {
        let files = profile.id.as_ref().map(|id| session::existing(&app.paths, name, id));
        profile.store == StoreKind::Keyring
            && files.is_some_and(|files| files.iter().any(|file| file == path))
    };
    let is_handed_over = || {
        handover::is_handed_over(path)
            && env::text(variables::PROFILE).is_some_and(|it| it == name.as_str())
            && path.exists()
    };
    is_file || is_session_file() || is_handed_over()
}
