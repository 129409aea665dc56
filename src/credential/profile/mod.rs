//! Profiles: the name of a credential, and what is known about it that is not secret.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::credential::adc::AuthorizedUser;
use crate::credential::paths::Paths;
use crate::credential::profile_name::ProfileName;
use crate::oauth::Endpoints;
use crate::output::error::{Error, Kind, Result, json_problem};
use crate::output::ui;
use crate::system::clock::Time;
use crate::system::private_file::{self, Content, Lock};

/// Where a profile's secret lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoreKind {
    /// A file that only this user can read.
    #[default]
    File,
    /// The operating system's keyring.
    Keyring,
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StoreKind::File => "file",
            StoreKind::Keyring => "keyring",
        })
    }
}

/// Why a credential that is still kept is known not to work any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ended {
    /// In words that follow "this credential".
    pub(crate) reason: String,
    /// When bqcred learned of it.
    pub(crate) at: Time,
}

/// How a credential of this profile ended, for guesses about the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Death {
    /// Why, as [`crate::oauth::Reason::code`] has it.
    pub(crate) why: String,
    /// Whose it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// Its OAuth client.
    pub(crate) client_id: String,
    /// When the person had signed in.
    pub(crate) signed_in: Time,
    /// When it was last seen to work.
    pub(crate) worked: Time,
    /// When it was first seen not to.
    pub(crate) seen: Time,
}

/// What is known about a profile. Kept in `profile.json`; nothing in it is secret.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Profile {
    /// The address that Google confirmed, or that an imported file claims (see `account_confirmed`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// Whether Google itself named the account.
    pub(crate) account_confirmed: bool,
    /// Google's lasting identifier of the account; addresses can change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    /// The scopes that Google granted. Empty: not known yet.
    pub(crate) scopes: Vec<String>,
    /// The project that jobs run in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project: Option<String>,
    /// The project that requests count against, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quota_project: Option<String>,
    /// Where the secret lies.
    pub(crate) store: StoreKind,
    /// The other store, where a move or a login may have left a copy that has to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) leftover: Option<StoreKind>,
    /// The OAuth client that the credential belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    /// Endpoints that the client file named; `None` for Google's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoints: Option<Endpoints>,
    /// Which credential this describes ([`AuthorizedUser::fingerprint`]). If another one lies in the
    /// store, somebody put it there, and what is said here about the person is of no use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<String>,
    /// Where the credential comes from: `login`, `gcloud`, `import`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<String>,
    /// When the person signed in, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signed_in: Option<Time>,
    /// When the refresh token itself ends, where Google said so (time-based access).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token_expires: Option<Time>,
    /// When bqcred last got an access token with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_refreshed: Option<Time>,
    /// How many refresh tokens of this account and client were made here since the last revocation.
    pub(crate) refresh_tokens: u32,
    /// How earlier credentials ended, the latest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) deaths: Vec<Death>,
    /// Set once Google refused the credential for good, or it was revoked from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<Ended>,
    /// What a newer bqcred keeps here; carried along.
    #[serde(flatten)]
    pub(crate) unknown: serde_json::Map<String, serde_json::Value>,
}

impl Profile {
    /// Reads what is known about this profile; `None` if nothing is.
    pub(crate) fn load(paths: &Paths, name: &ProfileName) -> Result<Option<Profile>> {
        refuse_linked_folder(paths, name)?;
        let path = paths.profile_settings(name);
        let Some(bytes) = private_file::read(&path, Content::Settings)? else { return Ok(None) };
        Profile::parse(&path, &bytes)
            .map_err(|error| {
                error.hint(format!("`bqcred login --profile {name}` writes it anew and keeps this one aside"))
            })
            .map(Some)
    }

    /// The same for who is about to write it anew: what can't be understood counts as nothing, as
    /// [`Profile::save`] sets it aside. What can't be read is an error all the same.
    pub(crate) fn load_sound(paths: &Paths, name: &ProfileName) -> Result<Option<Profile>> {
        refuse_linked_folder(paths, name)?;
        let path = paths.profile_settings(name);
        let bytes = private_file::read(&path, Content::Settings)?;
        Ok(bytes.and_then(|bytes| Profile::parse(&path, &bytes).ok()))
    }

    /// Reads the file's content; `path` is for the messages.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Profile> {
        let mut profile: Profile =
            serde_json::from_slice(bytes).map_err(|error| Error::content(path, json_problem(&error)))?;
        // secrets go to these addresses, and somebody may have edited them
        profile.endpoints = profile
            .endpoints
            .map(Endpoints::checked)
            .transpose()
            .map_err(|problem| Error::content(path, problem))?;
        Ok(profile)
    }

    /// Makes sure that what is known can be written, whatever it says now.
    pub(crate) fn check_place(paths: &Paths, name: &ProfileName) -> Result<()> {
        refuse_linked_folder(paths, name)?;
        private_file::read(&paths.profile_settings(name), Content::Settings).map(drop)
    }

    /// Announces what will be known once `credential` lies in the store, which is the next thing to be
    /// written: should that be the last one, [`Profile::settle`] finds here what belongs to it, its
    /// server's addresses above all.
    pub(crate) fn announce(&self, lock: &Lock, paths: &Paths, name: &ProfileName) -> Result<()> {
        private_file::create_dir(&paths.data)?;
        self.write(lock, &paths.announced_settings(name))
    }

    /// Writes what is known. A file that can't be understood is kept under another name, and that is told.
    pub(crate) fn save(&self, lock: &Lock, paths: &Paths, name: &ProfileName) -> Result<()> {
        let path = paths.profile_settings(name);
        private_file::create_dir(&paths.data)?;
        private_file::create_dir(&paths.profile(name))?;
        Profile::keep_damaged(lock, &path)?;
        self.write(lock, &path)?;
        // it speaks of a credential that is described now, or never came
        private_file::remove(&paths.announced_settings(name)).map(drop)
    }

    /// Removes what is known. What can't be understood is kept under another name, and that is told.
    pub(crate) fn remove(lock: &Lock, paths: &Paths, name: &ProfileName) -> Result<()> {
        let path = paths.profile_settings(name);
        Profile::keep_damaged(lock, &path)?;
        private_file::remove(&paths.announced_settings(name))?;
        private_file::remove(&path).map(drop)
    }

    fn keep_damaged(lock: &Lock, path: &Path) -> Result<()> {
        let bytes = private_file::read(path, Content::Settings)?;
        if bytes.is_some_and(|bytes| serde_json::from_slice::<Profile>(&bytes).is_err()) {
            ui::note_aside(&private_file::set_aside(lock, path)?);
        }
        Ok(())
    }

    fn write(&self, lock: &Lock, path: &Path) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::other(format!("can't describe the profile: {}", json_problem(&error))))?;
        text.push(b'\n');
        private_file::write(lock, path, &text)
    }

    /// Whether this is about `credential`.
    pub(crate) fn describes(&self, credential: &AuthorizedUser) -> bool {
        self.fingerprint.as_deref() == Some(&credential.fingerprint())
    }

    /// What was announced for this very credential.
    pub(crate) fn announced(paths: &Paths, name: &ProfileName) -> Option<Profile> {
        let path = paths.announced_settings(name);
        let bytes = private_file::read(&path, Content::Settings).ok()??;
        Profile::parse(&path, &bytes).ok()
    }

    /// Makes this describe `credential`: by what was announced of it, else by what it says itself. What is
    /// said of another one is forgotten.
    pub(crate) fn settle(&mut self, paths: &Paths, name: &ProfileName, credential: &AuthorizedUser) {
        if self.describes(credential) {
            return;
        }
        match Profile::announced(paths, name).filter(|announced| announced.describes(credential)) {
            Some(announced) => *self = announced,
            None => self.describe(credential),
        }
    }

    fn describe(&mut self, credential: &AuthorizedUser) {
        let fingerprint = credential.fingerprint();
        if self.fingerprint.as_deref() == Some(&fingerprint) {
            return;
        }
        *self = Profile {
            account: Some(credential.account.clone()).filter(|account| !account.is_empty()),
            quota_project: credential.quota_project_id.clone().or(self.quota_project.take()),
            client_id: Some(credential.client_id.clone()),
            endpoints: self
                .endpoints
                .take()
                .filter(|_| self.client_id.as_ref() == Some(&credential.client_id)),
            project: self.project.take(),
            store: self.store,
            deaths: std::mem::take(&mut self.deaths),
            leftover: self.leftover,
            unknown: std::mem::take(&mut self.unknown),
            fingerprint: Some(fingerprint),
            ..Profile::default()
        };
    }

    /// The account, or what stands for one that isn't known.
    pub(crate) fn account_or_unknown(&self) -> &str {
        self.account.as_deref().unwrap_or("an unknown account")
    }
}

/// A profile's folder that is a link would lead writes and reads elsewhere.
fn refuse_linked_folder(paths: &Paths, name: &ProfileName) -> Result<()> {
    for folder in [&paths.data, &paths.profile(name)] {
        if folder.is_symlink() {
            return Err(Error::content(
                folder,
                "is a symbolic link; bqcred doesn't follow links where it keeps things",
            )
            .hint("put the folder itself there, or remove the link"));
        }
    }
    Ok(())
}

/// The folders of all profiles, and those of logins that were not completed.
pub(crate) fn folders(paths: &Paths) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(&paths.data).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path()).collect()
}

/// The names of all profiles, sorted.
pub(crate) fn names(paths: &Paths) -> Result<Vec<ProfileName>> {
    let entries = match std::fs::read_dir(&paths.data) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::file(&paths.data, "list", &error)),
    };
    let mut names: Vec<ProfileName> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| ProfileName::parse(entry.file_name().to_str()?).ok())
        .filter(|name| paths.profile_settings(name).exists() || paths.adc(name).exists())
        .collect();
    names.sort();
    Ok(names)
}

/// "No such profile", with the nearest name that there is, or the way to make one.
pub(crate) fn missing(paths: &Paths, name: &ProfileName) -> Error {
    let names = names(paths).unwrap_or_default();
    let error = Error::new(Kind::Missing, format!("there is no profile named {name}"));
    let nearest = names
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known.as_str(), name.as_str()), known))
        .min()
        .filter(|(distance, known)| *distance <= (known.as_str().len().max(name.as_str().len()) / 2).max(1));
    match nearest {
        Some((_, known)) => error.hint(format!("did you mean {known}? `bqcred list` shows all profiles")),
        None if names.is_empty() && *name == ProfileName::default() => {
            Error::new(Kind::Missing, "nobody has logged in yet").hint("`bqcred login`")
        }
        None => error.hint(format!(
            "`bqcred login --profile {name}` makes it; `bqcred list` shows those that there are"
        )),
    }
}

/// "Known, but without a credential": a login that was abandoned, or a file that was removed.
pub(crate) fn without_credential(name: &ProfileName, profile: &Profile, login: &str) -> Error {
    let why = profile.ended.as_ref().map_or(String::new(), |ended| format!(": it {}", ended.reason));
    Error::new(Kind::Missing, format!("profile {name} has no credential{why}")).hint(format!("`{login}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::secret::Secret;

    #[test]
    fn what_describes_another_credential_keeps_what_the_person_chose() {
        let [one, other] = ["1//0one", "1//0other"]
            .map(|token| AuthorizedUser::new("", "1-a", Secret::new("s"), Secret::new(token)));
        let mut profile =
            Profile { store: StoreKind::Keyring, project: Some("p".to_owned()), ..Profile::default() };
        profile.describe(&one);
        profile.account = Some("ada@example.com".to_owned());
        profile.scopes = vec!["openid".to_owned()];
        profile.describe(&one);
        assert_eq!(profile.account_or_unknown(), "ada@example.com");
        profile.describe(&other);
        assert_eq!(profile.account_or_unknown(), "an unknown account");
        assert_eq!((profile.store, profile.project.as_deref()), (StoreKind::Keyring, Some("p")));
        assert!(profile.scopes.is_empty());
    }

    fn paths(root: &Path) -> Paths {
        let at = |name: &str| root.join(name);
        Paths {
            data: at("data"),
            config: at("config"),
            cache: at("cache"),
            state: at("state"),
            runtime: None,
            usual_runtime: at("run"),
            home: at("home"),
            system_client: at("etc"),
        }
    }

    fn named(name: &str) -> ProfileName {
        ProfileName::parse(name).unwrap()
    }

    #[test]
    fn what_was_announced_of_a_credential_is_believed_of_that_one_alone() {
        let root = tempfile::tempdir().unwrap();
        let (paths, name) = (paths(root.path()), named("work"));
        let lock = Lock::acquire(&paths.profile_lock(&name)).unwrap();
        let [one, other] = ["1//0one", "1//0other"]
            .map(|token| AuthorizedUser::new("", "1-a", Secret::new("s"), Secret::new(token)));
        let mut announced = Profile { project: Some("announced".to_owned()), ..Profile::default() };
        announced.describe(&one);
        announced.announce(&lock, &paths, &name).unwrap();
        let settled = |credential| {
            let mut profile = Profile { project: Some("earlier".to_owned()), ..Profile::default() };
            profile.settle(&paths, &name, credential);
            assert!(profile.describes(credential));
            profile.project.unwrap()
        };
        assert_eq!((settled(&one).as_str(), settled(&other).as_str()), ("announced", "earlier"));
        assert_eq!(folders(&paths), [paths.profile(&name)]);
        assert!(!announced.describes(&other));
    }

    #[test]
    fn a_folder_that_is_a_link_leads_nowhere() {
        let root = tempfile::tempdir().unwrap();
        let (paths, name) = (paths(root.path()), named("work"));
        private_file::create_dir(&paths.data).unwrap();
        std::os::unix::fs::symlink(root.path(), paths.profile(&name)).unwrap();
        let told = |error: Error| error.what().contains("is a symbolic link");
        assert!(told(Profile::load(&paths, &name).unwrap_err()));
        assert!(told(Profile::load_sound(&paths, &name).unwrap_err()));
        assert!(told(Profile::check_place(&paths, &name).unwrap_err()));
    }

    #[test]
    fn what_a_credential_says_itself_comes_before_what_was_known_of_another() {
        let mut credential =
            AuthorizedUser::new("ada@example.com", "1-a", Secret::new("s"), Secret::new("1//0one"));
        credential.quota_project_id = Some("quota".to_owned());
        let earlier = || Profile {
            quota_project: Some("other".to_owned()),
            leftover: Some(StoreKind::Keyring),
            endpoints: Some(Endpoints::google()),
            unknown: serde_json::Map::from_iter([("new".to_owned(), true.into())]),
            ..Profile::default()
        };
        let mut profile = Profile { client_id: Some("1-a".to_owned()), ..earlier() };
        profile.describe(&credential);
        assert_eq!(profile.account.as_deref(), Some("ada@example.com"));
        assert_eq!(profile.client_id.as_deref(), Some("1-a"));
        assert_eq!(profile.quota_project.as_deref(), Some("quota"));
        assert_eq!((profile.leftover, profile.unknown.len()), (Some(StoreKind::Keyring), 1));
        assert!(profile.endpoints.is_some());
        let mut profile = Profile { client_id: Some("2-b".to_owned()), ..earlier() };
        credential.quota_project_id = None;
        profile.describe(&credential);
        assert!(profile.endpoints.is_none(), "they are another client's");
        assert_eq!(profile.quota_project.as_deref(), Some("other"));
    }

    #[test]
    fn a_folder_that_cannot_be_listed_is_not_taken_for_an_empty_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let paths = Paths { data: file.path().to_owned(), ..paths(Path::new("/nonexistent")) };
        assert!(names(&paths).unwrap_err().what().contains("can't list"));
    }

    #[test]
    fn a_profile_is_kept_and_listed_and_a_near_name_is_found() {
        let root = tempfile::tempdir().unwrap();
        let paths = paths(root.path());
        assert!(names(&paths).unwrap().is_empty());
        let lock = Lock::acquire(&paths.profile_lock(&named("work"))).unwrap();
        assert!(names(&paths).unwrap().is_empty());
        assert!(missing(&paths, &ProfileName::default()).what().contains("nobody has logged in"));
        for name in ["work", "home"] {
            let profile = Profile { project: Some(name.to_owned()), ..Profile::default() };
            profile.save(&lock, &paths, &named(name)).unwrap();
        }
        std::fs::create_dir(paths.data.join("no-profile")).unwrap();
        assert_eq!(names(&paths).unwrap(), ["home", "work"].map(named));
        for load in [Profile::load, Profile::load_sound] {
            let known = load(&paths, &named("work")).unwrap().unwrap();
            assert_eq!(known.project.as_deref(), Some("work"));
            assert!(load(&paths, &named("none")).unwrap().is_none());
        }
        let hint = |name: &str| missing(&paths, &named(name)).hint_text().unwrap().to_owned();
        for near in ["wrk", "wokr", "w0rk1"] {
            assert!(hint(near).contains("did you mean work?"), "{near}: {}", hint(near));
        }
        for far in ["x", "quite-another", "default"] {
            assert!(hint(far).contains(&format!("--profile {far}")), "{far}: {}", hint(far));
        }
    }
}
