//! `bqcred kernel uninstall`: restores the kernelspecs that bqcred changed.

use crate::app::App;
use crate::cli::KernelUninstall;
use crate::credential::profile_name::ProfileName;
use crate::jupyter::changes::restart;
use crate::jupyter::changes::undo::{self, ChangedKernel};
use crate::jupyter::locate::machine::Machine;
use crate::output::error::{Error, Kind, Result};
use crate::output::ui::{self, Output};

use super::show_errors;

pub(crate) fn run(args: &KernelUninstall, app: &App) -> Result<Output> {
    let profile = app.asked_profile()?;
    let machine = Machine::here(&app.paths.home);
    let (mut kernels, notes) = undo::changed_kernels(&app.paths, &machine)?;
    ui::show(notes);
    kernels.retain(|kernel| is_meant(args, profile.as_ref(), kernel));

    let plan = undo::plan(kernels);
    if args.dry_run {
        let code = show_errors(&plan.errors);
        return Ok(Output::for_people(&plan.describe()).with_code(code));
    }
    let is_empty = plan.is_empty();
    let report = undo::apply(plan, &app.paths);
    ui::show(report.notes);
    if is_empty {
        return nothing_to_undo(args);
    }
    ui::show(restart::after_undo(&machine.running_kernels()));
    Ok(Output::none().with_code(show_errors(&report.errors)))
}

fn is_meant(args: &KernelUninstall, profile: Option<&ProfileName>, kernel: &ChangedKernel) -> bool {
    let is_named = args.kernels.iter().any(|name| name.eq_ignore_ascii_case(&kernel.name));
    (args.kernels.is_empty() || is_named) && profile.is_none_or(|profile| kernel.profile == profile.as_str())
}

fn nothing_to_undo(args: &KernelUninstall) -> Result<Output> {
    match args.kernels.first() {
        Some(name) => Err(Error::new(Kind::Missing, format!("bqcred changed no kernel {name:?}"))
            .hint("`bqcred kernel list`")),
        None => {
            ui::note("no kernel uses bqcred; there is nothing to undo");
            Ok(Output::none())
        }
    }
}
