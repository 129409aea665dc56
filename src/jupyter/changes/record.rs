//! The record of the kernelspecs that bqcred changed, `kernels.json`. What was changed stands in each kernelspec's marker.
//!
//! Without the record, a kernelspec in an environment that is not active would not be found, nor one that an upgrade
//! has replaced and that has no marker any more.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::credential::paths::Paths;
use crate::credential::profile_name::ProfileName;
use crate::handover::broker::limits::Limits;
use crate::output::error::Result;
use crate::output::notes::Notes;
use crate::system::json_file::{Document, JsonFile};
use crate::system::json_path;
use crate::system::private_file::{self, Content, Lock};

/// One kernelspec that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Its `kernel.json`, symbolic links resolved.
    #[serde(with = "json_path")]
    pub(crate) file: PathBuf,
    /// The name of the kernel.
    pub(crate) kernel: String,
    /// The profile that it uses.
    pub(crate) profile: String,
    /// Whether its command is wrapped in `bqcred exec`.
    #[serde(default)]
    pub(crate) exec: bool,
    /// What the kernel gets, if it is wrapped in `bqcred exec --token-only`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_only: Option<Limits>,
    /// The interpreter that a bare `python` in its command stands for, from the server that it was changed for.
    #[serde(default, with = "json_path::option")]
    pub(crate) python: Option<PathBuf>,
}

/// All kernelspecs that were changed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    /// In the order of their first change.
    pub(crate) kernels: Vec<Entry>,
}

impl Document for Record {}

fn file(paths: &Paths) -> JsonFile<Record> {
    JsonFile::new(path(paths), Content::Settings)
}

fn path(paths: &Paths) -> PathBuf {
    paths.state.join("kernels.json")
}

fn lock(paths: &Paths) -> Result<Lock> {
    Lock::acquire(&paths.state.join(".+kernels.lock"))
}

impl Record {
    /// Reads the record; empty if there is none.
    pub(crate) fn load(paths: &Paths) -> Result<Record> {
        file(paths).load().map(Option::unwrap_or_default)
    }

    /// Reads the record; an invalid one is set aside, and the kernelspecs' own markers have to do.
    pub(crate) fn load_or_set_aside(paths: &Paths) -> Result<(Record, Notes)> {
        if let Ok(record) = Record::load(paths) {
            return Ok((record, Notes::none())); // with no lock, which would make a folder where there is none
        }
        let (record, notes) = file(paths).load_or_set_aside(&lock(paths)?)?;
        Ok((record.unwrap_or_default(), notes))
    }

    /// Changes the record under its lock; an invalid one is set aside.
    pub(crate) fn change(paths: &Paths, change: impl FnOnce(&mut Record)) -> Result<Notes> {
        let lock = lock(paths)?;
        let (record, notes) = file(paths).load_or_set_aside(&lock)?;
        let mut record = record.unwrap_or_default();
        change(&mut record);
        if record.kernels.is_empty() {
            private_file::remove(&path(paths))?;
        } else {
            file(paths).write(&lock, &record)?;
        }
        Ok(notes)
    }

    /// Adds a kernelspec, or replaces its entry.
    pub(crate) fn add(&mut self, entry: Entry) {
        match self.kernels.iter_mut().find(|known| known.file == entry.file) {
            Some(known) => *known = entry,
            None => self.kernels.push(entry),
        }
    }

    /// Whether a kernelspec uses this profile.
    pub(crate) fn uses(&self, name: &ProfileName) -> bool {
        self.kernels.iter().any(|known| known.profile == name.as_str())
    }

    /// Removes a kernelspec's entry.
    pub(crate) fn remove(&mut self, file: &Path) {
        self.kernels.retain(|known| known.file != file);
    }
}
