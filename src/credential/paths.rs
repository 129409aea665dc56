//! Where bqcred keeps its files, on each system.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::credential::profile_id::ProfileId;
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Kind, Result};
use crate::output::shell_word::shell_word;
use crate::system::{private_file, users};

/// In the cache folder: the files of [`Paths::token_only_file`].
const TOKEN_ONLY: &str = "token-only";

/// bqcred's folders. They need not exist.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    /// Credentials and their `profile.json`, a folder for each profile.
    pub(crate) data: PathBuf,
    /// Settings and the user's OAuth client.
    pub(crate) config: PathBuf,
    /// Access tokens of file-stored profiles.
    pub(crate) cache: PathBuf,
    /// Pending sign-ins and records of changes.
    pub(crate) state: PathBuf,
    /// Session files, in `XDG_RUNTIME_DIR`; `None` without it.
    pub(crate) runtime: Option<PathBuf>,
    /// The same folder as logind sets it, whatever `XDG_RUNTIME_DIR` is.
    pub(crate) usual_runtime: PathBuf,
    /// The user's home folder.
    pub(crate) home: PathBuf,
    /// The organisation's OAuth client.
    pub(crate) system_client: PathBuf,
}

impl Paths {
    /// The folders of the XDG base directory specification (Linux) or Apple's guidelines. `system_root`: `/etc`,
    /// or a test's folder in its place.
    pub(crate) fn new(system_root: &Path) -> Result<Paths> {
        let home = users::own_home();
        // `directories` doesn't know all users: without HOME it fails where `own_home` may succeed
        let no_home = || {
            let usual = home.as_deref().map_or("a folder of yours".to_owned(), shell_word);
            Error::new(Kind::Store, "HOME is not set, so there is no folder for credentials")
                .hint(format!("set HOME to {usual}"))
        };
        let places = directories::ProjectDirs::from("", "", "bqcred").ok_or_else(no_home)?;
        let home = home.clone().ok_or_else(no_home)?;
        if !home.is_absolute() {
            // credentials would go to the current folder, and the libraries look in another
            return Err(
                Error::new(Kind::Store, "HOME is not an absolute path").hint("set HOME to your home folder")
            );
        }
        let data = places.data_local_dir().to_owned();
        Ok(Paths {
            // a dotfiles manager may keep the whole folder as a link; it holds no secret
            config: private_file::follow(places.config_dir().to_owned()),
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

    /// A profile's settings and state; nothing in it is secret.
    pub(crate) fn profile_settings(&self, name: &ProfileName) -> PathBuf {
        self.profile(name).join("profile.json")
    }

    /// The next `profile.json`, for the credential that is being written.
    pub(crate) fn announced_settings(&self, name: &ProfileName) -> PathBuf {
        self.profile(name).join("profile.json.next")
    }

    /// The ADC file of a profile in the file store. The path never changes, also when the credential is rotated.
    pub(crate) fn adc(&self, name: &ProfileName) -> PathBuf {
        self.profile(name).join("adc.json")
    }

    /// The data folder as it is called in every environment, with links resolved: it says whose a keyring item is.
    pub(crate) fn data_identity(&self) -> String {
        let resolved = self.data.ancestors().find_map(|folder| {
            let rest = self.data.strip_prefix(folder).ok()?;
            // joining an empty path would add a slash
            folder
                .canonicalize()
                .ok()
                .map(|real| real.components().chain(rest.components()).collect::<PathBuf>())
        });
        resolved.as_ref().unwrap_or(&self.data).to_string_lossy().into_owned()
    }

    /// The session file of a profile in the keyring; `None` without `XDG_RUNTIME_DIR`. The path never changes, also
    /// when the credential is rotated, and no other profile has it.
    pub(crate) fn session_file(&self, name: &ProfileName, id: &ProfileId) -> Option<PathBuf> {
        self.runtime.as_deref().map(|folder| folder.join(session_file_name(name, id)))
    }

    /// The folders that may hold session files of this login session. They are found without `XDG_RUNTIME_DIR` too
    /// (cron, sudo), so that the files can be removed.
    pub(crate) fn session_folders(&self) -> impl Iterator<Item = &Path> {
        let usual = Some(self.usual_runtime.as_path()).filter(|usual| self.runtime.as_deref() != Some(usual));
        self.runtime.as_deref().into_iter().chain(usual)
    }

    /// Where session files were written: the folder of runtime files is another one in each login session.
    pub(crate) fn session_record(&self) -> PathBuf {
        self.state.join("session-files.json")
    }

    /// The paths under which programs read a profile's credential: its ADC file and its session file.
    pub(crate) fn credential_files(&self, name: &ProfileName, id: Option<&ProfileId>) -> Vec<PathBuf> {
        std::iter::once(self.adc(name)).chain(id.and_then(|id| self.session_file(name, id))).collect()
    }

    /// The lock for changing this profile. It is beside the folder, so that removing the folder doesn't remove a lock
    /// that another process waits for.
    pub(crate) fn profile_lock(&self, name: &ProfileName) -> PathBuf {
        self.data.join(format!(".{name}.lock"))
    }

    /// The lock for revoking or replacing a profile's grant, held during the sign-in too.
    pub(crate) fn grant_lock(&self, name: &ProfileName) -> PathBuf {
        self.data.join(format!(".{name}+grant.lock"))
    }

    /// The cached access token of a profile in the file store.
    pub(crate) fn token(&self, name: &ProfileName) -> PathBuf {
        self.cache.join(format!("{name}.token"))
    }

    /// The lock for refreshing, so that other processes wait and use the same access token.
    pub(crate) fn token_lock(&self, name: &ProfileName) -> PathBuf {
        self.cache.join(format!(".{name}.lock"))
    }

    /// Where a token-only file of this profile is written for containers and clusters, unless the user says another
    /// place. It has a folder of its own, which can be mounted; `export --token-only` writes it.
    pub(crate) fn token_only_file(&self, name: &ProfileName) -> PathBuf {
        self.cache.join(TOKEN_ONLY).join(name.as_str()).join("adc.json")
    }

    /// Whether a file at this path, with its links resolved, is in one of bqcred's own folders. `open`: one in them
    /// that is for users and programs to write, such as that of [`Paths::token_only_file`].
    pub(crate) fn holds(&self, file: &Path, open: Option<&Path>) -> bool {
        let memory = Paths::memory_folder();
        let own: Vec<Place> = [&self.data, &self.config, &self.cache, &self.state]
            .into_iter()
            .map(PathBuf::as_path)
            .chain(self.session_folders())
            .chain(memory.as_deref())
            .filter_map(place)
            .collect();
        let open = open.and_then(place);
        let above: Vec<Place> = file.ancestors().skip(1).filter_map(place).collect();
        let first = above.iter().find(|folder| Some(*folder) == open.as_ref() || own.contains(folder));
        first.is_some_and(|folder| Some(folder) != open.as_ref())
    }

    /// The folder in memory for files of single programs, where there is one without `XDG_RUNTIME_DIR`.
    pub(crate) fn memory_folder() -> Option<PathBuf> {
        let user = rustix::process::geteuid().as_raw();
        cfg!(target_os = "linux").then(|| PathBuf::from(format!("/dev/shm/bqcred-{user}")))
    }

    /// The pending sign-in of this profile.
    pub(crate) fn pending_login(&self, name: &ProfileName) -> PathBuf {
        self.state.join(format!("{name}.login"))
    }

    /// The list of allowed `.bqcred` files.
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

/// A folder as the file system knows it, whatever it is called: the first folder above it that exists, by its numbers,
/// and the path from there.
type Place = ((u64, u64), PathBuf);

fn place(folder: &Path) -> Option<Place> {
    folder.ancestors().find_map(|above| {
        let found = above.metadata().ok()?;
        Some(((found.dev(), found.ino()), folder.strip_prefix(above).ok()?.to_owned()))
    })
}

/// The name of a session file, which [`session_file_owner`] reads.
pub(crate) fn session_file_name(name: &ProfileName, id: &ProfileId) -> String {
    format!("{name}-{id}.json")
}

/// The profile that a session file of this name belongs to; `None` for other files.
pub(crate) fn session_file_owner(path: &Path) -> Option<(ProfileName, ProfileId)> {
    let (name, id) = path.file_name()?.to_str()?.strip_suffix(".json")?.rsplit_once('-')?;
    Some((ProfileName::parse(name).ok()?, ProfileId::parse(id)?))
}
