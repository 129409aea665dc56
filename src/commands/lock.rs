//! `bqcred lock`: removes the session files of keyring profiles.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::app::App;
use crate::cli;
use crate::credential::profile;
use crate::credential::profile_name::ProfileName;
use crate::handover::supervised;
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};
use crate::store::session;

pub(crate) fn run(args: &cli::Lock, app: &App) -> Result<Output> {
    let asked = app.asked_profile()?;
    if asked.is_some() && args.all {
        return Err(Error::usage("--all can't be used together with --profile"));
    }
    let found = session::all(&app.paths);
    let is_meant = |name: &ProfileName| asked.as_ref().is_none_or(|asked| asked == name);
    let meant: Vec<(ProfileName, PathBuf)> =
        found.own.into_iter().filter(|(name, _)| is_meant(name)).collect();
    let removed: BTreeSet<&str> = meant.iter().map(|(name, _)| name.as_str()).collect();
    let files: Vec<PathBuf> = meant.iter().map(|(_, file)| file.clone()).collect();
    session::remove_files(&app.paths, &files)?;
    for other in found.others.iter().filter(|_| asked.is_none()) {
        ui::note(&format!("{} is of another data folder, and is left as it is", other.display()));
    }
    // a mistyped name must not look like success
    if let (Some(name), true) = (&asked, removed.is_empty())
        && app.known_profile(name).is_ok_and(|known| known.is_none())
    {
        return Err(profile::missing(&app.paths, name));
    }
    supervised::sweep(&app.paths)?;
    let names: Vec<&str> = removed.into_iter().collect();
    ui::note(&match names.as_slice() {
        [] => "no session file to remove".to_owned(),
        names => format!(
            "session files removed: {}; programs that use them fail until `bqcred env` runs again",
            names.join(", ")
        ),
    });
    Ok(Output::none())
}
