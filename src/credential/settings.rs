//! The person's settings: `config.json`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::credential::paths::Paths;
use crate::credential::profile::StoreKind;
use crate::output::error::{Error, Result, json_problem};
use crate::system::private_file::{self, Content, Lock};

/// What a person decided once, for all profiles.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// The profile that is meant where none is named (`bqcred use`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<String>,
    /// The port that logins listen on, for `ssh -L`; any free one if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// Where new credentials go; files, if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store: Option<StoreKind>,
    /// What a newer bqcred keeps here; carried along.
    #[serde(flatten)]
    pub(crate) unknown: serde_json::Map<String, serde_json::Value>,
}

impl Settings {
    /// Reads the settings; all unset if there is no file.
    pub(crate) fn load(paths: &Paths) -> Result<Settings> {
        let path = paths.settings();
        let Some(bytes) = private_file::read(&path, Content::Settings)? else {
            return Ok(Settings::default());
        };
        Settings::parse(&path, &bytes)
    }

    /// Reads the file's content; `path` is for the messages.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Settings> {
        serde_json::from_slice(bytes).map_err(|error| {
            Error::content(path, json_problem(&error)).hint("mend it, or move it away to start with none")
        })
    }

    /// Changes the settings under their lock; what can't be understood is left alone and told.
    pub(crate) fn change(paths: &Paths, change: impl FnOnce(&mut Settings)) -> Result<()> {
        let lock = Lock::acquire(&paths.config.join(".lock"))?;
        let mut settings = Settings::load(paths)?;
        change(&mut settings);
        let mut text = serde_json::to_vec_pretty(&settings).map_err(|error| {
            Error::other(format!("can't describe the settings: {}", json_problem(&error)))
        })?;
        text.push(b'\n');
        private_file::write(&lock, &paths.settings(), &text)
    }
}
