//! `bqcred use`: the profile that is meant where none is named.

use crate::app::App;
use crate::cli::Use;
use crate::error::Result;
use crate::parent_shell;
use crate::process_env;
use crate::profile;
use crate::profile_name::ProfileName;
use crate::settings::Settings;
use crate::ui::{self, Output};

pub(crate) fn run(args: &Use, app: &App) -> Result<Output> {
    let name = ProfileName::parse(&args.name)?;
    let profile = app.known_profile(&name)?.ok_or_else(|| profile::missing(&app.paths, &name))?;
    Settings::change(&app.paths, |settings| settings.profile = Some(name.to_string()))?;
    ui::note(&format!("the current profile is {name} ({})", profile.account_or_unknown()));
    if process_env::get("BQCRED_PROFILE")
        .is_some_and(|earlier| !earlier.is_empty() && earlier != name.as_str())
    {
        let line = parent_shell::line(&format!("bqcred env --profile {name}"));
        ui::note(&format!("this shell still has BQCRED_PROFILE set: {line}"));
    }
    Ok(Output::none())
}
