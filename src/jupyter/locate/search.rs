//! The directories in which a Jupyter server looks for kernelspecs, in its order.
//!
//! The rules are those of `jupyter_core.paths.jupyter_path` and
//! `jupyter_client.kernelspec.KernelSpecManager.kernel_dirs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::jupyter::kernelspec::files;
use crate::jupyter::locate::context::Context;
use crate::jupyter::locate::python;

/// The kind of a search directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// An entry of `JUPYTER_PATH`.
    JupyterPath,
    /// The user's data directory.
    User,
    /// `share/jupyter` of Python's user base.
    UserBase,
    /// `share/jupyter` of the server's Python.
    Environment,
    /// `share/jupyter` of another conda environment.
    Conda,
    /// The system's directories.
    System,
    /// `~/.ipython`, which Jupyter still searches for kernels of old IPython versions.
    IPython,
    /// No search directory: the resources of ipykernel; the spec exists only in memory.
    Native,
}

/// A directory that is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Directory {
    /// The directory that contains kernelspec folders.
    pub(crate) path: PathBuf,
    /// Its kind.
    pub(crate) location: Location,
}

impl Context {
    /// The directories that are searched for kernelspecs, in the server's order.
    pub(crate) fn search_path(&self) -> Vec<Directory> {
        let mut found = self.jupyter_path();
        if self.ignores_home() {
            let home = self.resolved_home();
            found.retain(|folder| {
                let path = folder.path.canonicalize().unwrap_or_else(|_| folder.path.clone());
                !path.starts_with(&home)
            });
        }
        for folder in &mut found {
            folder.path.push("kernels");
        }
        if let Some(path) = self.ipython_dir() {
            found.push(Directory { path: path.join("kernels"), location: Location::IPython });
        }
        let mut seen = std::collections::BTreeSet::new();
        found.retain(|folder| seen.insert(folder.path.clone()));
        found
    }

    /// `jupyter_core.paths.SYSTEM_JUPYTER_PATH`.
    fn system_dirs(&self) -> Vec<PathBuf> {
        let shared =
            self.environ.get("XDG_DATA_DIRS").filter(|dirs| !dirs.to_string_lossy().trim().is_empty());
        if self.platform_dirs()
            && let Some(shared) = shared
        {
            return std::env::split_paths(shared).map(|folder| folder.join("jupyter")).collect();
        }
        ["/usr/local/share/jupyter", "/usr/share/jupyter"].map(PathBuf::from).to_vec()
    }

    fn jupyter_path(&self) -> Vec<Directory> {
        let mut found = Vec::new();
        if let Some(paths) = self.environ.filled("JUPYTER_PATH") {
            for path in std::env::split_paths(paths) {
                found.push(Directory {
                    path: self.absolute(&without_slashes(&path)),
                    location: Location::JupyterPath,
                });
            }
        }
        let mut user = vec![Directory { path: self.data_dir(), location: Location::User }];
        let system = self.system_dirs();
        let mut environment = Vec::new();
        if let Some(python) = &self.python {
            if python.user_site && self.core() >= (4, 9, 0) {
                let base = self.absolute(&python::user_base(&self.environ, &self.plain_home()));
                user.push(Directory {
                    path: base.join("share").join("jupyter"),
                    location: Location::UserBase,
                });
            }
            let path = python.prefix.join("share").join("jupyter");
            if !system.contains(&path) {
                environment.push(Directory { path, location: Location::Environment });
            }
        }
        let (first, second) =
            if self.prefers_environment() { (environment, user) } else { (user, environment) };
        found.extend(first.into_iter().chain(second));
        found.extend(system.into_iter().map(|path| Directory { path, location: Location::System }));
        found
    }

    /// `IPython.paths.get_ipython_dir()`, if IPython is installed and the directory exists.
    fn ipython_dir(&self) -> Option<PathBuf> {
        self.python.as_ref()?.package("IPython")?;
        let home = self.resolved_home();
        let folder = match self.environ.get("IPYTHONDIR") {
            Some(folder) => match Path::new(folder).strip_prefix("~") {
                Ok(below) => home.join(below),
                Err(_) => self.absolute(Path::new(folder)),
            },
            None => home.join(".ipython"),
        };
        let config = self.environ.filled("XDG_CONFIG_HOME");
        let old = config.map_or_else(|| home.join(".config"), PathBuf::from).join("ipython");
        let moved = self.environ.get("IPYTHONDIR").is_none() && !folder.exists() && !old.is_symlink();
        let folder = if moved && self.may_write(&old) { old } else { folder };
        // if it can't write there, IPython uses an empty temporary directory
        self.may_write(&folder).then_some(folder)
    }

    /// `os.access(folder, W_OK)`, judged by the mode bits.
    fn may_write(&self, folder: &Path) -> bool {
        let Ok(metadata) = std::fs::metadata(folder) else { return false };
        metadata.is_dir()
            && (self.uid == 0 || (files::owner(&metadata) == self.uid && !metadata.permissions().readonly()))
    }
}

/// A path without slashes at its end, as `rstrip` leaves it: `/` becomes the working directory.
fn without_slashes(path: &Path) -> PathBuf {
    match path.to_str() {
        Some(text) => PathBuf::from(text.trim_end_matches(std::path::MAIN_SEPARATOR)),
        None => path.to_owned(),
    }
}

/// Kernelspec folders of a directory, by lower-case name.
pub(crate) fn folders_in(directory: &Path) -> BTreeMap<String, PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return BTreeMap::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    let folders = paths.filter(|path| path.join("kernel.json").is_file());
    folders.filter_map(|path| Some((path.file_name()?.to_string_lossy().to_lowercase(), path))).collect()
}
