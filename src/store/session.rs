//! Session files: the credential of a keyring profile in a file for this login session, because the libraries read
//! files and not keyrings.
//!
//! The file is in `XDG_RUNTIME_DIR` (XDG base directory specification), and only if that is in memory: on a disk
//! there would be the refresh token that the keyring protects.

use std::path::{Path, PathBuf};

use super::Store;
use crate::credential::adc::AuthorizedUser;
use crate::credential::paths::Paths;
use crate::credential::profile::{Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Kind, Result};
use crate::system::private_file::{self, Content, Lock};

/// The hint for a profile without a session file.
const EXEC: &str = "`bqcred exec -- PROGRAM` passes the credential to a program without a file";

/// A current session file.
pub(crate) struct SessionFile {
    /// Its path.
    pub(crate) path: PathBuf,
    /// Whether it was written just now.
    pub(crate) new: bool,
}

/// Writes the session file of a keyring profile, unless it is current: `profile.json` has the fingerprint, so the
/// keyring isn't asked. `None` if the keyring holds no credential.
pub(crate) fn provide(paths: &Paths, name: &ProfileName, profile: &Profile) -> Result<Option<SessionFile>> {
    let path = place(paths, name)?;
    if is_current(&path, profile) {
        return Ok(Some(SessionFile { path, new: false }));
    }
    let lock = Lock::acquire(&paths.profile_lock(name))?;
    let Some(credential) = Store::of(StoreKind::Keyring, paths).load(name)? else { return Ok(None) };
    private_file::write(&lock, &path, &credential.to_adc_json())?;
    Ok(Some(SessionFile { path, new: true }))
}

/// Writes a new credential to the existing session files: programs that read the path find the new one.
pub(super) fn replace(
    lock: &Lock,
    paths: &Paths,
    name: &ProfileName,
    credential: &AuthorizedUser,
) -> Result<()> {
    existing(paths, name).try_for_each(|path| private_file::write(lock, &path, &credential.to_adc_json()))
}

/// Removes the session files. Returns whether there were any.
pub(crate) fn remove(paths: &Paths, name: &ProfileName) -> Result<bool> {
    existing(paths, name).try_fold(false, |any, path| Ok(private_file::remove(&path)? || any))
}

/// The existing session files of a profile: two, if it was used with another `XDG_RUNTIME_DIR` too.
pub(crate) fn existing(paths: &Paths, name: &ProfileName) -> impl Iterator<Item = PathBuf> {
    paths.session_files(name).filter(|path| path.symlink_metadata().is_ok())
}

/// The names of the profiles that have a session file, existing profiles or not.
pub(crate) fn names(paths: &Paths) -> Vec<ProfileName> {
    let mut names: Vec<ProfileName> = paths
        .session_folders()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .flatten()
        .filter_map(|entry| ProfileName::parse(entry.file_name().to_str()?.strip_suffix(".json")?).ok())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Whether the file holds the credential that `profile.json` describes, with the same quota project.
fn is_current(path: &Path, profile: &Profile) -> bool {
    let read = private_file::read(path, Content::Secret).ok().flatten();
    read.and_then(|bytes| AuthorizedUser::parse(&bytes).ok()).is_some_and(|credential| {
        profile.fingerprint.as_deref() == Some(&credential.fingerprint())
            && profile.quota_project == credential.quota_project_id
    })
}

/// The path of the session file, in a private folder in memory, which is created.
fn place(paths: &Paths, name: &ProfileName) -> Result<PathBuf> {
    let refused = |why: &str| {
        Error::new(Kind::Store, format!("profile {name} is stored in the keyring, and {why}")).hint(EXEC)
    };
    let (Some(folder), Some(file)) = (paths.runtime.as_deref(), paths.session_file(name)) else {
        return Err(refused("XDG_RUNTIME_DIR, the folder for session files, is not set to an absolute path"));
    };
    private_file::create_memory_dir(folder).map_err(|error| match error.hint_text() {
        Some(hint) => refused(error.what()).hint(format!("{hint}\n{EXEC}")),
        None => refused(error.what()),
    })?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::secret::Secret;

    #[test]
    fn a_file_with_another_credential_or_quota_project_is_not_current() {
        let folder = tempfile::tempdir().unwrap();
        let credential = |token: &str, quota: Option<&str>| {
            let mut credential = AuthorizedUser::new("", "1-a", Secret::new("s"), Secret::new(token));
            credential.quota_project_id = quota.map(str::to_owned);
            credential
        };
        let kept = credential("1//0one", Some("q"));
        let path = folder.path().join("work.json");
        assert!(private_file::create_elsewhere(&path, &kept.to_adc_json()).unwrap());
        let current = |credential: &AuthorizedUser| {
            let fingerprint = Some(credential.fingerprint());
            let quota_project = credential.quota_project_id.clone();
            is_current(&path, &Profile { fingerprint, quota_project, ..Profile::default() })
        };
        assert!(current(&kept));
        assert!(!current(&credential("1//0other", Some("q"))));
        assert!(!current(&credential("1//0one", None)) && !current(&credential("1//0one", Some("r"))));
    }

    #[test]
    fn session_files_are_replaced_and_removed_in_both_folders() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let paths = Paths {
            data: at("data"),
            config: at("config"),
            cache: at("cache"),
            state: at("state"),
            runtime: Some(at("another")),
            usual_runtime: at("usual"),
            home: at("home"),
            system_client: at("client.json"),
        };
        let name = ProfileName::parse("work").unwrap();
        let lock = Lock::acquire(&at("lock")).unwrap();
        let credential = AuthorizedUser::new("", "1-a", Secret::new("s"), Secret::new("1//0t"));
        let replace = || replace(&lock, &paths, &name, &credential).unwrap();
        replace();
        assert_eq!(existing(&paths, &name).count(), 0, "none is created");
        let files: Vec<PathBuf> = ["another", "usual"].map(|folder| at(folder).join("work.json")).into();
        for file in &files {
            private_file::write(&lock, file, b"old").unwrap();
        }
        replace();
        for file in &files {
            let content = private_file::read(file, Content::Secret).unwrap();
            assert_eq!(content, Some(credential.to_adc_json()));
        }
        assert_eq!(names(&paths), std::slice::from_ref(&name));
        assert!(remove(&paths, &name).unwrap() && !remove(&paths, &name).unwrap());
        assert!(files.iter().all(|file| !file.exists()));
    }
}
