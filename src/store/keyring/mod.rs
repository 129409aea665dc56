//! Credentials in the operating system's keyring: Secret Service or Keychain.
//!
//! Each profile has one item: service `bqcred`, user name the profile's name. It holds the content of an ADC file,
//! and the access token under the keys of google-auth's caches, so that neither is ever in a file.
//! `secret-tool lookup service bqcred username NAME` prints it.

mod classify;
mod failure;
mod lock_state;
mod service;

use super::{AccessToken, session};
use crate::credential::adc::{self, AuthorizedUser};
use crate::credential::paths::Paths;
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

/// The keyring store.
pub(crate) struct KeyringStore<'p> {
    paths: &'p Paths,
}

impl<'p> KeyringStore<'p> {
    /// The keyring of this session; `paths` are for the session files.
    pub(crate) fn new(paths: &'p Paths) -> Self {
        KeyringStore { paths }
    }

    pub(super) fn paths(&self) -> &'p Paths {
        self.paths
    }

    pub(super) fn load(&self, name: &ProfileName) -> Result<Option<AuthorizedUser>> {
        let Some(bytes) = read(name)? else { return Ok(None) };
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
        service::set(&user, content.as_bytes()).map_err(Failure::into_error)?;
        let same = service::get(&user).map(|read| read.is_some_and(|read| *read == content.as_bytes()));
        service::delete(&user).map_err(Failure::into_error)?;
        if same.map_err(Failure::into_error)? {
            return Ok(());
        }
        Err(Failure::ReadBackDiffers.into_error())
    }

    pub(super) fn save(&self, lock: &Lock, name: &ProfileName, credential: &AuthorizedUser) -> Result<Notes> {
        let notes = match read(name)? {
            Some(bytes) => copy_invalid(name, &bytes)?,
            None => Notes::none(),
        };
        write(name, &credential.to_adc_json())?;
        session::replace(lock, self.paths, name, credential)?;
        Ok(notes)
    }

    /// Removes the session files first: if the keyring doesn't answer, no readable copy is left.
    pub(super) fn delete(&self, _lock: &Lock, name: &ProfileName) -> Result<(bool, Notes)> {
        session::remove(self.paths, name)?;
        let notes = match service::get(name.as_str()) {
            Ok(Some(bytes)) => copy_invalid(name, &bytes)?,
            Ok(None) | Err(Failure::Several(_)) => Notes::none(),
            Err(failure) => return Err(failure.into_error()),
        };
        let was_there = service::delete(name.as_str()).map_err(Failure::into_error)?;
        Ok((was_there, notes))
    }

    pub(super) fn access_token(
        &self,
        name: &ProfileName,
        credential: &AuthorizedUser,
    ) -> Option<AccessToken> {
        // an unreadable token is replaced by a new one
        let bytes = read(name).ok()??;
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
        // the item also holds the credential, and changing that takes the same lock
        let _lock = Lock::acquire(&self.paths.profile_lock(name))?;
        match self.load(name)? {
            Some(stored) if stored.fingerprint() == credential.fingerprint() => {
                let whole = stored.to_json_with_token(&token.token, token.expires);
                match service::set(name.as_str(), &whole) {
                    // store the credential without the token
                    Err(Failure::TooLarge(_)) => write(name, &stored.to_adc_json()),
                    other => other.map_err(Failure::into_error),
                }
            }
            _ => Ok(()),
        }
    }
}

fn read(name: &ProfileName) -> Result<Option<SecretBytes>> {
    service::get(name.as_str()).map_err(Failure::into_error)
}

fn write(name: &ProfileName, bytes: &[u8]) -> Result<()> {
    service::set(name.as_str(), bytes).map_err(Failure::into_error)
}

/// Copies an item that isn't empty and holds no credential to another name, before it is replaced or removed.
fn copy_invalid(name: &ProfileName, bytes: &[u8]) -> Result<Notes> {
    let mut notes = Notes::none();
    if bytes.is_empty() {
        return Ok(notes);
    }
    if let Err(problem) = AuthorizedUser::parse(bytes) {
        let stamp = Time::now().to_string().replace(':', "");
        let user = format!("{name}.unreadable-{stamp}-{}", hash::unique_digits());
        service::set(&user, bytes).map_err(Failure::into_error)?;
        notes.add(format!(
            "the keyring's item for profile {name}: {}; it is kept as {user}, in the keyring",
            problem.problem()
        ));
    }
    Ok(notes)
}
