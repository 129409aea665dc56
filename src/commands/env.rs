//! `bqcred env`: runs in every shell start, so it reads three small files and asks nobody.

use std::path::PathBuf;

use crate::app::App;
use crate::cli::Env;
use crate::credential::pins::Pin;
use crate::credential::profile::{self, Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::handover::format::{self, Change, Dialect};
use crate::handover::parent_shell;
use crate::handover::variables::{self, Extent};
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};
use crate::store::session;
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

/// A failure that an `eval` notices.
pub(super) fn fail(args: &Env, error: Error) -> Error {
    if args.format.is_some() { error } else { error.with_stdout(dialect(args).failing()) }
}

fn changes(args: &Env, app: &App) -> Result<Vec<Change>> {
    let extent = Extent { guard: !args.no_guard, gcloud: args.gcloud };
    if args.unset {
        let extent = Extent { gcloud: args.gcloud || app.set_gcloud(), ..extent };
        return Ok(variables::unset(extent));
    }
    let (name, profile, adc) = readable(args, app)?;
    let (name, profile) = (&name, &profile);
    if let Some(reason) = profile.sign_in_reason() {
        ui::note(&format!("this credential {reason}: `{}`", app.login_command(name)));
    }
    let mut changes = variables::set(name, profile, &adc, extent);
    if args.format.is_none() && env::get(variables::PROFILE).is_some_and(|earlier| earlier != name.as_str()) {
        changes.extend(variables::leftovers(&changes, app.set_gcloud()));
    }
    let has_project = profile.project.is_some() || env::get(variables::PROJECT).is_some();
    if !has_project {
        ui::note(&format!(
            "profile {name} has no project, and Python needs one: `{}`",
            app.project_command(name)
        ));
    }
    Ok(changes)
}

/// The profile and the file that libraries read it from. A keyring profile gets one for this session;
/// while that is current, the keyring is left alone.
fn readable(args: &Env, app: &App) -> Result<(ProfileName, Profile, PathBuf)> {
    let (name, profile) = match &args.pinned_by {
        Some(file) => app.profile_named(Pin::read(file)?.allowed(&app.paths)?)?,
        None => app.profile()?,
    };
    if profile.store == StoreKind::File {
        let loaded = app.load_credential(name, profile)?;
        let adc = app.paths.adc(&loaded.name);
        return Ok((loaded.name, loaded.profile, adc));
    }
    let Some(file) = session::provide(&app.paths, &name, &profile)? else {
        return Err(profile::without_credential(&name, &profile, &app.login_command(&name)));
    };
    if file.new {
        ui::note(&format!(
            "profile {name} can now be read from memory, by you alone, as {}; `bqcred lock` ends that",
            file.path.display()
        ));
    }
    Ok((name, profile, file.path))
}
