//! `bqcred kernel sync`: makes the kernels again what they were installed as.

use crate::app::App;
use crate::cli::KernelSync;
use crate::jupyter::changes::record::Record;
use crate::jupyter::changes::{restart, sync};
use crate::jupyter::locate::machine::Machine;
use crate::output::error::Result;
use crate::output::ui::{self, Output};

use super::show_errors;

pub(crate) fn run(args: &KernelSync, app: &App) -> Result<Output> {
    let (record, notes) = Record::load_or_set_aside(&app.paths)?;
    ui::show(notes);
    let machine = Machine::here(&app.paths.home);
    let mut plan = sync::plan(app, &record, &machine.servers().inherited(&app.paths));
    plan.credentials.drain(..).for_each(ui::show);
    if args.dry_run {
        let code = show_errors(&plan.errors);
        return Ok(Output::for_people(&plan.describe()).with_code(code));
    }
    let report = sync::apply(plan, &app.paths);
    ui::show(report.notes);
    if record.kernels.is_empty() {
        ui::note("no kernel uses bqcred yet: `bqcred kernel install`");
    }
    if !report.changed.is_empty() {
        ui::show(restart::after_sync(&report.changed, &machine.running_kernels()));
    }
    Ok(Output::none().with_code(show_errors(&report.errors)))
}
