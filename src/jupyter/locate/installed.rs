//! Where conda, pipx, uv and virtualenvwrapper keep environments that may have Jupyter, active or not.

use std::path::{Path, PathBuf};

use crate::system::env::Environ;

/// The Python of a prefix.
pub(super) fn interpreter_in(prefix: &Path) -> PathBuf {
    let paths = ["bin/python", "bin/python3"].map(|name| prefix.join(name));
    paths.into_iter().find(|path| path.exists()).unwrap_or_else(|| prefix.join("bin/python"))
}

/// The virtual environment `.venv` of the project that this folder is in.
pub(super) fn project_folder(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().map(|folder| folder.join(".venv")).find(|venv| venv.join("pyvenv.cfg").is_file())
}

/// Prefixes of conda and its environments in the usual folders.
pub(super) fn conda_folders(environ: &Environ, home: &Path) -> Vec<PathBuf> {
    let names = ["miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba"];
    let mut roots: Vec<PathBuf> =
        ["/opt/conda", "/opt/miniconda3", "/opt/anaconda3"].map(PathBuf::from).to_vec();
    roots.extend(names.map(|name| home.join(name)));
    roots.extend(environ.filled("MAMBA_ROOT_PREFIX").map(PathBuf::from));
    let envs = roots.iter().flat_map(|root| folders_in(&root.join("envs"))).collect::<Vec<_>>();
    roots.extend(envs);
    roots.extend(folders_in(&home.join(".conda/envs")));
    roots
}

/// Prefixes of the tools that pipx and uv installed, and of virtualenvwrapper's environments.
pub(super) fn tool_folders(environ: &Environ, home: &Path) -> Vec<PathBuf> {
    let shared = environ.filled("XDG_DATA_HOME");
    let shared = shared.map_or_else(|| home.join(".local").join("share"), PathBuf::from);
    let mut roots = vec![
        shared.join("pipx").join("venvs"),
        home.join(".local").join("pipx").join("venvs"),
        shared.join("uv").join("tools"),
    ];
    roots.extend(environ.filled("PIPX_HOME").map(|home| Path::new(home).join("venvs")));
    roots.extend(environ.filled("UV_TOOL_DIR").map(PathBuf::from));
    roots.push(environ.filled("WORKON_HOME").map_or_else(|| home.join(".virtualenvs"), PathBuf::from));
    roots.iter().flat_map(|root| folders_in(root)).collect()
}

/// The folders in this one, sorted.
pub(super) fn folders_in(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root) else { return Vec::new() };
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}
