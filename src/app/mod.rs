//! What every command needs: the paths, which profile is meant, and the credential that it holds.

mod helping;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::credential::adc::AuthorizedUser;
use crate::credential::client::{Client, FoundClient};
use crate::credential::other_tools::GcloudFolder;
use crate::credential::paths::Paths;
use crate::credential::profile::{self, Origin, Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::credential::settings::Settings;
use crate::credential::state::CredentialState;
use crate::oauth::Endpoints;
use crate::output::error::{Error, Kind, Result};
use crate::store::Store;
use crate::system::atomic_file;
use crate::system::env;
use crate::system::private_file::Lock;

/// The environment variable that names the profile to use.
pub(crate) const PROFILE_VARIABLE: &str = "BQCRED_PROFILE";

/// How long a command that only shows profiles waits for one that is being changed.
const PATIENCE: Duration = Duration::from_secs(2);

/// The surroundings of one run.
#[derive(Clone)]
pub(crate) struct App {
    /// Where bqcred keeps things.
    pub(crate) paths: Paths,
    /// What `--profile` says.
    profile: Option<String>,
}

/// A profile with its credential.
pub(crate) struct Loaded {
    /// The profile's name.
    pub(crate) name: ProfileName,
    /// What is known about it, and its settings.
    pub(crate) profile: Profile,
    /// The credential itself, from the profile's store.
    pub(crate) credential: AuthorizedUser,
}

impl App {
    /// The surroundings; `profile` is what `--profile` says.
    pub(crate) fn new(profile: Option<String>) -> Result<App> {
        Ok(App { paths: Paths::new(&system_root())?, profile })
    }

    /// Removes the temporary files that killed writers left in bqcred's own folders: they may hold a secret.
    pub(crate) fn sweep(&self) {
        let Paths { data, config, cache, state, runtime, .. } = &self.paths;
        let profiles = profile::folders(&self.paths);
        let others = [data, config, cache, state].into_iter().chain(runtime);
        profiles.iter().chain(others).for_each(|folder| atomic_file::sweep(folder));
    }

    /// The current profile: `--profile`, else `BQCRED_PROFILE`, else what `bqcred use` set, else `default`.
    /// It need not exist.
    pub(crate) fn profile_name(&self) -> Result<ProfileName> {
        if let Some(name) = &self.profile {
            return ProfileName::parse(name);
        }
        if let Some(name) = env::get(PROFILE_VARIABLE).filter(|name| !name.is_empty()) {
            return ProfileName::parse(&name.to_string_lossy()).map_err(|error| {
                Error::usage(format!("{PROFILE_VARIABLE}: {error}"))
                    .hint(format!("`unset {PROFILE_VARIABLE}`"))
            });
        }
        self.chosen_profile()
    }

    /// The profile that `--profile` names, if it was given.
    pub(crate) fn asked_profile(&self) -> Result<Option<ProfileName>> {
        self.profile.as_deref().map(ProfileName::parse).transpose()
    }

    /// Whether a profile is named, or any is stored: else there is nothing yet that could be used.
    pub(crate) fn is_set_up(&self) -> bool {
        let is_named = || env::get(PROFILE_VARIABLE).is_some_and(|name| !name.is_empty());
        let is_chosen = || Settings::load(&self.paths).is_ok_and(|settings| settings.profile.is_some());
        let is_stored = || {
            profile::names(&self.paths).map_or(true, |names| !names.is_empty())
                || !matches!(self.known_profile(&ProfileName::default()), Ok(None))
        };
        self.profile.is_some() || is_named() || is_chosen() || is_stored()
    }

    /// The profile that `bqcred use` set, else `default`.
    pub(crate) fn chosen_profile(&self) -> Result<ProfileName> {
        match Settings::load(&self.paths)?.profile {
            Some(name) => ProfileName::parse(&name).map_err(|error| {
                Error::content(&self.paths.settings(), error).hint("`bqcred use NAME` fixes it")
            }),
            None => Ok(ProfileName::default()),
        }
    }

    /// What is known about the current profile, which has to exist.
    pub(crate) fn profile(&self) -> Result<(ProfileName, Profile)> {
        self.profile_named(self.profile_name()?)
    }

    /// What is known about this profile, which has to exist.
    pub(crate) fn profile_named(&self, name: ProfileName) -> Result<(ProfileName, Profile)> {
        let profile = self.known_profile(&name)?.ok_or_else(|| profile::missing(&self.paths, &name))?;
        Ok((name, profile))
    }

    /// What is known about a profile: who would be used under its name, and its settings. `None` if there is no such
    /// profile. The keyring is not asked: what `profile.json` says holds, unless a sign-in was interrupted.
    pub(crate) fn known_profile(&self, name: &ProfileName) -> Result<Option<Profile>> {
        let Some(mut profile) = self.profile_file(name)? else { return Ok(None) };
        if profile.store == StoreKind::File {
            match Store::of_profile(&profile, &self.paths).load(name)? {
                Some(credential) => profile.match_to(&self.paths, name, &credential),
                None => return self.known_under_lock(name),
            }
        } else {
            profile.doubt(&self.paths, name);
        }
        Ok(Some(profile))
    }

    /// The same of a profile whose credential file is missing: another process may just be writing it, or moving it to
    /// the keyring.
    fn known_under_lock(&self, name: &ProfileName) -> Result<Option<Profile>> {
        let _lock = Lock::acquire_within(&self.paths.profile_lock(name), PATIENCE);
        let Some(mut profile) = self.profile_file(name)? else { return Ok(None) };
        let stored = match profile.store {
            StoreKind::File => Store::of_profile(&profile, &self.paths).load(name)?,
            StoreKind::Keyring => None,
        };
        match (stored, profile.store) {
            (Some(credential), _) => profile.match_to(&self.paths, name, &credential),
            (None, StoreKind::Keyring) => profile.doubt(&self.paths, name),
            (None, StoreKind::File) => profile.without_credential(),
        }
        Ok(Some(profile))
    }

    /// A profile's `profile.json`, or nothing if there is only an ADC file. `None` if there is neither.
    fn profile_file(&self, name: &ProfileName) -> Result<Option<Profile>> {
        match Profile::load(&self.paths, name)? {
            Some(profile) => Ok(Some(profile)),
            None if self.paths.adc(name).symlink_metadata().is_ok() => Ok(Some(Profile::default())),
            None => Ok(Profile::first_sign_in(&self.paths, name)),
        }
    }

    /// The current profile, with its credential.
    pub(crate) fn load(&self) -> Result<Loaded> {
        let (name, profile) = self.stored_profile(self.profile_name()?)?;
        atomic_file::sweep(&self.paths.profile(&name)); // not in `env`, which every shell start waits for
        self.load_credential(name, profile)
    }

    /// A profile as its `profile.json` has it, which has to exist: for [`App::load_credential`].
    pub(crate) fn stored_profile(&self, name: ProfileName) -> Result<(ProfileName, Profile)> {
        let profile = self.profile_file(&name)?.ok_or_else(|| profile::missing(&self.paths, &name))?;
        Ok((name, profile))
    }

    /// The same for a command that sends it to its server, which has to be one that the user chose.
    pub(crate) fn load_for_server(&self) -> Result<Loaded> {
        let loaded = self.load()?;
        self.check_server(&loaded.name, &loaded.profile)?;
        Ok(loaded)
    }

    /// Refuses a server that somebody else may have put into `profile.json`.
    pub(crate) fn check_server(&self, name: &ProfileName, profile: &Profile) -> Result<()> {
        let Some(host) = profile.distrusted_host() else { return Ok(()) };
        let what = format!(
            "profile {name} signs in at {host}, which is not Google, and others could have changed that address"
        );
        let hint =
            format!("`{} --client-id-file FILE`, with a file that you trust", self.login_command(name));
        Err(Error::new(Kind::Refused, what).hint(hint))
    }

    /// The credential of a profile. What `profile.json` says of another credential is dropped.
    pub(crate) fn load_credential(&self, name: ProfileName, profile: Profile) -> Result<Loaded> {
        if let Some(loaded) = self.try_load(&name, profile)? {
            return Ok(loaded);
        }
        // another process may be writing or moving it: under the lock there is one, or there is none
        let _lock = Lock::acquire(&self.paths.profile_lock(&name));
        let (name, profile) = self.stored_profile(name)?;
        match self.try_load(&name, profile.clone())? {
            Some(loaded) => Ok(loaded),
            None => {
                let sign_in = self.sign_in_command(&name, Some(&profile));
                Err(profile::without_credential(&name, &profile, &sign_in))
            }
        }
    }

    fn try_load(&self, name: &ProfileName, mut profile: Profile) -> Result<Option<Loaded>> {
        let mut found = Store::of_profile(&profile, &self.paths).load(name)?;
        // another process may be changing it: then the two don't match, and reading `profile.json` again helps
        if !found.as_ref().is_some_and(|credential| profile.describes(credential))
            && let Some(now) = self.profile_file(name)?
        {
            profile = now;
            found = Store::of_profile(&profile, &self.paths).load(name)?;
        }
        let Some(credential) = found else { return Ok(None) };
        profile.match_to(&self.paths, name, &credential);
        Ok(Some(Loaded { name: name.clone(), profile, credential }))
    }

    /// The client for a sign-in: the first that is found, in the order of docs/sign-in.md.
    pub(crate) fn client(&self, flag: Option<&Path>, name: &ProfileName) -> Result<Option<FoundClient>> {
        Client::from_places(&self.paths, flag, env::get("BQCRED_CLIENT_ID_FILE").as_deref(), || {
            self.profiles_own_client(name)
        })
    }

    /// The client of the credential that the profile holds, if a sign-in under it brought that: other tools'
    /// clients are not bqcred's to use.
    fn profiles_own_client(&self, name: &ProfileName) -> Result<Option<Client>> {
        // what can't be read is for the command to report, where it matters
        let Ok(Some(profile)) = Profile::load(&self.paths, name) else { return Ok(None) };
        if profile.origin != Some(Origin::Login) || profile.distrusted_host().is_some() {
            return Ok(None);
        }
        if profile.state() == CredentialState::ClientDeleted
            && Client::from_places(&self.paths, None, None, || Ok(None))?.is_some()
        {
            return Ok(None); // another one is there, and this one can't sign anybody in
        }
        let Ok(Some(credential)) = Store::of_profile(&profile, &self.paths).load(name) else {
            return Ok(None);
        };
        Ok(Some(Client {
            id: credential.client_id,
            secret: credential.client_secret,
            project: None,
            endpoints: profile.endpoints,
        }))
    }

    /// gcloud's folder in this environment.
    pub(crate) fn gcloud_folder(&self) -> GcloudFolder {
        GcloudFolder::find(env::get("CLOUDSDK_CONFIG").as_deref(), &self.paths.home)
    }
}

impl Loaded {
    /// Where this credential's server is.
    pub(crate) fn endpoints(&self) -> Endpoints {
        self.profile.endpoints.clone().unwrap_or_else(Endpoints::google)
    }
}

/// `/etc`; builds with debug assertions let tests put another folder in its place.
fn system_root() -> PathBuf {
    #[cfg(debug_assertions)]
    if let Some(root) = env::get("BQCRED_TEST_ETC") {
        return PathBuf::from(root);
    }
    PathBuf::from("/etc")
}
