//! `.bqcred` files, which set the profile of their folder, and the list of those that the user allowed.
//!
//! A `.bqcred` file holds the name of a profile. It may come with another person's repository, so it is used only
//! after the user has allowed it, and only while its path and content are the same. (direnv keeps a hash of the
//! content; here it is one name, so the name itself is kept.)

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::credential::paths::Paths;
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::output::shell_word::shell_word;
use crate::system::json_file::{Document, JsonFile};
use crate::system::private_file::{self, Content, Lock};

/// The name of the file that sets its folder's profile.
pub(crate) const FILE_NAME: &str = ".bqcred";

/// A `.bqcred` file, allowed or not.
#[derive(Debug)]
pub(crate) struct Pin {
    /// Its path, links in the folders resolved.
    pub(crate) path: PathBuf,
    /// The profile that it names.
    pub(crate) profile: ProfileName,
}

/// The allowed files, each with the profile that it may name.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Allowed(pub(crate) BTreeMap<String, String>);

impl Pin {
    /// Reads this file, or the `.bqcred` file in this folder.
    pub(crate) fn read(path: &Path) -> Result<Pin> {
        let path = resolved(path)?;
        let Some(bytes) = private_file::read(&path, Content::Foreign)? else { return Err(missing(&path)) };
        let profile = Pin::parse(&path, &bytes)?;
        Ok(Pin { path, profile })
    }

    /// Parses the name in the file; `path` is for the messages.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<ProfileName> {
        std::str::from_utf8(bytes).ok().and_then(|text| ProfileName::parse(text.trim_end()).ok()).ok_or_else(
            || {
                Error::content(path, "doesn't hold the name of one profile")
                    .hint("write one name to it, such as `work`")
            },
        )
    }

    /// The path of the nearest `.bqcred` file, in the current folder or above.
    pub(crate) fn nearest() -> Result<PathBuf> {
        let here = std::env::current_dir()
            .map_err(|error| Error::file(Path::new("."), "find the current folder", &error))?;
        here.ancestors()
            .map(|folder| folder.join(FILE_NAME))
            .find(|path| path.symlink_metadata().is_ok())
            .ok_or_else(|| {
                Error::new(Kind::Missing, format!("there is no {FILE_NAME} file in this folder or above"))
                    .hint(format!("`echo work > {FILE_NAME}` creates one"))
            })
    }

    /// The profile, if the user allowed this file.
    pub(crate) fn allowed(self, paths: &Paths) -> Result<ProfileName> {
        let allowed = Allowed::load(paths)?;
        let hint = format!("`bqcred allow {}` allows it", shell_word(&self.path));
        match allowed.0.get(key(&self.path)?) {
            Some(profile) if profile == self.profile.as_str() => Ok(self.profile),
            Some(_) => {
                Err(Error::other(format!("{} has changed since it was allowed", self.path.display()))
                    .hint(hint))
            }
            None => Err(Error::other(format!(
                "{} sets profile {}, but is not allowed",
                self.path.display(),
                self.profile
            ))
            .hint(hint)),
        }
    }
}

impl Document for Allowed {
    const HINT: Option<&str> = Some("`bqcred allow` starts a new list and keeps this one under another name");
}

impl Allowed {
    /// The list; empty if there is no file.
    pub(crate) fn load(paths: &Paths) -> Result<Allowed> {
        file(paths).load().map(Option::unwrap_or_default)
    }

    /// Adds a file with its current content. An invalid list is kept under another name, which the notes tell.
    pub(crate) fn allow(paths: &Paths, pin: &Pin) -> Result<Notes> {
        let key = key(&pin.path)?.to_owned();
        let (_, notes) = change(paths, |allowed| allowed.0.insert(key, pin.profile.to_string()))?;
        Ok(notes)
    }

    /// Removes a file, which need not exist any more. Returns whether it was allowed.
    pub(crate) fn deny(paths: &Paths, path: &Path) -> Result<(bool, Notes)> {
        let path = resolved(path)?;
        let key = key(&path)?;
        let (before, notes) = change(paths, |allowed| allowed.0.remove(key))?;
        Ok((before.is_some(), notes))
    }
}

fn file(paths: &Paths) -> JsonFile<Allowed> {
    JsonFile::new(paths.pins(), Content::Settings)
}

fn change<T>(paths: &Paths, change: impl FnOnce(&mut Allowed) -> T) -> Result<(T, Notes)> {
    let lock = Lock::acquire(&paths.state.join(".+pins.lock"))?;
    file(paths).change(&lock, change)
}

/// The file's path with links in its folders resolved. A link to an allowed file counts as another file.
fn resolved(path: &Path) -> Result<PathBuf> {
    let path = if path.is_dir() { path.join(FILE_NAME) } else { path.to_owned() };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or_else(|| missing(&path))?;
    let folder = std::fs::canonicalize(folder).map_err(|error| Error::file(folder, "find", &error))?;
    Ok(folder.join(name))
}

fn missing(path: &Path) -> Error {
    Error::new(Kind::Missing, format!("there is no file {}", path.display()))
}

fn key(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| {
        Error::other(format!("the path {} is not UTF-8, so it can't be allowed", path.display()))
    })
}
