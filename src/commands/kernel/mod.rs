//! `bqcred kernel`: Jupyter kernels that use a profile.

mod install;
mod list;
mod sync;
mod uninstall;

use crate::app::App;
use crate::cli::Kernel;
use crate::output::error::Result;
use crate::output::ui::Output;

pub(crate) fn run(args: &Kernel, app: &App) -> Result<Output> {
    match args {
        Kernel::List(args) => list::run(args, app),
        Kernel::Install(args) => install::run(args, app),
        Kernel::Uninstall(args) => uninstall::run(args, app),
        Kernel::Sync(args) => sync::run(args, app),
        Kernel::Snippet(args) => super::snippet::run(args, app),
    }
}
