//! `bqcred kernel uninstall`: takes bqcred's changes out of kernelspecs.

use crate::app::App;
use crate::cli::KernelUninstall;
use crate::credential::profile_name::ProfileName;
use crate::jupyter::locate::machine::Here;
use crate::jupyter::changes::undo::{self, Changed};
use crate::output::error::{Error, Kind, Result};
use crate::output::ui::{self, Output};

pub(crate) fn run(args: &KernelUninstall, app: &App) -> Result<Output> {
    let here = Here::new(app);
    let profile = app.asked_profile()?;
    let mut lines = String::new();
    let mut failed = None;
    for changed in undo::changed(app, &here)? {
        if !is_meant(args, profile.as_ref(), &changed) {
            continue;
        }
        match undo::undo(app, &changed, args.dry_run) {
            Ok(line) => lines += &line.unwrap_or_default(),
            // one that can't be undone must not keep the others from it
            Err(error) => {
                if let Some(earlier) = failed.replace(error) {
                    ui::fail(&earlier);
                }
            }
        }
    }
    if args.dry_run {
        return failed.map_or(Ok(Output::for_people(&lines)), Err);
    }
    ui::tell(&lines);
    if let Some(error) = failed {
        return Err(error);
    }
    if lines.is_empty() {
        return nothing(args);
    }
    undo::tell_what_to_click(&here);
    Ok(Output::none())
}

fn is_meant(args: &KernelUninstall, profile: Option<&ProfileName>, changed: &Changed) -> bool {
    let named =
        args.kernel.is_empty() || args.kernel.iter().any(|name| name.eq_ignore_ascii_case(&changed.kernel));
    named && profile.is_none_or(|profile| changed.profile == profile.as_str())
}

fn nothing(args: &KernelUninstall) -> Result<Output> {
    match args.kernel.first() {
        Some(name) => Err(Error::new(Kind::Missing, format!("bqcred changed no kernel {name:?}"))
            .hint("`bqcred kernel list`")),
        None => {
            ui::note("no kernel was changed by bqcred; there is nothing to put back");
            Ok(Output::none())
        }
    }
}
