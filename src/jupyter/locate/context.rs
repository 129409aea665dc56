//! What decides which files a Jupyter server reads, running or not.
//!
//! The rules are those of `jupyter_core.paths` in the version that is installed in the server's Python: they
//! differ between versions.

use std::path::{Path, PathBuf};

use crate::jupyter::kernelspec::files;
use crate::jupyter::locate::python::Python;
use crate::jupyter::{Environ, flag};

/// What decides which files a server reads.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The Python that runs it; `None` if there is none, and only programs like VS Code read kernelspecs.
    pub(crate) python: Option<Python>,
    /// The environment of its process.
    pub(crate) environ: Environ,
    /// The home directory of its user, used if the environment has no `HOME`.
    pub(crate) home: PathBuf,
    /// The working directory of its process.
    pub(crate) directory: PathBuf,
    /// The id of its user.
    pub(crate) uid: u32,
    /// The user id of its login session, if there is one (`os.getlogin()`).
    pub(crate) login: Option<u32>,
    /// Its command line without the interpreter; empty if it does not run.
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

    /// The home directory, symbolic links resolved.
    pub(crate) fn resolved_home(&self) -> PathBuf {
        let home = self.plain_home();
        home.canonicalize().unwrap_or(home)
    }

    /// Whether a folder is in the home directory.
    pub(crate) fn has_in_home(&self, folder: &Path) -> bool {
        folder.canonicalize().unwrap_or_else(|_| folder.to_owned()).starts_with(self.resolved_home())
    }

    /// A path as the server resolves it: from its working directory.
    pub(super) fn absolute(&self, path: &Path) -> PathBuf {
        self.directory.join(path)
    }

    /// Whether jupyter_client has version 7 or later, or was not found.
    pub(crate) fn has_client_7(&self) -> bool {
        let installed = self.python.as_ref().and_then(|python| python.version("jupyter_client"));
        installed.is_none_or(|version| version >= (7, 0, 0))
    }

    /// The version of the installed `jupyter_core`; higher than any if it was not found.
    pub(super) fn core(&self) -> (u32, u32, u32) {
        let installed = self.python.as_ref().and_then(|python| python.version("jupyter_core"));
        installed.unwrap_or((u32::MAX, 0, 0))
    }

    /// Whether it uses the platform's directories and not Jupyter's traditional ones.
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

    /// `jupyter_core.paths.prefer_environment_over_user()` of the installed version.
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
            // Python compares strings here, not paths
            python.prefix.as_os_str().as_encoded_bytes().starts_with(conda.as_encoded_bytes())
        });
        if core < (5, 1, 1) {
            return python.is_venv || conda;
        }
        let base = self.environ.get("CONDA_DEFAULT_ENV").is_none_or(|name| name == "base");
        (python.is_venv || (conda && !base)) && self.owns(&python.prefix)
    }

    /// `jupyter_core.paths._do_i_own`: compares the owner with the login session's user, else with the user id.
    fn owns(&self, path: &Path) -> bool {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let existing = path.ancestors().find_map(|path| std::fs::metadata(path).ok());
        existing.is_some_and(|metadata| files::owner(&metadata) == self.login.unwrap_or(self.uid))
    }

    /// Whether JupyterHub's `disable_user_config` is on: the server reads nothing below the home directory.
    pub(crate) fn ignores_home(&self) -> bool {
        // jupyterhub's _bool_env: the value counts, not only that it is set
        let word = self
            .environ
            .get("JUPYTERHUB_DISABLE_USER_CONFIG")
            .map(|word| word.to_string_lossy().to_lowercase());
        let by_hub = word.is_some_and(|word| !["", "0", "false"].contains(&word.as_str()));
        by_hub || self.arguments.iter().any(|word| word.ends_with(".disable_user_config=True"))
    }
}
