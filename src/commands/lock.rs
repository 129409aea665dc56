//! `bqcred lock`: removes the session files of keyring profiles.

use crate::app::App;
use crate::cli;
use crate::credential::profile;
use crate::handover::supervised;
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};
use crate::store::session;

pub(crate) fn run(args: &cli::Lock, app: &App) -> Result<Output> {
    let names = match app.asked_profile()? {
        Some(_) if args.all => {
            return Err(Error::usage("--all can't be used together with --profile"));
        }
        Some(name) => vec![name],
        None => session::names(&app.paths),
    };
    let mut removed = Vec::new();
    for name in &names {
        if session::remove(&app.paths, name)? {
            removed.push(name.as_str());
        }
    }
    // a mistyped name must not look like success
    if let (Some(name), true) = (app.asked_profile()?, removed.is_empty())
        && app.known_profile(&name).is_ok_and(|known| known.is_none())
    {
        return Err(profile::missing(&app.paths, &name));
    }
    supervised::sweep(&app.paths)?;
    ui::note(&match removed.as_slice() {
        [] => "no session file to remove".to_owned(),
        names => format!(
            "session files removed: {}; programs that use them fail until `bqcred env` runs again",
            names.join(", ")
        ),
    });
    Ok(Output::none())
}
