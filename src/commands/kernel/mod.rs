//! `bqcred kernel`: Jupyter kernels that use a profile.

mod after_removal;
mod install;
mod list;
mod sync;
mod uninstall;

pub(in crate::commands) use after_removal::offer_undo;

use crate::app::App;
use crate::cli::KernelCommand;
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};

pub(crate) fn run(args: &KernelCommand, app: &App) -> Result<Output> {
    match args {
        KernelCommand::List(args) => list::run(args, app),
        KernelCommand::Install(args) => install::run(args, app),
        KernelCommand::Uninstall(args) => uninstall::run(args, app),
        KernelCommand::Sync(args) => sync::run(args, app),
    }
}

/// Shows what went wrong with single kernels. Gives the exit code that is due for it; 0 if nothing did.
fn show_errors(errors: &[Error]) -> u8 {
    errors.iter().map(ui::fail).max().unwrap_or(0)
}
