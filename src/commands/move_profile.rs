//! `bqcred move`: move a profile's secret between file and keyring.

use crate::app::App;
use crate::cli::Move;
use crate::credential::profile::StoreKind;
use crate::handover::broker::inside::Inside;
use crate::handover::parent_shell;
use crate::jupyter::changes::undo;
use crate::jupyter::locate::machine::Machine;
use crate::lifecycle::unfinished;
use crate::output::error::Result;
use crate::output::ui::{self, Output};
use crate::store::relocate;
use crate::system::private_file::Lock;

pub(crate) fn run(args: &Move, app: &App) -> Result<Output> {
    let (name, _) = app.stored_profile(app.profile_name()?)?;
    let to = args.store.kind();
    ui::show(unfinished::resolve(app, &name)?);
    let lock = Lock::acquire(&app.paths.profile_lock(&name))?;
    let (name, mut profile) = app.stored_profile(name)?; // as it is under the lock
    let from = profile.store;
    ui::show(relocate::relocate(&lock, &app.paths, &name, &mut profile, to)?);
    if from == to {
        ui::note(&format!("profile {name} is in the {to} already"));
        return Ok(Output::none());
    }
    ui::note(&format!("profile {name} is now in the {to}, and no longer in the {from}"));
    let env = parent_shell::line(&app.command("env", &name));
    ui::note(&match to {
        StoreKind::File => {
            format!("it is a plain-text file that only you can read: {}", app.paths.adc(&name).display())
        }
        StoreKind::Keyring => {
            format!("`{} -- PROGRAM` hands it over with no file at all", app.command("exec", &name))
        }
    });
    match Inside::here() {
        Some(_) => ui::note("shells that have its old path need the new one; this program goes on as it is"),
        None => ui::note(&format!("shells that have its old path need the new one: {env}")),
    }
    let machine = Machine::here(&app.paths.home);
    let (kernels, notes) = undo::kernels_of_profile(&app.paths, &machine, &name).unwrap_or_default();
    ui::show(notes);
    if to == StoreKind::Keyring && kernels.iter().any(|kernel| !kernel.exec) {
        let install = app.command("kernel install", &name);
        ui::note(&format!("so do Jupyter kernels: `{install} --exec`"));
    }
    Ok(Output::none())
}
