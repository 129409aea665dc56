//! Changes to what is known of a profile whose credential stays.

use crate::app::{App, Loaded};
use crate::credential::profile::StoreKind;
use crate::credential::profile_name::ProfileName;
use crate::lifecycle::unfinished;
use crate::output::error::Result;
use crate::output::notes::Notes;
use crate::store::Store;
use crate::system::private_file::Lock;

/// Keeps what the server said of a credential's account and scopes, so that every command knows it.
pub(crate) fn save_identity(app: &App, loaded: &Loaded) -> Result<Notes> {
    let lock = Lock::acquire(&app.paths.profile_lock(&loaded.name))?;
    let (name, mut profile) = app.stored_profile(loaded.name.clone())?;
    if profile.fingerprint != loaded.profile.fingerprint {
        return Ok(Notes::none());
    }
    profile.account.clone_from(&loaded.profile.account);
    profile.account_confirmed = loaded.profile.account_confirmed;
    profile.scopes.clone_from(&loaded.profile.scopes);
    let mut notes = Notes::none();
    let named = &loaded.credential.account;
    if let Some(account) = &profile.account
        && !named.is_empty()
        && !named.eq_ignore_ascii_case(account)
    {
        let mut credential = loaded.credential.clone();
        credential.account.clone_from(account);
        notes.append(Store::of_profile(&profile, &app.paths).save(&lock, &name, &credential)?);
    }
    notes.append(profile.save(&lock, &app.paths, &name)?);
    Ok(notes)
}

/// Gives a profile another project.
pub(crate) fn set_project(app: &App, name: &ProfileName, project: &str) -> Result<Notes> {
    let mut notes = unfinished::resolve(app, name)?;
    let lock = Lock::acquire(&app.paths.profile_lock(name))?;
    let (_, mut profile) = app.stored_profile(name.clone())?;
    if profile.store == StoreKind::File
        && let Some(credential) = Store::of_profile(&profile, &app.paths).load(name)?
    {
        profile.match_to(&app.paths, name, &credential);
    }
    profile.project = Some(project.to_owned());
    notes.append(profile.save(&lock, &app.paths, name)?);
    Ok(notes)
}
