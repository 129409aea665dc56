//! `bqcred use`: sets the current profile.

use crate::app::App;
use crate::cli::Use;
use crate::credential::profile::{self, check_project};
use crate::credential::profile_name::ProfileName;
use crate::credential::settings::Settings;
use crate::handover::broker::inside::Inside;
use crate::handover::parent_shell;
use crate::handover::variables;
use crate::jupyter::changes::record::Record;
use crate::lifecycle::change;
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};
use crate::system::notebook::{self, Language};
use crate::system::{env, terminal};

pub(crate) fn run(args: &Use, app: &App) -> Result<Output> {
    let name = if args.name == "-" { previous(app)? } else { ProfileName::parse(&args.name)? };
    args.project.as_deref().map_or(Ok(()), check_project)?;
    let profile = app.known_profile(&name)?.ok_or_else(|| profile::missing(&app.paths, &name))?;
    Settings::check_changeable(&app.paths)?;
    if let Some(project) = &args.project {
        ui::show(change::set_project(app, &name, project)?);
        ui::note(&format!("the project of profile {name} is {project}"));
        if Record::load(&app.paths).is_ok_and(|record| record.uses(&name)) {
            ui::note("`bqcred kernel sync` passes it to the Jupyter kernels");
        }
    }
    Settings::change(&app.paths, |settings| {
        let now =
            settings.profile.replace(name.to_string()).unwrap_or_else(|| ProfileName::default().to_string());
        if now != name.as_str() {
            settings.previous = Some(now);
        }
    })?;
    ui::note(&format!("the current profile is {name} ({})", profile.who()));
    if let Some(problem) = app.problem(&name, &profile).filter(|_| profile.condition.is_interrupted()) {
        ui::note(&problem);
    }
    // a program that gets access tokens only goes on with what it was started with
    let inside = Inside::here();
    if let Some(why) = inside.as_ref().and_then(|inside| inside.keeps(app, &name, &profile)) {
        ui::note(&why);
        return Ok(Output::none());
    }
    let is_notebook = terminal::in_notebook();
    let here = if is_notebook { "this notebook" } else { "this shell" };
    let line = || match &inside {
        Some(inside) if is_notebook => inside.start_again(),
        None if is_notebook => format!("`{}` prints a cell that changes it", cell(&name)),
        _ => parent_shell::line(&format!("bqcred env --profile {name}")),
    };
    match env::get(variables::PROFILE).filter(|earlier| !earlier.is_empty()) {
        Some(earlier) if earlier != name.as_str() => {
            ui::note(&format!("{here} still has BQCRED_PROFILE set: {}", line()));
        }
        Some(_) if args.project.is_some() && !has_project(args) => {
            let project = if env::text(variables::PROJECT).is_some() { "another" } else { "no" };
            ui::note(&format!("{here} still has {project} project: {}", line()));
        }
        _ => {}
    }
    Ok(Output::none())
}

/// The command that prints a cell which makes a notebook use the profile.
fn cell(name: &ProfileName) -> String {
    let language = if notebook::language() == Some(Language::R) { "r" } else { "python" };
    format!("bqcred snippet {language} --profile {name}")
}

/// The profile that was the current one before.
fn previous(app: &App) -> Result<ProfileName> {
    match Settings::load(&app.paths)?.previous {
        Some(name) => ProfileName::parse(&name),
        None => {
            Err(Error::usage("`bqcred use` has not changed the current profile yet, so there is none before")
                .hint("`bqcred list` shows all profiles"))
        }
    }
}

/// Whether programs started here get this project already.
fn has_project(args: &Use) -> bool {
    env::get(variables::PROJECT).is_some_and(|set| args.project.as_deref() == set.to_str())
}
