//! The user's settings: `config.json`.

use serde::{Deserialize, Serialize};

use crate::credential::paths::Paths;
use crate::credential::profile::StoreKind;
use crate::output::error::Result;
use crate::system::json_file::{Document, JsonFile};
use crate::system::private_file::{self, Content, Lock};

/// Settings for all profiles.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// The current profile, as `bqcred use` set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<String>,
    /// The one before, to which `bqcred use -` goes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<String>,
    /// The port that sign-ins listen on, for `ssh -L`; any free one if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// The store for new credentials; file, if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store: Option<StoreKind>,
    /// Keys of newer versions, which are kept.
    #[serde(flatten)]
    pub(crate) unknown: serde_json::Map<String, serde_json::Value>,
}

impl Document for Settings {
    const HINT: Option<&str> = Some("fix it, or move it away to start with the defaults");
}

impl Settings {
    /// Reads the settings; the defaults if there is no file.
    pub(crate) fn load(paths: &Paths) -> Result<Settings> {
        file(paths).load().map(Option::unwrap_or_default)
    }

    /// Makes sure that the settings can be changed.
    pub(crate) fn check_changeable(paths: &Paths) -> Result<()> {
        let _lock = Lock::acquire(&paths.config.join(".lock"))?;
        Settings::load(paths)?;
        private_file::probe_folder(&paths.config)
    }

    /// Changes the settings under their lock. People edit this file by hand: an invalid one is not changed, and the
    /// error names the position.
    pub(crate) fn change(paths: &Paths, change: impl FnOnce(&mut Settings)) -> Result<()> {
        let lock = Lock::acquire(&paths.config.join(".lock"))?;
        let mut settings = Settings::load(paths)?;
        change(&mut settings);
        file(paths).write(&lock, &settings)
    }
}

fn file(paths: &Paths) -> JsonFile<Settings> {
    JsonFile::new(paths.settings(), Content::Shared)
}
