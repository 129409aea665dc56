//! Credentials in the operating system's keyring: Secret Service or Keychain.
//!
//! Each profile has one item: service `bqcred`, user name `NAME/ID` with the profile's name and id, so that profiles of
//! two data folders never share one. It holds the content of an ADC file, and the access token under the keys of
//! google-auth's caches, so that neither is ever in a file; and the data folder that it belongs to, so that the items
//! of profiles that are gone can be told from those of another data folder ([`items`]).
//! `secret-tool lookup service bqcred username NAME/ID` prints it.

mod classify;
mod failure;
pub(crate) mod items;
mod lock_state;
mod service;

use super::{AccessToken, session};
use crate::credential::adc::{self, AuthorizedUser};
use crate::credential::paths::Paths;
use crate::credential::profile_id::ProfileId;
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::output::secret::SecretBytes;
use crate::system::clock::Time;
use crate::system::hash;
use crate::system::private_file::Lock;

use failure::Failure;

/// In bytes; as large as a credential gets, so that the probe fails if the keyring can't hold one.
const PROBE_SIZE: usize = 1024;

/// The keyring store, for one profile.
pub(crate) struct KeyringStore<'p> {
    paths: &'p Paths,
    id: Option<&'p ProfileId>,
}

impl<'p> KeyringStore<'p> {
    /// For a process that goes on beside a program which has the terminal: nothing is said while a call waits.
    pub(crate) fn wait_quietly() {
        service::wait_quietly();
    }

    /// The keyring of this session; `paths` are for the session files. `id` is that of the profile, if it has one.
    pub(crate) fn new(paths: &'p Paths, id: Option<&'p ProfileId>) -> Self {
        KeyringStore { paths, id }
    }

    /// The item's user name; `None` if the profile has no id, and so no item.
    fn user(&self, name: &ProfileName) -> Option<String> {
        self.id.map(|id| items::user(name, id))
    }

    fn read(&self, name: &ProfileName) -> Result<Option<SecretBytes>> {
        self.user(name).map_or(Ok(None), |user| service::get(&user).map_err(Failure::into_error))
    }

    pub(super) fn paths(&self) -> &'p Paths {
        self.paths
    }

    pub(super) fn load(&self, name: &ProfileName) -> Result<Option<AuthorizedUser>> {
        let Some(bytes) = self.read(name)? else { return Ok(None) };
        AuthorizedUser::parse(&bytes).map(Some).map_err(|problem| {
            Error::new(Kind::Store, format!("the keyring's item for profile {name}: {}", problem.problem()))
                .hint(format!(
                    "`bqcred login --profile {name}` writes a new one and keeps this item under another name"
                ))
        })
    }

    /// Writes a test item, reads it back and removes it.
    pub(super) fn probe(&self) -> Result<()> {
        let random = hash::unique_digits();
        let user = format!(".probe-{random}"); // no profile's name begins with a dot
        let content = random.repeat(PROBE_SIZE / random.len());
        service::set(&user, "bqcred: test item", content.as_bytes()).map_err(Failure::into_error)?;
        let same = service::get(&user).map(|read| read.is_some_and(|read| *read == content.as_bytes()));
        service::delete(&user).map_err(Failure::into_error)?;
        if same.map_err(Failure::into_error)? {
            return Ok(());
        }
        Err(Failure::ReadBackDiffers.into_error())
    }

    pub(super) fn save(&self, lock: &Lock, name: &ProfileName, credential: &AuthorizedUser) -> Result<Notes> {
        let (Some(id), Some(user)) = (self.id, self.user(name)) else {
            return Err(Error::other(format!(
                "profile {name} has no id, which names its item in the keyring"
            )));
        };
        let notes = match self.read(name)? {
            Some(bytes) => copy_invalid(name, &user, &bytes)?,
            None => Notes::none(),
        };
        let item = credential.to_item_json(&self.paths.data_identity(), None);
        write(name, &user, credential, &item).map_err(Failure::into_error)?;
        session::replace(lock, self.paths, name, id, credential)?;
        Ok(notes)
    }

    pub(super) fn check_removable(&self, name: &ProfileName) -> Result<()> {
        match self.user(name).map_or(Ok(None), |user| service::get(&user)) {
            Ok(_) | Err(Failure::Several(_)) => Ok(()),
            Err(failure) => Err(failure.into_removal_error(name)),
        }
    }

    /// Removes the session files first: if the keyring doesn't answer, no readable copy is left.
    pub(super) fn delete(&self, _lock: &Lock, name: &ProfileName) -> Result<(bool, Notes)> {
        let (Some(id), Some(user)) = (self.id, self.user(name)) else { return Ok((false, Notes::none())) };
        session::remove(self.paths, name, id)?;
        let notes = match service::get(&user) {
            Ok(Some(bytes)) => copy_invalid(name, &user, &bytes)?,
            Ok(None) | Err(Failure::Several(_)) => Notes::none(),
            Err(failure) => return Err(failure.into_removal_error(name)),
        };
        let was_there = service::delete(&user).map_err(|failure| failure.into_removal_error(name))?;
        Ok((was_there, notes))
    }

    pub(super) fn access_token(
        &self,
        name: &ProfileName,
        credential: &AuthorizedUser,
    ) -> Option<AccessToken> {
        // an unreadable token is replaced by a new one
        let bytes = self.read(name).ok()??;
        let stored = AuthorizedUser::parse(&bytes).ok()?;
        let (token, expires) = adc::cached_token(&bytes)?;
        (stored.fingerprint() == credential.fingerprint()).then_some(AccessToken { token, expires })
    }

    pub(super) fn keep_access_token(
        &self,
        name: &ProfileName,
        credential: &AuthorizedUser,
        token: &AccessToken,
    ) -> Result<()> {
        let Some(user) = self.user(name) else { return Ok(()) };
        // the item also holds the credential, and changing that takes the same lock
        let _lock = Lock::acquire(&self.paths.profile_lock(name))?;
        match self.load(name)? {
            Some(stored) if stored.fingerprint() == credential.fingerprint() => {
                let folder = self.paths.data_identity();
                let whole = stored.to_item_json(&folder, Some((&token.token, token.expires)));
                let written = match write(name, &user, &stored, &whole) {
                    // store the credential without the token
                    Err(Failure::TooLarge(_)) => {
                        write(name, &user, &stored, &stored.to_item_json(&folder, None))
                    }
                    other => other,
                };
                written.map_err(Failure::into_error)
            }
            _ => Ok(()),
        }
    }
}

fn write(name: &ProfileName, user: &str, credential: &AuthorizedUser, bytes: &[u8]) -> Result<(), Failure> {
    let label =
        format!("bqcred: {name} ({})", credential.who().unwrap_or_else(|| "unknown account".to_owned()));
    service::set(user, &label, bytes)
}

/// Copies an item that isn't empty and holds no credential to another name, before it is replaced or removed.
fn copy_invalid(name: &ProfileName, user: &str, bytes: &[u8]) -> Result<Notes> {
    let mut notes = Notes::none();
    if bytes.is_empty() {
        return Ok(notes);
    }
    if let Err(problem) = AuthorizedUser::parse(bytes) {
        let stamp = Time::now().to_string().replace(':', "");
        let user = format!("{user}.unreadable-{stamp}-{}", hash::unique_digits());
        service::set(&user, &user, bytes).map_err(Failure::into_error)?;
        notes.add(format!(
            "the keyring's item for profile {name}: {}; it is kept as {user}, in the keyring",
            problem.problem()
        ));
    }
    Ok(notes)
}
