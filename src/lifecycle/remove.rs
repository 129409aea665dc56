//! Removing a profile from this machine. Nothing is sent to any server.

use crate::app::App;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::credential::settings::Settings;
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::store::Store;
use crate::system::private_file::{self, Lock};

/// What removing a profile came to.
pub(crate) struct Removed {
    /// Whether there was a credential.
    pub(crate) had_credential: bool,
    /// What the user should know of it.
    pub(crate) notes: Notes,
}

/// Removes a profile: its credential, what is known about it, and a sign-in that waits for it.
pub(crate) fn remove(app: &App, name: &ProfileName, profile: &Profile) -> Result<Removed> {
    let lock = Lock::acquire(&app.paths.profile_lock(name))?;
    remove_locked(app, &lock, name, profile)
}

/// The same, unless a credential with another fingerprint has taken its place meanwhile; then nothing is
/// removed, and this gives `None`.
pub(crate) fn remove_credential(
    app: &App,
    name: &ProfileName,
    profile: &Profile,
    fingerprint: &str,
) -> Result<Option<Removed>> {
    let lock = Lock::acquire(&app.paths.profile_lock(name))?;
    let store = as_it_is_now(app, name, profile).store;
    let stored = Store::of(store, &app.paths).load(name)?;
    if stored.is_some_and(|stored| stored.fingerprint() != fingerprint) {
        return Ok(None);
    }
    remove_locked(app, &lock, name, profile).map(Some)
}

/// It may have been moved to the other store since `profile` was read.
fn as_it_is_now(app: &App, name: &ProfileName, profile: &Profile) -> Profile {
    app.known_profile(name).ok().flatten().unwrap_or_else(|| profile.clone())
}

fn remove_locked(app: &App, lock: &Lock, name: &ProfileName, profile: &Profile) -> Result<Removed> {
    let profile = as_it_is_now(app, name, profile);
    let (had_credential, mut notes) = Store::of(profile.store, &app.paths).delete(lock, name)?;
    if let Some(other) = profile.leftover {
        notes.append(Store::of(other, &app.paths).delete(lock, name)?.1);
    }
    private_file::remove(&app.paths.pending_login(name))?;
    notes.append(Profile::remove(lock, &app.paths, name)?);
    notes.append(remove_folder(app, name)?);
    Ok(Removed { had_credential, notes })
}

/// Removes the folder if no file of the user's is left in it.
fn remove_folder(app: &App, name: &ProfileName) -> Result<Notes> {
    let folder = app.paths.profile(name);
    let mut notes = Notes::none();
    match std::fs::remove_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => {
            notes.add(format!("other files are left in {}", folder.display()));
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::file(&folder, "remove", &error));
        }
        _ => {}
    }
    Ok(notes)
}

/// Takes a removed profile out of the settings, where it may be the current one. What fails here comes after the
/// secret is gone, so callers report that first.
pub(crate) fn clear_default(app: &App, name: &ProfileName) -> Result<()> {
    let is_current = |settings: &Settings| settings.profile.as_deref() == Some(name.as_str());
    let cleared = match Settings::load(&app.paths) {
        Ok(settings) if !is_current(&settings) => Ok(()),
        Ok(_) => Settings::change(&app.paths, |settings| settings.profile = None),
        Err(error) => Err(error),
    };
    cleared.map_err(|error| {
        let hint = error.hint_text().map_or_else(String::new, |hint| format!("{hint}\n"));
        Error::new(
            error.kind(),
            format!("profile {name} is removed, but may still be the current one: {}", error.what()),
        )
        .hint(format!("{hint}`bqcred use NAME` sets another"))
    })
}
