//! Where bqcred keeps things, on each system: the only module that uses `directories`.

use std::path::{Path, PathBuf};

use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Kind, Result};
use crate::output::shell_word::shell_word;
use crate::system::users;

/// The folders that bqcred owns. None is created here.
#[derive(Debug)]
pub(crate) struct Paths {
    /// Credentials and what is known about them, a folder for each profile.
    pub(crate) data: PathBuf,
    /// Settings and the user's OAuth client.
    pub(crate) config: PathBuf,
    /// Access tokens of file-stored profiles.
    pub(crate) cache: PathBuf,
    /// Sign-ins that were started and wait for their answer.
    pub(crate) state: PathBuf,
    /// What lasts as long as this login session, if the system has such a place.
    pub(crate) runtime: Option<PathBuf>,
    /// Where that is on systems with logind, whatever the environment says.
    pub(crate) usual_runtime: PathBuf,
    /// The user's home folder.
    pub(crate) home: PathBuf,
    /// An organisation's OAuth client.
    pub(crate) system_client: PathBuf,
}

impl Paths {
    /// The places as the XDG base directory specification (Linux) or Apple's guidelines have them.
    /// `system_root` stands for `/etc`.
    pub(crate) fn new(system_root: &Path) -> Result<Paths> {
        let home = users::own_home();
        // it may be known from the user database alone, which `directories` looks at in part
        let no_home = || {
            let usual = home.as_deref().map_or("a folder of yours".to_owned(), |home| shell_word(home));
            Error::new(Kind::Store, "HOME is not set, so there is no place for a credential")
                .hint(format!("set HOME to {usual}"))
        };
        let places = directories::ProjectDirs::from("", "", "bqcred").ok_or_else(no_home)?;
        let home = home.clone().ok_or_else(no_home)?;
        if !home.is_absolute() {
            // credentials would go to whatever folder one is in, and the libraries look in another
            return Err(
                Error::new(Kind::Store, "HOME is not an absolute path").hint("set HOME to your home folder")
            );
        }
        let data = places.data_local_dir().to_owned();
        Ok(Paths {
            config: places.config_dir().to_owned(),
            cache: places.cache_dir().to_owned(),
            state: places.state_dir().map_or_else(|| data.join(".state"), Path::to_owned),
            usual_runtime: PathBuf::from(format!("/run/user/{}/bqcred", rustix::process::geteuid().as_raw())),
            runtime: places.runtime_dir().map(Path::to_owned),
            data,
            home,
            system_client: system_root.join("bqcred").join("client.json"),
        })
    }

    /// The folder of a profile.
    pub(crate) fn profile(&self, name: &ProfileName) -> PathBuf {
        self.data.join(name.as_str())
    }

    /// What is known about a profile; nothing in it is secret.
    pub(crate) fn profile_settings(&self, name: &ProfileName) -> PathBuf {
        self.profile(name).join("profile.json")
    }

    /// What will be known about a profile once the credential that is being written is in the store.
    pub(crate) fn announced_settings(&self, name: &ProfileName) -> PathBuf {
        self.profile(name).join("profile.json.next")
    }

    /// The application-default credential of a file-stored profile. The path stays the same as long
    /// as the profile exists, whatever is rotated.
    pub(crate) fn adc(&self, name: &ProfileName) -> PathBuf {
        self.profile(name).join("adc.json")
    }

    /// Where `env` makes a keyring profile readable for this login session; `None` if the system has no such place.
    pub(crate) fn session_file(&self, name: &ProfileName) -> Option<PathBuf> {
        self.runtime.as_deref().map(|folder| session_file_in(folder, name))
    }

    /// Where session files may be: without `XDG_RUNTIME_DIR` (cron, sudo) those of the login session have to be
    /// found all the same, to be removed.
    pub(crate) fn session_folders(&self) -> impl Iterator<Item = &Path> {
        let usual = Some(self.usual_runtime.as_path()).filter(|usual| self.runtime.as_deref() != Some(usual));
        self.runtime.as_deref().into_iter().chain(usual)
    }

    /// Where the session files of a profile may be.
    pub(crate) fn session_files(&self, name: &ProfileName) -> impl Iterator<Item = PathBuf> {
        self.session_folders().map(|folder| session_file_in(folder, name))
    }

    /// Where programs find a profile's credential: its file, or the one of this login session.
    pub(crate) fn credential_files(&self, name: &ProfileName) -> Vec<PathBuf> {
        std::iter::once(self.adc(name)).chain(self.session_file(name)).collect()
    }

    /// The lock that a change of this profile takes. It is beside the folder, so that removing
    /// the folder doesn't remove a lock that another process waits for.
    pub(crate) fn profile_lock(&self, name: &ProfileName) -> PathBuf {
        self.data.join(format!(".{name}.lock"))
    }

    /// Held while a profile's grant is revoked or replaced, also while the user signs in.
    pub(crate) fn grant_lock(&self, name: &ProfileName) -> PathBuf {
        self.data.join(format!(".{name}+grant.lock"))
    }

    /// The access token of a file-stored profile.
    pub(crate) fn token(&self, name: &ProfileName) -> PathBuf {
        self.cache.join(format!("{name}.token"))
    }

    /// Held while one process refreshes, so that the others wait for its answer.
    pub(crate) fn token_lock(&self, name: &ProfileName) -> PathBuf {
        self.cache.join(format!(".{name}.lock"))
    }

    /// A sign-in of this profile that was started and waits for its answer.
    pub(crate) fn pending_login(&self, name: &ProfileName) -> PathBuf {
        self.state.join(format!("{name}.login"))
    }

    /// The `.bqcred` files that the user allowed.
    pub(crate) fn pins(&self) -> PathBuf {
        self.state.join("pins.json")
    }

    /// The user's OAuth client.
    pub(crate) fn client(&self) -> PathBuf {
        self.config.join("client.json")
    }

    /// The user's settings.
    pub(crate) fn settings(&self) -> PathBuf {
        self.config.join("config.json")
    }
}

fn session_file_in(folder: &Path, name: &ProfileName) -> PathBuf {
    folder.join(format!("{name}.json"))
}
