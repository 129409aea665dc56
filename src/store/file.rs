//! Credentials in files: `adc.json` in the profile's folder, the access token in the cache.

use serde::Deserialize;

use super::AccessToken;
use crate::credential::adc::AuthorizedUser;
use crate::credential::paths::Paths;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Kind, Result};
use crate::output::secret::Secret;
use crate::output::ui;
use crate::system::clock::Time;
use crate::system::private_file::{self, Content, Lock};

/// The file store.
pub(crate) struct FileStore<'p> {
    paths: &'p Paths,
}

/// An access token in the cache, tied to the refresh token that it came from.
#[derive(Deserialize)]
struct Cached {
    access_token: Secret,
    expires: Time,
    fingerprint: String,
}

impl<'p> FileStore<'p> {
    /// The files under these paths.
    pub(crate) fn new(paths: &'p Paths) -> Self {
        FileStore { paths }
    }

    pub(super) fn load(&self, name: &ProfileName) -> Result<Option<AuthorizedUser>> {
        let path = self.paths.adc(name);
        let Some(bytes) = private_file::read(&path, Content::Secret)? else { return Ok(None) };
        match AuthorizedUser::parse(&bytes) {
            Ok(credential) => Ok(Some(credential)),
            Err(problem) => Err(Error::new(
                Kind::Store,
                format!("{}: {}", path.display(), problem.problem()),
            )
            .hint(format!(
                "`bqcred login --profile {name}` makes a new one; this file is then kept under another name"
            ))),
        }
    }

    pub(super) fn probe(&self, name: &ProfileName) -> Result<()> {
        private_file::create_dir(&self.paths.data)?;
        private_file::create_dir(&self.paths.profile(name))?;
        private_file::read(&self.paths.adc(name), Content::Secret)?;
        Profile::check_place(self.paths, name)?;
        private_file::check_writable(&self.paths.profile(name))
    }

    pub(super) fn save(&self, lock: &Lock, name: &ProfileName, credential: &AuthorizedUser) -> Result<()> {
        let path = self.paths.adc(name);
        private_file::create_dir(&self.paths.data)?;
        private_file::create_dir(&self.paths.profile(name))?;
        if private_file::read(&path, Content::Secret)?.is_some_and(|bytes| is_damaged(&bytes)) {
            ui::note_aside(&private_file::set_aside(lock, &path)?);
        }
        private_file::write(lock, &path, &credential.to_adc_json())?;
        private_file::remove(&self.paths.token(name))?;
        Ok(())
    }

    pub(super) fn delete(&self, lock: &Lock, name: &ProfileName) -> Result<bool> {
        let path = self.paths.adc(name);
        private_file::remove(&self.paths.token(name))?;
        // whoever may read it: it is to go
        let damaged = private_file::read(&path, Content::Foreign)?.is_some_and(|bytes| is_damaged(&bytes));
        if damaged {
            ui::note_aside(&private_file::set_aside(lock, &path)?);
            return Ok(true);
        }
        private_file::remove(&path)
    }

    pub(super) fn access_token(
        &self,
        name: &ProfileName,
        credential: &AuthorizedUser,
    ) -> Option<AccessToken> {
        // whatever is wrong with a cache, a new token is the cure
        let bytes = private_file::read(&self.paths.token(name), Content::Secret).ok()??;
        let cached: Cached = serde_json::from_slice(&bytes).ok()?;
        (cached.fingerprint == credential.fingerprint())
            .then_some(AccessToken { token: cached.access_token, expires: cached.expires })
    }

    pub(super) fn keep_access_token(
        &self,
        name: &ProfileName,
        credential: &AuthorizedUser,
        token: &AccessToken,
    ) -> Result<()> {
        // whoever changes or forgets the profile holds the same lock: no token outlives its credential
        let lock = Lock::acquire(&self.paths.profile_lock(name))?;
        if self.load(name)?.is_none_or(|stored| stored.fingerprint() != credential.fingerprint()) {
            return Ok(());
        }
        let text = Secret::new(
            serde_json::json!({
                "access_token": token.token.expose(),
                "expires": token.expires,
                "fingerprint": credential.fingerprint(),
            })
            .to_string(),
        );
        private_file::write(&lock, &self.paths.token(name), text.expose().as_bytes())
    }
}

/// Whether these bytes hold something that a new credential must not replace without a copy.
fn is_damaged(bytes: &[u8]) -> bool {
    !bytes.is_empty() && AuthorizedUser::parse(bytes).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_and_no_credential_is_damaged() {
        let sound = AuthorizedUser::new("", "1-a", Secret::new("s"), Secret::new("1//0t"));
        assert!(!is_damaged(b"") && !is_damaged(&sound.to_adc_json()));
        assert!(is_damaged(b"{") && is_damaged(b"{}"));
    }
}
