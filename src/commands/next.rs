//! `bqcred` alone: where the person stands, and the next sensible step. A few small files are read;
//! neither Google nor the keyring is asked, so what is said of the credential is what is known here.

use std::path::Path;

use crate::app::App;
use crate::credential::profile::{self, Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::handover;
use crate::handover::parent_shell;
use crate::handover::variables;
use crate::jupyter::changes::listed::{self, Listed};
use crate::login::two_step;
use crate::output::error::Result;
use crate::output::ui::{self, Output};
use crate::system::{env, terminal};

/// Where the person stands, and what to do about it.
struct Step {
    now: String,
    next: String,
}

impl Step {
    fn new(now: impl Into<String>, next: impl Into<String>) -> Step {
        Step { now: now.into(), next: next.into() }
    }
}

pub(crate) fn run(app: &App) -> Result<Output> {
    let name = app.profile_name()?;
    let known = app.known_profile(&name)?;
    two_step::sweep(app);
    let mut rows = Vec::new();
    if let Some(profile) = &known {
        let account = profile.account.clone();
        rows.push(("profile", name.to_string()));
        rows.push(("account", account.unwrap_or_else(|| "not known yet".to_owned())));
        rows.extend(profile.project.clone().map(|project| ("project", project)));
    }
    let step = match &known {
        None => before_login(app, &name)?,
        Some(profile) => after_login(app, &name, profile),
    };
    rows.push(("now", step.now));
    rows.push(("next", step.next));
    Ok(Output::for_people(&ui::columns(&rows)))
}

/// There is no such profile: what a login needs.
fn before_login(app: &App, name: &ProfileName) -> Result<Step> {
    let names = profile::names(&app.paths)?;
    let login = app.login_command(name);
    if let Some(step) = waiting(app, name) {
        return Ok(step);
    }
    if let Some(first) = names.first() {
        return Ok(Step::new(
            format!("there is no profile {name}, but there are others"),
            format!("bqcred use {first}, or {login}"),
        ));
    }
    Ok(match (app.client(None, name)?, env::find_program("gcloud")) {
        (Some(_), _) => Step::new("nobody has logged in yet", login),
        (None, Some(_)) => Step::new("nobody has logged in yet; gcloud can run the login", login),
        (None, None) => {
            Step::new("there is no OAuth client to log in under, and no gcloud", "bqcred client guide")
        }
    })
}

/// A sign-in was started and waits for its answer.
fn waiting(app: &App, name: &ProfileName) -> Option<Step> {
    let command = two_step::waiting(app, name)?.command();
    Some(Step::new(
        "a sign-in was started and waits for the address that the browser ended at",
        format!("{} --finish -", app.command(command, name)),
    ))
}

fn after_login(app: &App, name: &ProfileName, profile: &Profile) -> Step {
    let login = app.login_command(name);
    let adc = app.paths.adc(name);
    if let Some(step) = waiting(app, name) {
        return step;
    }
    if let Some(reason) = profile.sign_in_reason() {
        return Step::new(format!("this credential {reason}"), login);
    }
    if profile.store == StoreKind::File && !adc.exists() {
        return Step::new("this profile has no credential", login);
    }
    if profile.project.is_none() && env::get(variables::PROJECT).is_none() {
        return Step::new("no project is known, and Python needs one", app.project_command(name));
    }
    // what a cell's command sets ends with it
    if !terminal::in_notebook() && !is_in_environment(app, name, profile, &adc) {
        let line = parent_shell::line(&app.command("env", name));
        return Step::new("the libraries in this shell don't use it yet", line);
    }
    let kernels = listed::of_servers(app);
    let of_ours = |kernel: &Listed| matches!(kernel.language.to_lowercase().as_str(), "python" | "r");
    if kernels.iter().any(of_ours) && !kernels.iter().any(|kernel| kernel.profile.is_some()) {
        let exec = if profile.store == StoreKind::Keyring { " --exec" } else { "" };
        let install = app.command("kernel install", name);
        return Step::new("Jupyter's kernels don't use it yet", format!("{install}{exec}"));
    }
    Step::new("it is in use here", "nothing to do; bqcred status asks Google")
}

/// Whether programs that are started here get this profile's credential. What `exec` hands over and what makes
/// a keyring's secret readable has other paths; there the name tells, as long as the file is there.
fn is_in_environment(app: &App, name: &ProfileName, profile: &Profile, adc: &Path) -> bool {
    let Some(path) = env::get(variables::ADC) else { return false };
    let path = Path::new(&path);
    let its_own = profile.store == StoreKind::File && (path == adc || path == app.well_known_adc());
    let lent = || {
        (profile.store == StoreKind::Keyring || handover::is_handed_over(path))
            && env::text(variables::PROFILE).is_some_and(|it| it == name.as_str())
            && path.exists()
    };
    its_own || lent()
}
