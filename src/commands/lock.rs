//! `bqcred lock`: takes back what `env` made readable of keyring profiles.

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
            return Err(Error::usage("--all locks every profile, --profile one: which is meant?"));
        }
        Some(name) => vec![name],
        None => session::names(&app.paths),
    };
    let mut locked = Vec::new();
    for name in &names {
        if session::remove(&app.paths, name)? {
            locked.push(name.as_str());
        }
    }
    // a slip of the keyboard must not pass for locked
    if let (Some(name), true) = (app.asked_profile()?, locked.is_empty())
        && app.known_profile(&name).is_ok_and(|known| known.is_none())
    {
        return Err(profile::missing(&app.paths, &name));
    }
    supervised::sweep(&app.paths)?;
    ui::note(&match locked.as_slice() {
        [] => "nothing was unlocked".to_owned(),
        names => format!(
            "locked: {}; what was started with it fails until `bqcred env` is run again",
            names.join(", ")
        ),
    });
    Ok(Output::none())
}
