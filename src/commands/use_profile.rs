//! `bqcred use`: the profile that is meant where none is named.

use crate::app::App;
use crate::cli::Use;
use crate::environment;
use crate::error::Result;
use crate::keep;
use crate::kernels::record::Record;
use crate::login;
use crate::parent_shell;
use crate::process_env;
use crate::profile;
use crate::profile_name::ProfileName;
use crate::settings::Settings;
use crate::ui::{self, Output};

pub(crate) fn run(args: &Use, app: &App) -> Result<Output> {
    let name = ProfileName::parse(&args.name)?;
    args.project.as_deref().map_or(Ok(()), login::check_project)?;
    let profile = app.known_profile(&name)?.ok_or_else(|| profile::missing(&app.paths, &name))?;
    if let Some(project) = &args.project {
        keep::set_project(app, &name, project)?;
        ui::note(&format!("the project of profile {name} is {project}"));
        if Record::load(&app.paths).is_ok_and(|record| record.uses(&name)) {
            ui::note("its Jupyter kernels get it by `bqcred kernel sync`");
        }
    }
    Settings::change(&app.paths, |settings| settings.profile = Some(name.to_string()))?;
    ui::note(&format!("the current profile is {name} ({})", profile.account_or_unknown()));
    let line = || parent_shell::line(&format!("bqcred env --profile {name}"));
    match process_env::get(environment::PROFILE).filter(|earlier| !earlier.is_empty()) {
        Some(earlier) if earlier != name.as_str() => {
            ui::note(&format!("this shell still has BQCRED_PROFILE set: {}", line()));
        }
        Some(_) if args.project.is_some() && !has_project(args) => {
            ui::note(&format!("this shell still has another project: {}", line()));
        }
        _ => {}
    }
    Ok(Output::none())
}

/// Whether programs that are started here get the wanted project already.
fn has_project(args: &Use) -> bool {
    process_env::get(environment::PROJECT).is_some_and(|set| args.project.as_deref() == set.to_str())
}
