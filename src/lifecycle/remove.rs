//! Removing a profile from this machine. Nothing is sent to any server.

use crate::app::App;
use crate::credential::profile::{Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::credential::settings::Settings;
use crate::login::two_step;
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::store::{Store, items, session};
use crate::system::private_file::{self, Content, Lock};

/// What removing a profile came to.
pub(crate) struct Removed {
    /// Whether there was a credential.
    pub(crate) had_credential: bool,
    /// Whether its item in the keyring was left there.
    pub(crate) keeps_item: bool,
    /// What the user should know of it.
    pub(crate) notes: Notes,
}

/// What is to become of a profile's item in the keyring.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyringItem {
    /// It is removed with the profile, or nothing is.
    Remove,
    /// It stays: the keyring can't be reached.
    Keep,
}

/// Removes a profile: its credential, what is known about it, its session files, and a sign-in that waits for it. All
/// that could stand in the way is looked for before anything is removed.
pub(crate) fn remove(app: &App, name: &ProfileName, item: KeyringItem) -> Result<Removed> {
    let lock = Lock::acquire(&app.paths.profile_lock(name))?;
    let profile = removable(app, name, item).map_err(nothing_removed)?;
    remove_locked(app, &lock, name, profile, item)
}

/// The same, unless a credential with another fingerprint has taken its place meanwhile; then nothing is
/// removed, and this gives `None`.
pub(crate) fn remove_credential(app: &App, name: &ProfileName, fingerprint: &str) -> Result<Option<Removed>> {
    let lock = Lock::acquire(&app.paths.profile_lock(name))?;
    let profile = removable(app, name, KeyringItem::Remove).map_err(nothing_removed)?;
    let stored = Store::of_profile(&profile, &app.paths).load(name)?;
    if stored.is_some_and(|stored| stored.fingerprint() != fingerprint) {
        return Ok(None);
    }
    remove_locked(app, &lock, name, profile, KeyringItem::Remove).map(Some)
}

fn nothing_removed(error: Error) -> Error {
    let what = format!("{}; nothing was removed", error.what());
    error.hint_text().into_iter().fold(Error::new(error.kind(), what), Error::hint)
}

/// The profile, if everything of it can be removed. Invalid content is no obstacle, but what can't be read is.
fn removable(app: &App, name: &ProfileName, item: KeyringItem) -> Result<Profile> {
    let profile = match Profile::load_to_replace(&app.paths, name)? {
        Some(profile) => profile,
        None => without_file(app, name, item)?,
    };
    private_file::read(&app.paths.adc(name), Content::Foreign)?;
    let folder = app.paths.profile(name);
    if folder.exists() {
        private_file::check_changeable(&folder)?;
    }
    if item == KeyringItem::Remove && is_in_keyring(&profile) {
        keyring(app, &profile).check_removable(name)?;
    }
    Ok(profile)
}

/// A profile whose `profile.json` is missing or invalid: with no ADC file, the secret can only be in the keyring.
fn without_file(app: &App, name: &ProfileName, item: KeyringItem) -> Result<Profile> {
    let ahead = Profile::load_ahead(&app.paths, name).unwrap_or_default();
    if app.paths.adc(name).symlink_metadata().is_ok() {
        return Ok(Profile { store: StoreKind::File, id: ahead.id, ..Profile::default() });
    }
    let id = match (ahead.id, item) {
        (None, KeyringItem::Remove) => items::id_of(&app.paths, name)?,
        (known, _) => known,
    };
    Ok(Profile { store: StoreKind::Keyring, id, ..Profile::default() })
}

fn is_in_keyring(profile: &Profile) -> bool {
    profile.store == StoreKind::Keyring || profile.leftover == Some(StoreKind::Keyring)
}

fn keyring<'a>(app: &'a App, profile: &'a Profile) -> Store<'a> {
    Store::of(StoreKind::Keyring, profile.id.as_ref(), &app.paths)
}

/// In this order: after an interruption there is a profile with its credential, or without any, or an item of a profile
/// that is gone; never a profile that names somebody whose credential is gone.
fn remove_locked(
    app: &App,
    lock: &Lock,
    name: &ProfileName,
    mut profile: Profile,
    item: KeyringItem,
) -> Result<Removed> {
    two_step::discard(app, name)?;
    if let Some(id) = &profile.id {
        session::remove(&app.paths, name, id)?;
    }
    session::remove_files(&app.paths, &session::of_gone_profiles(&app.paths))?;
    let is_last = profile.store == StoreKind::Keyring;
    let removes_item = item == KeyringItem::Remove && is_in_keyring(&profile);
    let mut notes = Notes::none();
    if removes_item && !is_last {
        notes.append(keyring(app, &profile).delete(lock, name)?.1);
    }
    let (mut had_credential, removed) = Store::of(StoreKind::File, None, &app.paths).delete(lock, name)?;
    notes.append(removed);
    notes.append(Profile::remove(lock, &app.paths, name)?);
    if removes_item && is_last {
        match keyring(app, &profile).delete(lock, name) {
            Ok((was_there, removed)) => {
                had_credential = was_there;
                notes.append(removed);
            }
            Err(error) => {
                notes.append(profile.save(lock, &app.paths, name)?);
                return Err(nothing_removed(error));
            }
        }
    }
    let keeps_item = is_in_keyring(&profile) && !removes_item;
    had_credential |= keeps_item;
    notes.append(remove_folder(app, name)?);
    Ok(Removed { had_credential, keeps_item, notes })
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
