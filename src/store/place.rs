//! Whether a profile's files can be kept where they belong, found out before a sign-in, and where else they could be.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::credential::paths::Paths;
use crate::credential::profile::{Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::output::shell_word::shell_word;
use crate::system::private_file::{self, Content, Lock};
use crate::system::{trust, users};

/// Folders that most machines have on a file system of their own. What is in them may be gone with the next start.
const LOCAL_FOLDERS: [&str; 2] = ["/var/tmp", "/tmp"];

/// Does with the profile's files what saving a credential in this store will do. A failure comes with a way that works
/// here. `lock`: the profile's, if the caller holds it.
pub(super) fn probe(kind: StoreKind, lock: Option<&Lock>, paths: &Paths, name: &ProfileName) -> Result<()> {
    refuse_missing_home(paths)?;
    // before the lock, which makes its folder private: what others could have changed is not accepted in passing
    Profile::check_place(paths, name)?;
    let probe = |lock: &Lock| {
        private_file::create_dir(&paths.data)?;
        private_file::probe(lock, &paths.profile_settings(name), Content::Settings)?;
        match kind {
            StoreKind::File => private_file::probe(lock, &paths.adc(name), Content::Secret),
            StoreKind::Keyring => Ok(()),
        }
    };
    match lock {
        Some(lock) => probe(lock),
        None => Lock::acquire(&paths.profile_lock(name)).and_then(|lock| probe(&lock)),
    }
    .map_err(|error| suggest(paths, error))
}

/// What the user should know of a place that was probed.
pub(super) fn notes(paths: &Paths, name: &ProfileName) -> Notes {
    let mut notes = Notes::none();
    if Lock::acquire(&paths.profile_lock(name)).is_ok_and(|lock| !lock.is_held()) {
        notes.add(format!(
            "the file system of {} has no locks: don't change a profile with two commands at the same time",
            paths.data.display()
        ));
    }
    notes
}

/// bqcred makes its folders, but not a home: a wrong HOME would get one.
fn refuse_missing_home(paths: &Paths) -> Result<()> {
    if paths.home.exists() || !paths.data.starts_with(&paths.home) {
        return Ok(());
    }
    let error = private_file::missing_home(&paths.home);
    Err(match other_home(paths) {
        Some(way) => with_way(error, &way),
        None => error,
    })
}

/// Adds a way that works on this machine to an error about bqcred's folders, if they are what is wrong.
pub(crate) fn suggest(paths: &Paths, error: Error) -> Error {
    if error.is_open_to_others() {
        return error;
    }
    let unusable: Vec<(&str, &Path)> = [
        ("XDG_DATA_HOME", &paths.data),
        ("XDG_STATE_HOME", &paths.state),
        ("XDG_CACHE_HOME", &paths.cache),
        ("XDG_CONFIG_HOME", &paths.config),
    ]
    .into_iter()
    .filter(|(_, folder)| !is_usable(folder))
    .map(|(variable, folder)| (variable, folder.as_path()))
    .collect();
    let is_of_home = |(_, folder): &(&str, &Path)| folder.starts_with(&paths.home);
    let way = match unusable.iter().all(is_of_home) && !has_usable_name(&paths.home) {
        _ if unusable.is_empty() => None,
        true => other_home(paths),
        false => local_folder().map(|base| {
            let variables = unusable.iter().map(|(variable, _)| {
                let below = variable.trim_start_matches("XDG_").trim_end_matches("_HOME").to_lowercase();
                format!(" {variable}={}", base.path.join(below).display())
            });
            format!("{}export{}", base.command(), variables.collect::<String>())
        }),
    };
    match way {
        Some(way) => with_way(error, &way),
        None => error,
    }
}

/// Adds this way to an error about bqcred's folders.
fn with_way(error: Error, way: &str) -> Error {
    add_hint(
        error,
        &format!("`{way}` leads bqcred to a place that works; put it into your shell's start-up file, too"),
    )
}

/// Adds another hint.
pub(super) fn add_hint(error: Error, hint: &str) -> Error {
    let hint = error.hint_text().map_or_else(|| hint.to_owned(), |first| format!("{first}\n{hint}"));
    error.hint(hint)
}

/// Whether the profile's folder can hold secrets, whatever is wrong with a file in it.
pub(super) fn holds_secrets(paths: &Paths, name: &ProfileName) -> bool {
    is_usable(&paths.profile(name))
}

/// Whether private files can be kept in this folder. It is created for the test if it doesn't exist.
fn is_usable(folder: &Path) -> bool {
    let missing = folder.ancestors().take_while(|place| place.symlink_metadata().is_err());
    let missing: Vec<&Path> = missing.collect();
    let usable = private_file::check_dir(folder).and_then(|()| private_file::probe_folder(folder)).is_ok();
    missing.into_iter().all(|place| fs::remove_dir(place).is_ok());
    usable
}

/// `/` is the home of whoever has none, as a container's unnamed users.
fn has_usable_name(home: &Path) -> bool {
    home.parent().is_some() && home.is_dir()
}

/// The home folder that the user database has, else a new one.
fn other_home(paths: &Paths) -> Option<String> {
    let registered = users::registered_home(rustix::process::getuid().as_raw());
    let registered = registered.filter(|home| *home != paths.home && has_usable_name(home));
    match registered.filter(|home| is_usable(&home.join(".local/share/bqcred"))) {
        Some(home) => Some(format!("export HOME={}", shell_word(&home))),
        None => local_folder().map(|base| format!("{}export HOME={}", base.command(), base.path.display())),
    }
}

/// A folder of this user's on a local file system.
struct LocalFolder {
    path: PathBuf,
    exists: bool,
}

impl LocalFolder {
    /// What makes it, before another command: nobody else can have made it then.
    fn command(&self) -> String {
        if self.exists { String::new() } else { format!("mkdir -m 700 {} && ", self.path.display()) }
    }
}

fn local_folder() -> Option<LocalFolder> {
    let me = rustix::process::geteuid().as_raw();
    let folders = LOCAL_FOLDERS.into_iter().map(|above| Path::new(above).join(format!("bqcred-{me}")));
    folders.map(|path| (path.symlink_metadata(), path)).find_map(|(metadata, path)| {
        let private = metadata
            .as_ref()
            .is_ok_and(|found| found.is_dir() && found.uid() == me && found.mode() & 0o077 == 0);
        let good =
            (metadata.is_err() || private) && trust::open_to_others(&path).is_none() && is_usable(&path);
        good.then_some(LocalFolder { path, exists: metadata.is_ok() })
    })
}
