//! What `bqcred forget` and `bqcred revoke` do about the kernels of a profile that was removed.

use crate::app::App;
use crate::credential::profile_name::ProfileName;
use crate::jupyter::changes::{restart, undo};
use crate::jupyter::locate::machine::Machine;
use crate::output::ui;
use crate::system::terminal;

use super::show_errors;

/// Offers to restore the kernels that still use the profile. `yes` answers where no question is to be asked; where
/// none can be asked, the command is shown. A failure is shown and no more: the profile is removed, as it was asked.
pub(in crate::commands) fn offer_undo(app: &App, profile: &ProfileName, yes: bool) {
    let machine = Machine::here(&app.paths.home);
    let (kernels, notes) = undo::kernels_of_profile(&app.paths, &machine, profile).unwrap_or_default();
    ui::show(notes);
    if kernels.is_empty() {
        return;
    }
    ui::note("these kernels use the removed profile, and will fail:");
    for kernel in &kernels {
        ui::tell(&format!("  {} ({})\n", kernel.name, kernel.file.display()));
    }
    let can_ask = !terminal::in_notebook() && terminal::is_interactive();
    let agrees = || terminal::confirm("Restore them as they were?").unwrap_or(false);
    let is_wanted = yes || (can_ask && agrees());
    if !is_wanted {
        ui::note(&format!("`bqcred kernel uninstall --profile {profile}` restores them"));
        return;
    }
    let report = undo::apply(undo::plan(kernels), &app.paths);
    ui::show(report.notes);
    show_errors(&report.errors);
    ui::show(restart::after_undo(&machine.running_kernels()));
}
