//! Session files: the credential of a keyring profile in a file for this login session, because the libraries read
//! files and not keyrings.
//!
//! The file is in `XDG_RUNTIME_DIR` (XDG base directory specification), and only if that is in memory: on a disk
//! there would be the refresh token that the keyring protects. Its name has the profile's id, so that no other profile
//! uses the same path.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Store, session_record};
use crate::credential::adc::AuthorizedUser;
use crate::credential::paths::{Paths, session_file_name, session_file_owner};
use crate::credential::profile::{self, Profile, StoreKind};
use crate::credential::profile_id::ProfileId;
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
    pub(crate) is_new: bool,
    /// What is known of the credential in it.
    pub(crate) profile: Profile,
}

/// The session file, or what stands in its way.
pub(crate) enum Provided {
    /// There is one.
    File(Box<SessionFile>),
    /// The keyring holds no credential.
    NoCredential,
    /// The profile is in the file store by now.
    Moved,
}

/// Writes the session file of a keyring profile, unless it is current: `profile.json` has the fingerprint, so the
/// keyring isn't asked. After an interrupted sign-in the keyring has to be asked which credential it holds.
pub(crate) fn provide(paths: &Paths, name: &ProfileName, profile: &Profile) -> Result<Provided> {
    if let Some(id) = &profile.id {
        let path = place(paths, name, id)?;
        if is_current(&path, profile) && Profile::load_ahead(paths, name).is_none() {
            return Ok(found(path, false, profile.clone()));
        }
    }
    let lock = Lock::acquire(&paths.profile_lock(name))?;
    let now = Profile::load(paths, name)?.or_else(|| Profile::first_sign_in(paths, name));
    let mut profile = now.unwrap_or_else(|| profile.clone());
    if profile.store != StoreKind::Keyring {
        return Ok(Provided::Moved);
    }
    let Some(id) = profile.id.clone() else { return Ok(Provided::NoCredential) };
    let Some(credential) = Store::of_profile(&profile, paths).load(name)? else {
        return Ok(Provided::NoCredential);
    };
    profile.match_to(paths, name, &credential);
    let path = place(paths, name, &id)?;
    session_record::add(paths, &path)?;
    private_file::write(&lock, &path, &credential.to_adc_json())?;
    Ok(found(path, true, profile))
}

fn found(path: PathBuf, is_new: bool, profile: Profile) -> Provided {
    Provided::File(Box::new(SessionFile { path, is_new, profile }))
}

/// Writes a new credential to the existing session files: programs that read the path find the new one.
pub(super) fn replace(
    lock: &Lock,
    paths: &Paths,
    name: &ProfileName,
    id: &ProfileId,
    credential: &AuthorizedUser,
) -> Result<()> {
    existing(paths, name, id)
        .iter()
        .try_for_each(|path| private_file::write(lock, path, &credential.to_adc_json()))
}

/// Removes the session files of a profile. Returns whether there were any.
pub(crate) fn remove(paths: &Paths, name: &ProfileName, id: &ProfileId) -> Result<bool> {
    remove_files(paths, &existing(paths, name, id))
}

/// Removes these session files. Returns whether there were any.
pub(crate) fn remove_files(paths: &Paths, files: &[PathBuf]) -> Result<bool> {
    let removed = files.iter().try_fold(false, |any, path| Ok(private_file::remove(path)? || any))?;
    if removed {
        session_record::prune(paths)?;
    }
    Ok(removed)
}

/// The existing session files of a profile: several, if it was used with another `XDG_RUNTIME_DIR` too.
pub(crate) fn existing(paths: &Paths, name: &ProfileName, id: &ProfileId) -> Vec<PathBuf> {
    let file = session_file_name(name, id);
    let recorded = session_record::files(paths).into_iter().filter(|path| path.ends_with(&file));
    let usual = paths.session_folders().map(|folder| folder.join(&file));
    let found: BTreeSet<PathBuf> =
        usual.chain(recorded).filter(|path| path.symlink_metadata().is_ok()).collect();
    found.into_iter().collect()
}

/// All existing session files of this user.
pub(crate) struct SessionFiles {
    /// Those of this data folder's profiles, existing or gone.
    pub(crate) own: Vec<(ProfileName, PathBuf)>,
    /// Others in the same folders: of another data folder, as far as is known.
    pub(crate) others: Vec<PathBuf>,
}

/// Looks for the session files in all folders where one was ever written.
pub(crate) fn all(paths: &Paths) -> SessionFiles {
    let recorded: BTreeSet<PathBuf> = session_record::files(paths).into_iter().collect();
    let folders = paths.session_folders().filter_map(|folder| std::fs::read_dir(folder).ok());
    let listed = folders.flatten().flatten().map(|entry| entry.path());
    let found: BTreeSet<PathBuf> = listed.chain(recorded.iter().cloned()).collect();
    let ids = profile::ids(paths);
    let mut files = SessionFiles { own: Vec::new(), others: Vec::new() };
    for path in found {
        match session_file_owner(&path) {
            Some((name, id)) if recorded.contains(&path) || ids.contains(&id) => files.own.push((name, path)),
            Some(_) => files.others.push(path),
            None => {}
        }
    }
    files
}

/// The session files of this data folder's profiles that are gone.
pub(crate) fn of_gone_profiles(paths: &Paths) -> Vec<PathBuf> {
    let ids = profile::ids(paths);
    let is_gone = |path: &PathBuf| session_file_owner(path).is_some_and(|(_, id)| !ids.contains(&id));
    session_record::files(paths).into_iter().filter(is_gone).collect()
}

/// Whether the file holds the credential that `profile.json` describes, with the same quota project.
fn is_current(path: &Path, profile: &Profile) -> bool {
    let read = private_file::read(path, Content::Secret).ok().flatten();
    read.and_then(|bytes| AuthorizedUser::parse(&bytes).ok()).is_some_and(|credential| {
        profile.fingerprint.as_deref() == Some(&credential.fingerprint())
            && profile.quota_project == credential.quota_project_id
            && profile.acting_as.as_ref() == credential.acting_as()
    })
}

/// The path of the session file, in a private folder in memory, which is created.
fn place(paths: &Paths, name: &ProfileName, id: &ProfileId) -> Result<PathBuf> {
    let refused = |why: &str| {
        Error::new(Kind::Store, format!("profile {name} is stored in the keyring, and {why}")).hint(EXEC)
    };
    let (Some(folder), Some(file)) = (paths.runtime.as_deref(), paths.session_file(name, id)) else {
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
        let id = ProfileId::random();
        let replace = || replace(&lock, &paths, &name, &id, &credential).unwrap();
        replace();
        assert!(existing(&paths, &name, &id).is_empty(), "none is created");
        let recorded = at("earlier/bqcred");
        let folders = [at("another"), at("usual"), recorded.clone()];
        let files = folders.map(|folder| folder.join(session_file_name(&name, &id)));
        private_file::create_dir(&recorded).unwrap();
        for file in &files {
            private_file::write(&lock, file, b"old").unwrap();
        }
        session_record::add(&paths, files.last().unwrap()).unwrap();
        let stranger = at("another").join(session_file_name(&name, &ProfileId::random()));
        private_file::write(&lock, &stranger, b"another").unwrap();
        replace();
        for file in &files {
            let content = private_file::read(file, Content::Secret).unwrap();
            assert_eq!(content, Some(credential.to_adc_json()));
        }
        let found = all(&paths);
        assert_eq!(
            found.own,
            [(name.clone(), files.last().unwrap().clone())],
            "the others' id is no profile's"
        );
        assert_eq!(found.others.len(), 3);
        assert!(remove(&paths, &name, &id).unwrap() && !remove(&paths, &name, &id).unwrap());
        assert!(session_record::files(&paths).is_empty() && stranger.exists());
        assert!(files.iter().all(|file| !file.exists()));
    }
}
