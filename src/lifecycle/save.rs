//! Saving a credential: the one way in which a profile gets one, whoever brings it.

use crate::app::App;
use crate::credential::client;
use crate::credential::new_credential::NewCredential;
use crate::credential::profile::{Condition, Profile, StoreKind};
use crate::credential::profile_id::ProfileId;
use crate::credential::profile_name::ProfileName;
use crate::credential::state::{CredentialState, StateRecord};
use crate::handover::broker::inside::Inside;
use crate::handover::parent_shell;
use crate::login::SignedIn;
use crate::oauth::scopes;
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::store::{Store, items, relocate};
use crate::system::clock::Time;
use crate::system::effects;
use crate::system::private_file::Lock;
use crate::system::terminal;

/// What a profile is now.
pub(crate) struct Saved {
    /// What is known of it.
    pub(crate) profile: Profile,
    /// What the user should know of it.
    pub(crate) notes: Notes,
}

/// Saves what a sign-in brought, for the other profiles that it is for as well.
pub(crate) fn save_sign_in(app: &App, name: &ProfileName, signed_in: SignedIn) -> Result<Saved> {
    let SignedIn { new, siblings, mut notes } = signed_in;
    let saved = save(app, name, new.clone()).map_err(|error| signed_in_for_nothing(app, name, &error))?;
    notes.append(saved.notes);
    notes.append(update_siblings(app, name, &siblings, &new));
    Ok(Saved { notes, ..saved })
}

/// The user has signed in for nothing, and has to know that Google counts it.
fn signed_in_for_nothing(app: &App, name: &ProfileName, error: &Error) -> Error {
    let what = format!("you signed in, but the credential could not be saved: {}", error.what());
    let failed = Error::new(error.kind(), what);
    let failed = error.hint_text().into_iter().fold(failed, Error::hint);
    failed.then(format!("then sign in again: `{}`", app.login_command(name)))
}

/// Saves the credential under this name. What is known about it is written ahead, then the secret, then what is
/// known: at each point of a crash there is a credential with what belongs to it.
pub(crate) fn save(app: &App, name: &ProfileName, mut new: NewCredential) -> Result<Saved> {
    let lock = Lock::acquire(&app.paths.profile_lock(name))?;
    let before = before(app, name)?;
    let mut notes = Notes::none();
    let id = id(app, name, before.as_ref(), new.store)?;
    let mut profile = described(before.clone(), id, &mut new, Time::now());
    profile.write_ahead(&lock, &app.paths, name)?;
    if let Some(old) = before.as_ref().filter(|old| old.store != new.store) {
        // should this end half-way, it is known that a copy may be in the other store
        let mut half = Profile { leftover: Some(new.store), id: profile.id.clone(), ..old.clone() };
        notes.append(half.save_before_credential(&lock, &app.paths, name)?);
    }
    notes.append(Store::of_profile(&profile, &app.paths).save(&lock, name, &new.credential)?);
    notes.append(profile.save(&lock, &app.paths, name)?);
    effects::saved();
    match relocate::clear_leftover(&lock, &app.paths, name, &mut profile) {
        Ok(cleared) => notes.append(cleared),
        Err(error) => {
            let other = profile.leftover.unwrap_or_default();
            notes.add(format!("the earlier credential is still in the {other}: {error}"));
        }
    }
    Ok(Saved { profile, notes })
}

/// What the profile was, by the credential in its file. The keyring isn't asked for one that is about to be replaced.
fn before(app: &App, name: &ProfileName) -> Result<Option<Profile>> {
    let mut before = match Profile::load_to_replace(&app.paths, name)? {
        None if app.paths.adc(name).symlink_metadata().is_ok() => Some(Profile::default()),
        known => known,
    };
    if let Some(profile) = before.as_mut().filter(|profile| profile.store == StoreKind::File)
        && let Ok(Some(credential)) = Store::of_profile(profile, &app.paths).load(name)
    {
        profile.match_to(&app.paths, name, &credential);
    }
    Ok(before)
}

/// The id that the profile has, or gets. Where its own file doesn't say it (damaged, or a sign-in that was interrupted),
/// what was written ahead or the keyring may.
fn id(app: &App, name: &ProfileName, before: Option<&Profile>, store: StoreKind) -> Result<ProfileId> {
    let written = before.and_then(|before| before.id.clone());
    let ahead = || Profile::load_ahead(&app.paths, name).and_then(|ahead| ahead.id);
    if let Some(id) = written.or_else(ahead) {
        return Ok(id);
    }
    let of_item = match store {
        StoreKind::Keyring => items::id_of(&app.paths, name)?,
        StoreKind::File => None,
    };
    Ok(of_item.unwrap_or_else(ProfileId::random))
}

/// What is known of a new credential, and what stays of the profile that it is saved under. The credential gets
/// the account that the server named and the profile's quota project. A sign-in brings a new grant of the user's: the
/// service account that the profile acts as stays, as its project does. An import says itself whom it acts as.
fn described(before: Option<Profile>, id: ProfileId, new: &mut NewCredential, now: Time) -> Profile {
    let moved = before.as_ref().is_some_and(|before| before.store != new.store);
    let old = before.unwrap_or_default();
    let quota_project = new.quota_project.take().or(old.quota_project);
    new.credential.quota_project_id.clone_from(&quota_project);
    if new.signed_in.is_some() {
        new.credential.act_as(old.acting_as.as_ref());
    }
    let state_record = match new.identity.is_some() {
        true => StateRecord::new(CredentialState::Valid, now),
        false => StateRecord::default(),
    };
    let identity = new.identity.take().unwrap_or_default();
    let confirmed = identity.email.is_some();
    if let Some(email) = identity.email {
        new.credential.account = email;
    }
    let same_client = old.client_id.as_ref() == Some(&new.credential.client_id);
    let earlier_tokens = if same_client { old.refresh_tokens } else { 0 };
    Profile {
        id: Some(id),
        condition: Condition::Settled,
        account: Some(new.credential.account.clone()).filter(|account| !account.is_empty()),
        acting_as: new.credential.acting_as().cloned(),
        account_confirmed: confirmed,
        sub: identity.sub,
        scopes: std::mem::take(&mut new.scopes),
        refused_scopes: std::mem::take(&mut new.refused_scopes),
        project: new.project.take().or(old.project),
        quota_project,
        store: new.store,
        leftover: if moved { Some(old.store) } else { old.leftover },
        client_id: Some(new.credential.client_id.clone()),
        endpoints: new.endpoints.take(),
        distrusted: false,
        fingerprint: Some(new.credential.fingerprint()),
        origin: Some(new.origin),
        signed_in: new.signed_in,
        refresh_token_expires: new.refresh_token_expires,
        last_refreshed: Some(now).filter(|_| confirmed),
        refresh_tokens: earlier_tokens.saturating_add(u32::from(new.signed_in.is_some())),
        state_record,
        rotation: None,
        unknown: old.unknown,
    }
}

/// Gives these profiles, whose credential a rotation of `rotated` has revoked, the new one as well. One that was signed
/// in again meanwhile keeps what it has.
fn update_siblings(app: &App, rotated: &ProfileName, names: &[ProfileName], new: &NewCredential) -> Notes {
    let waits =
        |profile: &Profile| profile.rotation.as_ref().is_some_and(|by| by.of.as_ref() == Some(rotated));
    let mut notes = Notes::none();
    for name in names {
        let profile = match Profile::load(&app.paths, name) {
            Ok(Some(profile)) if waits(&profile) => profile,
            Ok(_) => {
                notes.add(format!("profile {name} was changed meanwhile, and is left as it is"));
                continue;
            }
            Err(error) => {
                notes.add(format!("profile {name} did not get the new credential: {error}"));
                continue;
            }
        };
        let mut new =
            NewCredential { project: None, quota_project: None, store: profile.store, ..new.clone() };
        if !new.scopes.is_empty() {
            new.refused_scopes = scopes::not_granted(&profile.scopes_to_ask(), &new.scopes);
        }
        let without = match &new.refused_scopes[..] {
            [] => String::new(),
            lost => {
                format!(", without {}: `{}` asks for that", scopes::short_list(lost), app.login_command(name))
            }
        };
        match save(app, name, new) {
            Ok(saved) => {
                notes.append(saved.notes);
                notes.add(format!("profile {name} has the new credential as well{without}"));
            }
            Err(error) => notes.add(format!("profile {name} did not get the new credential: {error}")),
        }
    }
    notes
}

impl Saved {
    /// For people: who signed in.
    pub(crate) fn describe_sign_in(&self, app: &App, name: &ProfileName) -> Notes {
        let mut notes = Notes::none();
        notes.add(match &self.profile.account {
            Some(account) => match self.profile.acting_as_account() {
                Some(acting_as) => {
                    format!("signed in as {account}; profile {name} goes on acting as {acting_as}")
                }
                None => format!("signed in as {account} (profile {name})"),
            },
            None => format!(
                "signed in (profile {name}), but Google did not say as whom; `{}` asks again",
                app.command("status", name)
            ),
        });
        if self.profile.project.is_none() {
            notes.add(format!("no project is set, and Python needs one: `{}`", app.project_command(name)));
        }
        if self.profile.quota_project.is_none()
            && self.profile.client_id.as_deref().is_some_and(client::is_gclouds)
        {
            notes.add(format!(
                "under gcloud's client, Google's Python libraries warn if no quota project is set: `{} --quota-project \
                 PROJECT` sets one",
                app.login_command(name)
            ));
        }
        notes
    }
}

/// For people: the command by which programs get the credential that a profile has now. Who works in `exec --token-only`
/// is not led to the whole credential.
pub(crate) fn next_command(app: &App, name: &ProfileName, store: StoreKind) -> String {
    if let Some(inside) = Inside::here() {
        return next_inside(app, name, &inside);
    }
    if !terminal::in_notebook() {
        return format!("next: {}", parent_shell::line(&app.command("env", name)));
    }
    // a cell's shell ends with the cell: what it evaluates reaches nothing
    let exec = if store == StoreKind::Keyring { " --exec" } else { "" };
    format!("for all notebooks, from now on: `{}{exec}`", app.command("kernel install", name))
}

/// The same in `exec --token-only`: no more than the programs here get, or why they get nothing.
fn next_inside(app: &App, name: &ProfileName, inside: &Inside) -> String {
    let profile = app.known_profile(name).ok().flatten();
    if let Some(refusal) = profile.and_then(|profile| inside.refusal(app, name, &profile)) {
        return refusal.in_one_line();
    }
    let options = inside.options_for(&app.paths, name).join(" ");
    let unknown = inside.about().unknown_limits();
    match terminal::in_notebook() {
        true => {
            let install = app.command(&format!("kernel install {options}"), name);
            format!("for all notebooks, from now on: `{install}`{unknown}")
        }
        false => format!("next: {} -- PROGRAM{unknown}", app.command(&format!("exec {options}"), name)),
    }
}
