//! `bqcred env`: runs at every start of a shell, so it reads three small files, and uses no network.

use std::path::PathBuf;

use crate::app::App;
use crate::cli::Env;
use crate::credential::pins::Pin;
use crate::credential::profile::{self, Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::handover::format::{self, Change, Dialect};
use crate::handover::parent_shell;
use crate::handover::variables::{self, VariableSet};
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};
use crate::store::session::{self, Provided};
use crate::system::env;

pub(crate) fn run(args: &Env, app: &App) -> Result<Output> {
    if let Some(format) = args.format {
        return changes(args, app)
            .and_then(|changes| format::format(format.format(), &changes))
            .map(Output::bytes);
    }
    let dialect = dialect(args);
    changes(args, app)
        .and_then(|changes| format::shell(dialect, &changes))
        .map(Output::bytes)
        .map_err(|error| fail(args, error))
}

fn dialect(args: &Env) -> Dialect {
    args.shell.or_else(parent_shell::dialect).unwrap_or(Dialect::Posix)
}

/// The error with a failing statement on stdout, so that an `eval` fails too.
pub(super) fn fail(args: &Env, error: Error) -> Error {
    if args.format.is_some() { error } else { error.with_stdout(dialect(args).failing()) }
}

fn changes(args: &Env, app: &App) -> Result<Vec<Change>> {
    let set = VariableSet { guard: !args.no_guard, gcloud: args.gcloud };
    if args.unset {
        let set = VariableSet { gcloud: args.gcloud || variables::has_our_gcloud(&app.paths), ..set };
        return Ok(variables::unset(set));
    }
    let (name, profile, adc) = profile_and_file(args, app)?;
    let (name, profile) = (&name, &profile);
    if let Some(problem) = app.problem(name, profile) {
        ui::note(&problem);
    }
    let mut changes = variables::set(name, profile, &adc, set);
    if args.format.is_none() && env::get(variables::PROFILE).is_some_and(|earlier| earlier != name.as_str()) {
        changes.extend(variables::leftovers(&changes, variables::has_our_gcloud(&app.paths)));
    }
    let has_project = profile.project.is_some() || env::get(variables::PROJECT).is_some();
    if !has_project {
        ui::note(&format!(
            "profile {name} has no project, which the Python libraries need: `{}`",
            app.project_command(name)
        ));
    }
    Ok(changes)
}

/// The profile, and the file that libraries read its credential from. A keyring profile gets a session file;
/// while that is up to date, the keyring is not asked.
fn profile_and_file(args: &Env, app: &App) -> Result<(ProfileName, Profile, PathBuf)> {
    let (name, profile) = app.stored_profile(match &args.pinned_by {
        Some(file) => Pin::read(file)?.allowed(&app.paths)?,
        None => app.profile_name()?,
    })?;
    if profile.store == StoreKind::File {
        return file_profile(app, name, profile);
    }
    match session::provide(&app.paths, &name, &profile)? {
        Provided::NoCredential => {
            Err(profile::without_credential(&name, &profile, &app.login_command(&name)))
        }
        Provided::Moved => {
            let (name, profile) = app.stored_profile(name)?;
            file_profile(app, name, profile)
        }
        Provided::File(file) => {
            if file.is_new {
                ui::note(&format!(
                    "profile {name} now has a session file in memory, {}; `bqcred lock` removes it",
                    file.path.display()
                ));
            }
            Ok((name, file.profile, file.path))
        }
    }
}

fn file_profile(app: &App, name: ProfileName, profile: Profile) -> Result<(ProfileName, Profile, PathBuf)> {
    let loaded = app.load_credential(name, profile)?;
    let adc = app.paths.adc(&loaded.name);
    Ok((loaded.name, loaded.profile, adc))
}
