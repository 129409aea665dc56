//! Credentials in files: `adc.json` in the profile's folder, the access token in the cache.

use std::path::Path;

use serde::Deserialize;

use super::AccessToken;
use crate::credential::adc::AuthorizedUser;
use crate::credential::paths::Paths;
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::output::secret::Secret;
use crate::system::clock::Time;
use crate::system::private_file::{self, Content, Lock};

/// The file store.
pub(crate) struct FileStore<'p> {
    paths: &'p Paths,
}

/// An access token in the cache, with the fingerprint of the credential that it came from.
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

    pub(super) fn paths(&self) -> &'p Paths {
        self.paths
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
                "`bqcred login --profile {name}` writes a new one and keeps this file under another name"
            ))),
        }
    }

    pub(super) fn save(&self, lock: &Lock, name: &ProfileName, credential: &AuthorizedUser) -> Result<Notes> {
        let path = self.paths.adc(name);
        private_file::create_dir(&self.paths.data)?;
        private_file::create_dir(&self.paths.profile(name))?;
        let notes = set_invalid_aside(lock, &path, Content::Secret)?;
        private_file::write(lock, &path, &credential.to_adc_json())?;
        private_file::remove(&self.paths.token(name))?;
        Ok(notes)
    }

    pub(super) fn delete(&self, lock: &Lock, name: &ProfileName) -> Result<(bool, Notes)> {
        let path = self.paths.adc(name);
        private_file::remove(&self.paths.token(name))?;
        // whatever its mode: it is removed
        let notes = set_invalid_aside(lock, &path, Content::Foreign)?;
        let was_set_aside = notes != Notes::none();
        Ok((private_file::remove(&path)? || was_set_aside, notes))
    }

    pub(super) fn access_token(
        &self,
        name: &ProfileName,
        credential: &AuthorizedUser,
    ) -> Option<AccessToken> {
        // an unreadable cache is replaced by a new token
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
        // changing or removing the profile takes the same lock: no token is stored after its credential is gone
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

/// Renames a file that isn't empty and holds no credential.
fn set_invalid_aside(lock: &Lock, path: &Path, content: Content) -> Result<Notes> {
    let bytes = private_file::read(path, content)?.filter(|bytes| !bytes.is_empty());
    match bytes.map(|bytes| AuthorizedUser::parse(&bytes)) {
        Some(Err(problem)) => {
            private_file::set_invalid_aside(lock, path, &Error::content(path, problem.problem()))
        }
        Some(Ok(_)) | None => Ok(Notes::none()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_invalid_content_is_set_aside() {
        let root = tempfile::tempdir().unwrap();
        let (path, lock) = (root.path().join("adc.json"), Lock::acquire(&root.path().join(".lock")).unwrap());
        let valid = AuthorizedUser::new("", "1-a", Secret::new("s"), Secret::new("1//0t")).to_adc_json();
        for (content, is_kept) in [(b"".as_slice(), false), (&valid, false), (b"{", true), (b"{}", true)] {
            private_file::write(&lock, &path, content).unwrap();
            let notes = set_invalid_aside(&lock, &path, Content::Secret).unwrap();
            assert_eq!((notes != Notes::none(), path.exists()), (is_kept, !is_kept));
        }
    }
}
