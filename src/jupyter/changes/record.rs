//! The record of the kernelspecs that bqcred changed, `kernels.json`. What was changed stands in each kernelspec's marker.
//!
//! Without the record, a kernelspec in an environment that is not active would not be found, nor one that an upgrade
//! has replaced and that has no marker any more.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::credential::paths::Paths;
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Result, json_problem};
use crate::output::notes::Notes;
use crate::system::private_file::{self, Content, Lock};

/// One kernelspec that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Its `kernel.json`, symbolic links resolved.
    pub(crate) file: PathBuf,
    /// The name of the kernel.
    pub(crate) kernel: String,
    /// The profile that it uses.
    pub(crate) profile: String,
    /// Whether its command is wrapped in `bqcred exec`.
    #[serde(default)]
    pub(crate) exec: bool,
    /// The interpreter that a bare `python` in its command stands for, from the server that it was changed for.
    #[serde(default)]
    pub(crate) python: Option<PathBuf>,
}

/// All kernelspecs that were changed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    /// In the order of their first change.
    pub(crate) kernels: Vec<Entry>,
}

fn path(paths: &Paths) -> PathBuf {
    paths.state.join("kernels.json")
}

impl Record {
    /// Reads the record; empty if there is none.
    pub(crate) fn load(paths: &Paths) -> Result<Record> {
        let path = path(paths);
        let Some(bytes) = private_file::read(&path, Content::Settings)? else { return Ok(Record::default()) };
        serde_json::from_slice(&bytes).map_err(|error| Error::content(&path, json_problem(&error)))
    }

    /// Reads the record; an invalid one is set aside, and the kernelspecs' own markers have to do.
    pub(crate) fn load_or_set_aside(paths: &Paths) -> Result<(Record, Notes)> {
        if let Ok(record) = Record::load(paths) {
            return Ok((record, Notes::none()));
        }
        let notes = Record::change(paths, |_| ())?;
        Ok((Record::load(paths)?, notes))
    }

    /// Changes the record under its lock; an invalid one is set aside.
    pub(crate) fn change(paths: &Paths, change: impl FnOnce(&mut Record)) -> Result<Notes> {
        let mut notes = Notes::none();
        let lock = Lock::acquire(&paths.state.join(".+kernels.lock"))?;
        let mut record = match Record::load(paths) {
            Ok(record) => record,
            Err(error) => {
                let aside = private_file::set_aside(&lock, &path(paths))?;
                notes.add(format!("{error}; it is kept as {}", aside.display()));
                Record::default()
            }
        };
        change(&mut record);
        if record.kernels.is_empty() {
            private_file::remove(&path(paths))?;
            return Ok(notes);
        }
        let mut text = serde_json::to_vec_pretty(&record)
            .map_err(|error| Error::other(format!("can't describe the kernels: {}", json_problem(&error))))?;
        text.push(b'\n');
        private_file::write(&lock, &path(paths), &text)?;
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
