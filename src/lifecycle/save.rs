//! Keeping a credential: the one way in which a profile comes by one, whoever brings it, and the one
//! in which it goes.

use crate::app::App;
use crate::credential::adc::AuthorizedUser;
use crate::credential::profile::{self, Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::credential::settings::Settings;
use crate::oauth::{Endpoints, Identity};
use crate::output::error::{Error, Result};
use crate::output::ui;
use crate::store::{Store, relocate};
use crate::system::clock::Time;
use crate::system::private_file::{self, Lock};

/// A credential and what came with it.
#[derive(Clone)]
pub(crate) struct Arrival {
    /// The credential.
    pub(crate) credential: AuthorizedUser,
    /// Whose it is, as the server said; `None` if it could not be asked.
    pub(crate) identity: Option<Identity>,
    /// What it may do, as far as it is known.
    pub(crate) scopes: Vec<String>,
    /// The project to use; `None` leaves the profile's as it is.
    pub(crate) project: Option<String>,
    /// The quota project to use; `None` leaves the profile's as it is.
    pub(crate) quota_project: Option<String>,
    /// Where to keep it.
    pub(crate) store: StoreKind,
    /// The server's addresses; `None` for Google's.
    pub(crate) endpoints: Option<Endpoints>,
    /// `login`, `gcloud` or `import`.
    pub(crate) origin: &'static str,
    /// When the person signed in, if that was now.
    pub(crate) signed_in: Option<Time>,
    /// When the refresh token ends, if the server said so.
    pub(crate) refresh_token_expires: Option<Time>,
}

/// What a profile was before and is now.
pub(crate) struct Kept {
    /// What was known before, if anything was.
    pub(crate) before: Option<Profile>,
    /// What is known now.
    pub(crate) profile: Profile,
}

/// Keeps the credential under this name. What is known about it is announced, then the secret is written,
/// then what is known: at each point of a crash there is a credential with what belongs to it.
pub(crate) fn keep(app: &App, name: &ProfileName, arrival: Arrival) -> Result<Kept> {
    let has_signed_in = arrival.signed_in.is_some();
    keep_quietly(app, name, arrival)
        .map_err(|error| if has_signed_in { not_kept(app, name, &error) } else { error })
}

/// Somebody went through a sign-in for nothing, and has to know that Google counts it.
fn not_kept(app: &App, name: &ProfileName, error: &Error) -> Error {
    let login = format!("then sign in again: `{}`", app.login_command(name));
    let hint = error.hint_text().map_or_else(|| login.clone(), |hint| format!("{hint}\n{login}"));
    Error::new(error.kind(), format!("you signed in, but the credential could not be kept: {}", error.what()))
        .hint(hint)
}

fn keep_quietly(app: &App, name: &ProfileName, mut arrival: Arrival) -> Result<Kept> {
    let lock = Lock::acquire(&app.paths.profile_lock(name))?;
    let before = match Profile::load_sound(&app.paths, name)? {
        None if app.paths.adc(name).symlink_metadata().is_ok() => Some(Profile::default()),
        known => known,
    };
    let old = before.clone().unwrap_or_default();
    let moved = before.as_ref().is_some_and(|before| before.store != arrival.store);
    if moved {
        // should this end half-way, it is known that a copy may lie in the other store
        let half = Profile { leftover: Some(arrival.store), ..old.clone() };
        half.save(&lock, &app.paths, name)?;
    }
    let quota_project = arrival.quota_project.or(old.quota_project);
    arrival.credential.quota_project_id.clone_from(&quota_project);
    let identity = arrival.identity.unwrap_or_default();
    let confirmed = identity.email.is_some();
    let same_client = old.client_id.as_ref() == Some(&arrival.credential.client_id);
    let new_tokens = u32::from(arrival.signed_in.is_some());
    if let Some(email) = &identity.email {
        arrival.credential.account.clone_from(email);
    }
    let mut profile = Profile {
        account: Some(arrival.credential.account.clone()).filter(|account| !account.is_empty()),
        account_confirmed: confirmed,
        sub: identity.sub,
        scopes: arrival.scopes,
        project: arrival.project.or(old.project),
        quota_project,
        store: arrival.store,
        leftover: if moved { Some(old.store) } else { old.leftover },
        client_id: Some(arrival.credential.client_id.clone()),
        endpoints: arrival.endpoints,
        fingerprint: Some(arrival.credential.fingerprint()),
        origin: Some(arrival.origin.to_owned()),
        signed_in: arrival.signed_in,
        refresh_token_expires: arrival.refresh_token_expires,
        last_refreshed: Some(Time::now()).filter(|_| confirmed),
        refresh_tokens: if same_client { old.refresh_tokens.saturating_add(new_tokens) } else { new_tokens },
        deaths: old.deaths,
        ended: None,
        unknown: old.unknown,
    };
    profile.announce(&lock, &app.paths, name)?;
    ui::show(Store::of(profile.store, &app.paths).save(&lock, name, &arrival.credential)?);
    profile.save(&lock, &app.paths, name)?;
    match relocate::clear_leftover(&lock, &app.paths, name, &mut profile) {
        Ok(notes) => ui::show(notes),
        Err(error) => ui::note(&format!("the earlier credential still lies in the {}: {error}", old.store)),
    }
    Ok(Kept { before, profile })
}

/// Gives these profiles, which a rotation has ended, the new credential as well. One that was logged in
/// anew meanwhile keeps what it has.
pub(crate) fn bring_along<'n>(
    app: &App,
    names: impl IntoIterator<Item = &'n ProfileName>,
    arrival: &Arrival,
) {
    for name in names {
        let profile = match Profile::load(&app.paths, name) {
            Ok(Some(profile)) if profile.ended.is_some() => profile,
            Ok(_) => {
                ui::note(&format!("profile {name} was changed meanwhile, and is left as it is"));
                continue;
            }
            Err(error) => {
                ui::note(&format!("profile {name} did not get the new credential: {error}"));
                continue;
            }
        };
        let arrival = Arrival { project: None, quota_project: None, store: profile.store, ..arrival.clone() };
        match keep(app, name, arrival) {
            Ok(_) => ui::note(&format!("profile {name} has the new credential as well")),
            Err(error) => ui::note(&format!("profile {name} did not get the new credential: {error}")),
        }
    }
}

/// Gives a profile another project.
pub(crate) fn set_project(app: &App, name: &ProfileName, project: &str) -> Result<()> {
    let lock = Lock::acquire(&app.paths.profile_lock(name))?;
    let mut profile = app.known_profile(name)?.ok_or_else(|| profile::missing(&app.paths, name))?;
    if profile.store == StoreKind::File
        && let Some(credential) = Store::of(profile.store, &app.paths).load(name)?
    {
        profile.settle(&app.paths, name, &credential);
    }
    profile.project = Some(project.to_owned());
    profile.save(&lock, &app.paths, name)
}

/// Removes a profile from this machine: its credential, what is known about it, and what waits for it.
/// Says whether there was a credential. `only` is the credential to remove: where another one has taken
/// its place meanwhile, nothing is.
pub(crate) fn discard(app: &App, name: &ProfileName, profile: &Profile, only: Option<&str>) -> Result<bool> {
    let lock = Lock::acquire(&app.paths.profile_lock(name))?;
    // it may have been moved to the other store since somebody looked
    let now = app.known_profile(name).ok().flatten();
    let profile = now.as_ref().unwrap_or(profile);
    let store = Store::of(profile.store, &app.paths);
    if let Some(fingerprint) = only
        && store.load(name)?.is_some_and(|stored| stored.fingerprint() != fingerprint)
    {
        return Ok(false);
    }
    let (had_credential, notes) = store.delete(&lock, name)?;
    ui::show(notes);
    if let Some(other) = profile.leftover {
        ui::show(Store::of(other, &app.paths).delete(&lock, name)?.1);
    }
    private_file::remove(&app.paths.pending_login(name))?;
    Profile::remove(&lock, &app.paths, name)?;
    remove_folder(app, name)?;
    Ok(had_credential)
}

/// Lets `bqcred use` mean a removed profile no longer. What fails here comes after the secret is gone, so
/// callers first tell of that.
pub(crate) fn unchoose(app: &App, name: &ProfileName) -> Result<()> {
    let is_chosen = |settings: &Settings| settings.profile.as_deref() == Some(name.as_str());
    let unchosen = match Settings::load(&app.paths) {
        Ok(settings) if !is_chosen(&settings) => Ok(()),
        Ok(_) => Settings::change(&app.paths, |settings| settings.profile = None),
        Err(error) => Err(error),
    };
    unchosen.map_err(|error| {
        let hint = error.hint_text().map_or_else(String::new, |hint| format!("{hint}\n"));
        Error::new(
            error.kind(),
            format!("profile {name} is removed, but may still be the one in use: {}", error.what()),
        )
        .hint(format!("{hint}`bqcred use NAME` chooses another"))
    })
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
