//! `bqcred env`: runs at every start of a shell, so it reads three small files, and uses no network.

use crate::app::App;
use crate::cli::Env;
use crate::credential::pins::Pin;
use crate::handover::format::{self, Change, Dialect};
use crate::handover::parent_shell;
use crate::handover::ready;
use crate::handover::variables::{self, VariableSet};
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};
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
    let (name, profile) = match &args.pinned_by {
        Some(file) => app.profile_named(Pin::read(file)?.allowed(&app.paths)?)?,
        None => app.profile()?,
    };
    let ready = ready::for_programs(app, name, profile)?;
    ui::show(ready.notes);
    let (name, profile) = (&ready.name, &ready.profile);
    let mut changes = variables::set(name, profile, &ready.adc, set);
    if args.format.is_none() {
        changes = variables::replace(&app.paths, name, changes);
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
