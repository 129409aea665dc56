//! `profile.json`: reading it, and writing it so that it fits the credential at each point of a crash.

use std::path::Path;

use super::{Condition, Profile, StoreKind};
use crate::credential::paths::Paths;
use crate::credential::profile_id::ProfileId;
use crate::credential::profile_name::ProfileName;
use crate::oauth::Endpoints;
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::system::json_file::{Document, JsonFile};
use crate::system::private_file::{self, Content, Lock};

impl Document for Profile {
    /// The file may have been edited by hand: secrets go to the addresses in it, and the account is shown in messages,
    /// where a second line could look like a message of bqcred's.
    fn checked(mut self) -> Result<Self, String> {
        self.endpoints = self.endpoints.map(Endpoints::checked).transpose()?;
        self.account = self.account.filter(|account| !account.chars().any(char::is_control));
        Ok(self)
    }
}

impl Profile {
    /// Reads what is known about this profile; `None` if nothing is.
    pub(crate) fn load(paths: &Paths, name: &ProfileName) -> Result<Option<Profile>> {
        check_folders(paths, name)?;
        let file = file(&paths.profile_settings(name));
        file.load().map_err(|error| match file.load_valid() {
            // it can be read, so its content is what is wrong
            Ok(_) => error
                .hint(format!("`bqcred login --profile {name}` writes a new one and keeps this one aside")),
            Err(_) => error,
        })
    }

    /// The same for a caller that is about to write the file: invalid content counts as nothing, as
    /// [`Profile::save`] sets it aside. A file that can't be read is an error all the same.
    pub(crate) fn load_to_replace(paths: &Paths, name: &ProfileName) -> Result<Option<Profile>> {
        check_folders(paths, name)?;
        file(&paths.profile_settings(name)).load_valid()
    }

    /// Makes sure that the file can be written, whatever it holds now.
    pub(crate) fn check_place(paths: &Paths, name: &ProfileName) -> Result<()> {
        check_folders(paths, name)?;
        private_file::read(&paths.profile_settings(name), Content::Settings).map(drop)
    }

    /// Writes, beside the file, what describes the credential that goes into the store next. Should that be
    /// the last step before a crash, [`Profile::match_to`] finds here what belongs to the credential, its
    /// server's addresses above all.
    pub(crate) fn write_ahead(&mut self, lock: &Lock, paths: &Paths, name: &ProfileName) -> Result<()> {
        private_file::create_dir(&paths.data)?;
        self.id.get_or_insert_with(ProfileId::random);
        file(&paths.announced_settings(name)).write(lock, self)
    }

    /// What was written ahead of a credential, if there is such a file.
    pub(crate) fn load_ahead(paths: &Paths, name: &ProfileName) -> Option<Profile> {
        file(&paths.announced_settings(name)).load().ok()?
    }

    /// Marks addresses of another server than Google's in a `profile.json` that others could have changed
    /// ([`Profile::distrusted_host`]).
    pub(crate) fn distrust(lock: &Lock, path: &Path) -> Result<()> {
        // what can't be parsed names no server
        let Ok(Some(mut profile)) = JsonFile::<Profile>::new(path.to_owned(), Content::Foreign).load() else {
            return Ok(());
        };
        if profile.endpoints.as_ref().and_then(Endpoints::foreign_host).is_none() {
            return Ok(());
        }
        profile.distrusted = true;
        file(path).write(lock, &profile)
    }

    /// What a first sign-in wrote ahead of the keyring's item, before it was interrupted: the item may be there.
    pub(crate) fn first_sign_in(paths: &Paths, name: &ProfileName) -> Option<Profile> {
        let mut ahead =
            Profile::load_ahead(paths, name).filter(|profile| profile.store == StoreKind::Keyring)?;
        ahead.condition = Condition::Unresolved { account: ahead.account.take() };
        ahead.acting_as = None;
        ahead.account_confirmed = false;
        Some(ahead)
    }

    /// Forgets what was written ahead of a credential that never came into the store.
    pub(crate) fn remove_ahead(_lock: &Lock, paths: &Paths, name: &ProfileName) -> Result<bool> {
        private_file::remove(&paths.announced_settings(name))
    }

    /// Writes the file; a profile that is saved for the first time gets its id. An invalid file is kept under another
    /// name, and the notes say where.
    pub(crate) fn save(&mut self, lock: &Lock, paths: &Paths, name: &ProfileName) -> Result<Notes> {
        let notes = self.save_before_credential(lock, paths, name)?;
        // it describes the credential that is in the store now, or one that never came there
        private_file::remove(&paths.announced_settings(name))?;
        Ok(notes)
    }

    /// The same while a new credential is on its way: what was written ahead of it stays.
    pub(crate) fn save_before_credential(
        &mut self,
        lock: &Lock,
        paths: &Paths,
        name: &ProfileName,
    ) -> Result<Notes> {
        if let Condition::Unresolved { .. } = self.condition {
            return Err(Error::other(self.condition.describe().unwrap_or_default())
                .hint(format!("`bqcred status --profile {name}` looks for what became of it")));
        }
        let ahead = || Profile::load_ahead(paths, name).and_then(|ahead| ahead.id);
        self.id = self.id.take().or_else(ahead).or_else(|| Some(ProfileId::random()));
        private_file::create_dir(&paths.data)?;
        private_file::create_dir(&paths.profile(name))?;
        let file = file(&paths.profile_settings(name));
        let (_, notes) = file.load_or_set_aside(lock)?;
        file.write(lock, self)?;
        Ok(notes)
    }

    /// Removes the file. An invalid one is kept under another name, and the notes say where.
    pub(crate) fn remove(lock: &Lock, paths: &Paths, name: &ProfileName) -> Result<Notes> {
        let path = paths.profile_settings(name);
        let (_, notes) = file(&path).load_or_set_aside(lock)?;
        private_file::remove(&paths.announced_settings(name))?;
        private_file::remove(&path)?;
        Ok(notes)
    }
}

fn file(path: &Path) -> JsonFile<Profile> {
    JsonFile::new(path.to_owned(), Content::Settings)
}

/// The folders of a profile: a link would lead reads and writes elsewhere, and who can write there can exchange files.
fn check_folders(paths: &Paths, name: &ProfileName) -> Result<()> {
    private_file::check_dir(&paths.data)?;
    private_file::check_dir(&paths.profile(name))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{named, paths};
    use super::*;
    use crate::credential::adc::AuthorizedUser;
    use crate::credential::profile::folders;
    use crate::output::error::Error;
    use crate::output::secret::Secret;

    #[test]
    fn settings_that_were_written_ahead_apply_only_to_their_credential() {
        let root = tempfile::tempdir().unwrap();
        let (paths, name) = (paths(root.path()), named("work"));
        let lock = Lock::acquire(&paths.profile_lock(&name)).unwrap();
        let [one, other] = ["1//0one", "1//0other"]
            .map(|token| AuthorizedUser::new("", "1-a", Secret::new("s"), Secret::new(token)));
        let mut ahead = Profile {
            project: Some("ahead".to_owned()),
            fingerprint: Some(one.fingerprint()),
            ..Profile::default()
        };
        ahead.write_ahead(&lock, &paths, &name).unwrap();
        let project = |credential| {
            let mut profile = Profile { project: Some("earlier".to_owned()), ..Profile::default() };
            profile.match_to(&paths, &name, credential);
            assert!(profile.describes(credential));
            profile.project.unwrap()
        };
        assert_eq!((project(&one).as_str(), project(&other).as_str()), ("ahead", "earlier"));
        assert_eq!(folders(&paths), [paths.profile(&name)]);
        assert!(!ahead.describes(&other));
    }

    #[test]
    fn an_account_with_control_characters_counts_as_unknown() {
        let account = |text: &str| {
            let json = serde_json::json!({"account": text}).to_string();
            Profile::parse(Path::new("profile.json"), json.as_bytes()).unwrap().account
        };
        assert_eq!(account("ada@example.com").as_deref(), Some("ada@example.com"));
        assert_eq!(account("ada\nbqcred: forged"), None);
    }

    #[test]
    fn a_linked_profile_folder_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let (paths, name) = (paths(root.path()), named("work"));
        private_file::create_dir(&paths.data).unwrap();
        std::os::unix::fs::symlink(root.path(), paths.profile(&name)).unwrap();
        let is_refused = |error: Error| error.what().contains("is a symbolic link");
        assert!(is_refused(Profile::load(&paths, &name).unwrap_err()));
        assert!(is_refused(Profile::load_to_replace(&paths, &name).unwrap_err()));
        assert!(is_refused(Profile::check_place(&paths, &name).unwrap_err()));
    }

    #[test]
    fn an_invalid_file_is_kept_aside_and_reported() {
        let root = tempfile::tempdir().unwrap();
        let (paths, name) = (paths(root.path()), named("work"));
        let lock = Lock::acquire(&paths.profile_lock(&name)).unwrap();
        let mut profile = Profile::default();
        assert_eq!(profile.save(&lock, &paths, &name).unwrap(), Notes::none());
        private_file::write(&lock, &paths.profile_settings(&name), b"{").unwrap();
        assert!(Profile::load(&paths, &name).is_err());
        let notes = format!("{:?}", profile.save(&lock, &paths, &name).unwrap());
        assert!(
            notes.contains("the file is kept as ") && notes.contains("profile.json.unreadable-"),
            "{notes}"
        );
        assert!(Profile::load(&paths, &name).unwrap().is_some());
    }
}
