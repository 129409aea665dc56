//! A Jupyter server, running or to be started, as far as it decides which files it reads.
//!
//! The rules are those of `jupyter_core.paths`, for the version that the server's Python has installed:
//! they have changed over the years.

use std::path::{Path, PathBuf};

use crate::jupyter::locate::files;
use crate::jupyter::locate::python::Python;
use crate::jupyter::{Environ, flag};

/// Everything of a server, running or to be started, that decides what it finds.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The Python that runs it; none where only other programs read kernelspecs.
    pub(crate) python: Option<Python>,
    /// Its environment.
    pub(crate) environ: Environ,
    /// The home directory of its user, for an environment without `HOME`.
    pub(crate) home: PathBuf,
    /// Its working directory.
    pub(crate) directory: PathBuf,
    /// Its user.
    pub(crate) uid: u32,
    /// The user of its login session, if there is one (`os.getlogin()`).
    pub(crate) login: Option<u32>,
    /// Its command line, without the interpreter; empty for a server that does not run.
    pub(crate) arguments: Vec<String>,
}

impl Context {
    /// `~` as Python's `expanduser` sees it, not resolved.
    pub(crate) fn plain_home(&self) -> PathBuf {
        match self.environ.get("HOME") {
            Some(home) if home.is_empty() => PathBuf::from("/"),
            Some(home) => self.absolute(Path::new(home)),
            None => self.home.clone(),
        }
    }

    /// The home directory, links resolved.
    pub(crate) fn resolved_home(&self) -> PathBuf {
        let home = self.plain_home();
        home.canonicalize().unwrap_or(home)
    }

    /// A path as the server resolves it: from its working directory.
    pub(super) fn absolute(&self, path: &Path) -> PathBuf {
        self.directory.join(path)
    }

    /// Whether jupyter_client is of version 7 or later, or can't be found.
    pub(crate) fn has_client_7(&self) -> bool {
        let installed = self.python.as_ref().and_then(|python| python.version("jupyter_client"));
        installed.is_none_or(|version| version >= (7, 0, 0))
    }

    /// The version of the installed `jupyter_core`; a very new one if it can't be found.
    pub(super) fn core(&self) -> (u32, u32, u32) {
        let installed = self.python.as_ref().and_then(|python| python.version("jupyter_core"));
        installed.unwrap_or((u32::MAX, 0, 0))
    }

    /// Whether it goes by the platform's directories, and not by Jupyter's own of old.
    pub(super) fn platform_dirs(&self) -> bool {
        self.core() >= (5, 0, 0) && flag(&self.environ, "JUPYTER_PLATFORM_DIRS") == Some(true)
    }

    /// `jupyter_core.paths.jupyter_data_dir()`.
    pub(crate) fn data_dir(&self) -> PathBuf {
        if let Some(folder) = self.environ.filled("JUPYTER_DATA_DIR") {
            return self.absolute(Path::new(folder));
        }
        let home = if self.platform_dirs() { self.plain_home() } else { self.resolved_home() };
        if cfg!(target_os = "macos") {
            let name = if self.platform_dirs() { "Application Support/Jupyter" } else { "Jupyter" };
            return home.join("Library").join(name);
        }
        if cfg!(windows)
            && let Some(data) = self.environ.filled("APPDATA")
        {
            return Path::new(data).join("jupyter");
        }
        match self.environ.filled("XDG_DATA_HOME") {
            Some(data) => self.absolute(Path::new(data)).join("jupyter"),
            None => home.join(".local").join("share").join("jupyter"),
        }
    }

    /// `jupyter_core.paths.jupyter_config_dir()`; none if `JUPYTER_NO_CONFIG` is set.
    pub(crate) fn config_dir(&self) -> Option<PathBuf> {
        if self.environ.filled("JUPYTER_NO_CONFIG").is_some() {
            return None;
        }
        if let Some(folder) = self.environ.filled("JUPYTER_CONFIG_DIR") {
            return Some(self.absolute(Path::new(folder)));
        }
        if self.platform_dirs() {
            let config = self.environ.filled("XDG_CONFIG_HOME");
            let config = config.map_or_else(|| self.plain_home().join(".config"), PathBuf::from);
            return Some(config.join("jupyter"));
        }
        Some(self.resolved_home().join(".jupyter"))
    }

    /// `jupyter_core.paths.jupyter_runtime_dir()`.
    pub(crate) fn runtime_dir(&self) -> PathBuf {
        match self.environ.filled("JUPYTER_RUNTIME_DIR") {
            Some(folder) => self.absolute(Path::new(folder)),
            None => self.data_dir().join("runtime"),
        }
    }

    /// `jupyter_core.paths.prefer_environment_over_user()`, as it was in the installed version.
    pub(crate) fn prefers_environment(&self) -> bool {
        let core = self.core();
        if core < (4, 7, 0) {
            return false;
        }
        if let Some(prefer) = flag(&self.environ, "JUPYTER_PREFER_ENV_PATH") {
            return prefer;
        }
        let Some(python) = self.python.as_ref().filter(|_| core >= (5, 0, 0)) else { return false };
        let conda = self.environ.get("CONDA_PREFIX").is_some_and(|conda| {
            // a comparison of strings, as Python makes it
            python.prefix.as_os_str().as_encoded_bytes().starts_with(conda.as_encoded_bytes())
        });
        if core < (5, 1, 1) {
            return python.is_venv || conda;
        }
        let base = self.environ.get("CONDA_DEFAULT_ENV").is_none_or(|name| name == "base");
        (python.is_venv || (conda && !base)) && self.owns(&python.prefix)
    }

    /// `jupyter_core.paths._do_i_own`: by login name where there is a login, else by user id.
    fn owns(&self, path: &Path) -> bool {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let existing = path.ancestors().find_map(|path| std::fs::metadata(path).ok());
        existing.is_some_and(|metadata| files::owner(&metadata) == self.login.unwrap_or(self.uid))
    }

    /// Whether JupyterHub keeps this server from reading anything below the user's home.
    pub(crate) fn ignores_home(&self) -> bool {
        // jupyterhub's _bool_env: a word, not merely set
        let word = self
            .environ
            .get("JUPYTERHUB_DISABLE_USER_CONFIG")
            .map(|word| word.to_string_lossy().to_lowercase());
        let by_hub = word.is_some_and(|word| !["", "0", "false"].contains(&word.as_str()));
        by_hub || self.arguments.iter().any(|word| word.ends_with(".disable_user_config=True"))
    }
}
