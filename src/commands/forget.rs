//! `bqcred forget`: removes a profile from this machine, and nothing else.

use crate::app::App;
use crate::cli::Forget;
use crate::error::{Error, Result};
use crate::login::pending;
use crate::private_file::{self, Lock};
use crate::profile::{Profile, ProfileName};
use crate::settings::Settings;
use crate::store::Store;
use crate::ui::{self, Output};

pub(crate) fn run(_args: &Forget, app: &App) -> Result<Output> {
    let (name, profile) = named(app)?;
    let lock = Lock::acquire(&app.paths.profile_lock(&name))?;
    let had_credential = Store::of(profile.store, &app.paths).delete(&lock, &name)?;
    if let Some(other) = profile.leftover {
        Store::of(other, &app.paths).delete(&lock, &name)?;
    }
    pending::forget(app, &name)?;
    private_file::remove(&app.paths.profile_settings(&name))?;
    remove_folder(app, &name)?;
    if app.chosen_profile().is_ok_and(|chosen| chosen == name) {
        Settings::change(&app.paths, |settings| settings.profile = None)?;
    }
    ui::note(&format!("profile {name} is forgotten here"));
    if had_credential && profile.ended.is_none() {
        ui::note(&format!(
            "nothing was revoked: {} can end the grant at https://myaccount.google.com/connections",
            profile.account_or_unknown()
        ));
    }
    Ok(Output::none())
}

/// The profile that is meant, even if what is known about it can't be read: it is to go.
fn named(app: &App) -> Result<(ProfileName, Profile)> {
    match app.profile() {
        Ok(found) => Ok(found),
        Err(error) if error.kind() == crate::error::Kind::Store => {
            let name = app.profile_name()?;
            if app.paths.profile(&name).is_symlink() {
                return Err(error);
            }
            Ok((name, Profile::default()))
        }
        Err(error) => Err(error),
    }
}

/// Removes the folder if nothing of the person's is left in it.
fn remove_folder(app: &App, name: &ProfileName) -> Result<()> {
    let folder = app.paths.profile(name);
    match std::fs::remove_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => {
            ui::note(&format!("other files are left in {}", folder.display()));
            Ok(())
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::file(&folder, "remove", &error))
        }
        _ => Ok(()),
    }
}
