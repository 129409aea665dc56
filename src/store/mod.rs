//! Where secrets are stored: one interface, two stores.

mod file;
mod keyring;
pub(crate) mod place;
pub(crate) mod relocate;
pub(crate) mod session;
mod session_record;

use crate::credential::adc::AuthorizedUser;
use crate::credential::paths::Paths;
use crate::credential::profile::{Profile, StoreKind};
use crate::credential::profile_id::ProfileId;
use crate::credential::profile_name::ProfileName;
use crate::output::error::Result;
use crate::output::notes::Notes;
use crate::system::private_file::Lock;

pub(crate) use file::FileStore;
pub(crate) use keyring::{KeyringStore, items};

use crate::credential::settings::Settings;
use crate::output::secret::Secret;
use crate::system::clock::Time;

/// An access token and its expiry.
#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    /// The token.
    pub(crate) token: Secret,
    /// When it expires, by this machine's clock.
    pub(crate) expires: Time,
}

/// A store for the secrets of profiles. A missing secret is a value; a store that can't be read is an error.
pub(crate) enum Store<'p> {
    /// Files that only this user can read.
    File(FileStore<'p>),
    /// The operating system's keyring.
    Keyring(KeyringStore<'p>),
}

impl<'p> Store<'p> {
    /// The store of this kind, for the profile with this id. A profile without an id has nothing in the keyring.
    pub(crate) fn of(kind: StoreKind, id: Option<&'p ProfileId>, paths: &'p Paths) -> Store<'p> {
        match kind {
            StoreKind::File => Store::File(FileStore::new(paths)),
            StoreKind::Keyring => Store::Keyring(KeyringStore::new(paths, id)),
        }
    }

    /// The store that holds this profile's secret.
    pub(crate) fn of_profile(profile: &'p Profile, paths: &'p Paths) -> Store<'p> {
        Store::of(profile.store, profile.id.as_ref(), paths)
    }

    /// The store for a new credential of this profile, checked before the user signs in. `demanded`: the store that
    /// the command line names; `Some(None)` for the keyring if there is one. Without it, a profile keeps its store,
    /// and a new one gets that of the settings.
    pub(crate) fn choose(
        demanded: Option<Option<StoreKind>>,
        paths: &Paths,
        name: &ProfileName,
    ) -> Result<(StoreKind, Notes)> {
        let kind = match demanded {
            Some(Some(kind)) => kind,
            Some(None) => return Store::keyring_or_file(paths, name),
            None => match Profile::load(paths, name) {
                Ok(Some(profile)) => profile.store,
                // a sign-in replaces what can't be read
                Ok(None) | Err(_) => Settings::load(paths)?.store.unwrap_or_default(),
            },
        };
        Store::of(kind, None, paths).probe(name)?;
        Ok((kind, place::notes(paths, name)))
    }

    fn keyring_or_file(paths: &Paths, name: &ProfileName) -> Result<(StoreKind, Notes)> {
        let mut notes = place::notes(paths, name);
        let Err(unusable) = Store::of(StoreKind::Keyring, None, paths).probe(name) else {
            return Ok((StoreKind::Keyring, notes));
        };
        Store::of(StoreKind::File, None, paths).probe(name)?;
        notes.add(format!("{}; the credential is stored in a file that only you can read", unusable.what()));
        Ok((StoreKind::File, notes))
    }

    /// The credential of a profile, if there is one.
    pub(crate) fn load(&self, name: &ProfileName) -> Result<Option<AuthorizedUser>> {
        match self {
            Store::File(store) => store.load(name),
            Store::Keyring(store) => store.load(name),
        }
    }

    /// Checks that a credential can be stored, before the user signs in.
    pub(crate) fn probe(&self, name: &ProfileName) -> Result<()> {
        self.probe_under(None, name)
    }

    /// The same. `lock`: the profile's, if the caller holds it.
    fn probe_under(&self, lock: Option<&Lock>, name: &ProfileName) -> Result<()> {
        match self {
            Store::File(store) => place::probe(StoreKind::File, lock, store.paths(), name).map_err(|error| {
                let keyring = Store::of(StoreKind::Keyring, None, store.paths());
                match error.is_open_to_others()
                    || place::holds_secrets(store.paths(), name)
                    || keyring.probe_under(lock, name).is_err()
                {
                    true => error,
                    false => place::add_hint(error, "`--store keyring` keeps the credential in the keyring"),
                }
            }),
            Store::Keyring(store) => {
                place::probe(StoreKind::Keyring, lock, store.paths(), name)?;
                store.probe()
            }
        }
    }

    /// Stores a credential, replacing the old one. Invalid content is kept under another name, which the notes tell.
    pub(crate) fn save(&self, lock: &Lock, name: &ProfileName, credential: &AuthorizedUser) -> Result<Notes> {
        match self {
            Store::File(store) => store.save(lock, name, credential),
            Store::Keyring(store) => store.save(lock, name, credential),
        }
    }

    /// Checks that a credential could be removed, without removing it.
    pub(crate) fn check_removable(&self, name: &ProfileName) -> Result<()> {
        match self {
            Store::File(_) => Ok(()),
            Store::Keyring(store) => store.check_removable(name),
        }
    }

    /// Removes the credential and the access token. Returns whether there was a credential. Invalid content is kept
    /// under another name, which the notes tell.
    pub(crate) fn delete(&self, lock: &Lock, name: &ProfileName) -> Result<(bool, Notes)> {
        match self {
            Store::File(store) => store.delete(lock, name),
            Store::Keyring(store) => store.delete(lock, name),
        }
    }

    /// The stored access token, if it is of this credential and can be read.
    pub(crate) fn access_token(
        &self,
        name: &ProfileName,
        credential: &AuthorizedUser,
    ) -> Option<AccessToken> {
        match self {
            Store::File(store) => store.access_token(name, credential),
            Store::Keyring(store) => store.access_token(name, credential),
        }
    }

    /// Stores an access token of this credential.
    pub(crate) fn keep_access_token(
        &self,
        name: &ProfileName,
        credential: &AuthorizedUser,
        token: &AccessToken,
    ) -> Result<()> {
        match self {
            Store::File(store) => store.keep_access_token(name, credential, token),
            Store::Keyring(store) => store.keep_access_token(name, credential, token),
        }
    }
}
