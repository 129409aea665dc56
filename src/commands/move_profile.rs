//! `bqcred move`: puts a profile's secret in the other store.

use crate::app::App;
use crate::cli::Move;
use crate::credential::profile::StoreKind;
use crate::handover::parent_shell;
use crate::jupyter::changes::here::Here;
use crate::jupyter::changes::undo;
use crate::output::error::Result;
use crate::output::ui::{self, Output};
use crate::store::relocate;
use crate::system::private_file::Lock;

pub(crate) fn run(args: &Move, app: &App) -> Result<Output> {
    let (name, _) = app.profile()?;
    let to = args.store.kind();
    let lock = Lock::acquire(&app.paths.profile_lock(&name))?;
    let (_, mut profile) = app.profile()?; // as it is under the lock
    let from = profile.store;
    ui::show(relocate::relocate(&lock, &app.paths, &name, &mut profile, to)?);
    if from == to {
        ui::note(&format!("profile {name} lies in the {to} already"));
        return Ok(Output::none());
    }
    ui::note(&format!("profile {name} now lies in the {to}, and no longer in the {from}"));
    let env = parent_shell::line(&app.command("env", &name));
    ui::note(&match to {
        StoreKind::File => {
            format!("it is a plain file that only you can read: {}", app.paths.adc(&name).display())
        }
        StoreKind::Keyring => {
            format!("`{} -- PROGRAM` hands it over with no file at all", app.command("exec", &name))
        }
    });
    ui::note(&format!("shells that were given its old path need the new one: {env}"));
    let kernels = undo::of_profile(app, &Here::new(app), &name).unwrap_or_default();
    if to == StoreKind::Keyring && kernels.iter().any(|kernel| !kernel.exec) {
        let install = app.command("kernel install", &name);
        ui::note(&format!("Jupyter kernels that were given it, too: `{install} --exec`"));
    }
    Ok(Output::none())
}
