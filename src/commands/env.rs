//! `bqcred env`: runs at every start of a shell, so it reads three small files, and uses no network.

use std::io::IsTerminal;
use std::path::Path;

use crate::app::App;
use crate::cli::Env;
use crate::credential::pins::Pin;
use crate::credential::profile_name::ProfileName;
use crate::doctor;
use crate::handover::broker::inside::Inside;
use crate::handover::format::{self, Change, Dialect};
use crate::handover::variables::{self, VariableSet};
use crate::handover::{parent_shell, ready, stub};
use crate::output::error::{Error, Kind, Result};
use crate::output::ui::{self, Output};
use crate::system::notebook::{self, Language};
use crate::system::{env, stdout, terminal};

pub(crate) fn run(args: &Env, app: &App) -> Result<Output> {
    stdout::refuse_closed()?;
    if let Some(format) = args.format {
        return changes(args, app, named(args, app))
            .and_then(|changes| format::format(format.format(), &changes))
            .map(Output::bytes);
    }
    if args.announce {
        return announce(app);
    }
    let name = named(args, app);
    let text = changes(args, app, name.clone()).and_then(|changes| format::shell(dialect(args), &changes));
    let text = text.map_err(|error| fail_closed(args, app, name.ok().as_ref(), error))?;
    note_use(args, app);
    Ok(Output::bytes(text))
}

/// Says which account programs in this environment use.
fn announce(app: &App) -> Result<Output> {
    let (here, runs) = match terminal::in_notebook() {
        true => ("this notebook", "now runs"),
        false => ("this shell", "runs"),
    };
    if env::text(variables::PROFILE).is_none() {
        ui::note(&format!("{here} uses no credential of bqcred's"));
        return Ok(Output::none());
    }
    let inside = Inside::here();
    if let Some(ended) = inside.as_ref().filter(|inside| inside.has_ended()) {
        ui::note(&format!("{}: {}", ended.describe_end(), ended.start_again()));
        return Ok(Output::none());
    }
    let (name, profile) = app.profile()?;
    if let Some(refusal) = inside.as_ref().and_then(|inside| inside.refusal(app, &name, &profile)) {
        ui::note(&refusal.in_one_line());
        return Ok(Output::none());
    }
    let who = inside.map_or_else(|| profile.who().into_owned(), |inside| inside.about().describe());
    let project = env::text(variables::PROJECT);
    let project = project.map_or_else(|| "no project".to_owned(), |project| format!("project {project}"));
    ui::note(&format!("{here} {runs} as {who} ({project})"));
    Ok(Output::none())
}

/// Says what to do with what is printed, where nobody evaluates it.
fn note_use(args: &Env, app: &App) {
    if Inside::here().is_some() {
        return; // what leads elsewhere leads to the whole credential
    }
    if terminal::in_notebook() {
        let line = parent_shell::line("bqcred env");
        let language = if notebook::language() == Some(Language::R) { "r" } else { "python" };
        ui::note(&format!(
            "a cell's `!{line}` changes nothing in the notebook: `bqcred snippet {language}` prints a cell that does, and \
             `bqcred kernel install` sets it for all notebooks"
        ));
    } else if std::io::stdout().is_terminal() {
        let options = [(args.unset, " --unset"), (args.no_guard, " --no-guard"), (args.gcloud, " --gcloud")];
        let options: String = options.iter().filter(|(given, _)| *given).map(|(_, option)| *option).collect();
        let profile = app.asked_profile().ok().flatten();
        let profile = profile.map_or_else(String::new, |name| format!(" --profile {name}"));
        let line = parent_shell::line(&format!("bqcred env{options}{profile}"));
        ui::note(&format!("this only prints; to change this shell: `{line}`"));
    }
}

fn dialect(args: &Env) -> Dialect {
    args.shell.or_else(parent_shell::dialect).unwrap_or(Dialect::Posix)
}

/// The error with a failing statement on stdout, so that an `eval` fails too: for what names no profile.
pub(super) fn fail(args: &Env, error: Error) -> Error {
    if args.format.is_some() { error } else { error.with_stdout(dialect(args).failing()) }
}

/// The same, and if a profile can't be used that is named or stored, statements before that keep libraries from using
/// another account: they find a file that names the reason, and the guard.
fn fail_closed(args: &Env, app: &App, name: Option<&ProfileName>, error: Error) -> Error {
    let is_allowed = args.pinned_by.is_none() || name.is_some();
    // a program that gets access tokens only goes on with them
    if Inside::here().is_some() {
        return fail(args, error);
    }
    if error.kind() == Kind::Usage || args.unset || !is_allowed || !app.is_set_up() {
        return fail(args, error);
    }
    let text = |missing: &Path| {
        let set = VariableSet { guard: !args.no_guard, gcloud: false };
        format::failing(dialect(args), &variables::without_credential(&app.paths, name, missing, set))
    };
    // a path that this shell's language can't express is replaced by one that it can
    match text(&stub::write(&app.paths, &error)).or_else(|_| text(&stub::nowhere(&error))) {
        Ok(text) => error.with_stdout(text),
        Err(_) => fail(args, error),
    }
}

/// The profile that is meant: a `.bqcred` file's only if the user allowed that.
fn named(args: &Env, app: &App) -> Result<ProfileName> {
    match &args.pinned_by {
        Some(file) => Pin::read(file)?.allowed(&app.paths),
        None => app.profile_name(),
    }
}

fn changes(args: &Env, app: &App, name: Result<ProfileName>) -> Result<Vec<Change>> {
    let set = VariableSet { guard: !args.no_guard, gcloud: args.gcloud };
    if args.unset {
        if let Some(inside) = Inside::here() {
            ui::note(&inside.left_by_unset());
        }
        let set = VariableSet { gcloud: args.gcloud || variables::has_our_gcloud(&app.paths), ..set };
        return Ok(variables::unset(set));
    }
    let (name, profile) = app.stored_profile(name?)?;
    let ready = ready::for_programs(app, name, profile)?;
    let mut changes = ready.variables(set);
    if let Some(about_r) = ready.about_r(app) {
        ui::note(&about_r);
    }
    ui::show(ready.notes);
    let (name, profile) = (&ready.name, &ready.profile);
    if args.format.is_none() {
        changes = variables::replace(&app.paths, name, changes);
    }
    if args.gcloud
        && let Some(warning) = doctor::bigqueryrc_warning(app)
    {
        ui::note(&warning);
    }
    if args.no_guard && profile.acting_as.is_some() {
        ui::note("without the guard, R uses the service account of the VM");
    }
    let has_project = profile.project.is_some() || env::text(variables::PROJECT).is_some();
    if !has_project {
        ui::note(&format!(
            "profile {name} has no project, which the Python libraries need: `{}`",
            app.project_command(name)
        ));
    }
    Ok(changes)
}
