//! Which file to write, so that the server reads it.
//!
//! A kernelspec that is ours is changed where it lies. One that is not is shadowed by a copy in an
//! earlier directory that is ours. Where neither would be read, nothing is written and the reason is
//! given, with the way that works instead.

use std::path::{Path, PathBuf};

use crate::jupyter::locate::context::Context;
use crate::jupyter::locate::files;
use crate::jupyter::locate::listing::Kernel;
use crate::jupyter::locate::search::{Directory, Source};

/// Where the person wants the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// Wherever the server reads it.
    Auto,
    /// The user's data directory.
    User,
    /// The environment of the server's Python.
    Environment,
}

/// What to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Change this file, symbolic links resolved.
    Patch(PathBuf),
    /// Copy the kernel's folder to this one, which does not exist or has no `kernel.json`.
    Copy(PathBuf),
}

/// Why no file would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A directory of `JUPYTER_PATH` comes first and is not ours.
    JupyterPath(PathBuf),
    /// nb_conda_kernels finds the kernel in an environment of conda's and would show a copy as one more.
    NbConda(PathBuf),
    /// JupyterHub's `disable_user_config`: the server reads nothing below the home directory.
    HomeIgnored,
    /// The server's allow-list leaves the kernel out.
    NotAllowed,
    /// The wanted directory is searched only after the one where the kernel is found.
    Later {
        /// The directory that was asked for.
        wanted: PathBuf,
        /// The folder that the server reads.
        read: PathBuf,
    },
    /// The file or directory belongs to somebody else, or is closed to writing.
    NotOurs(PathBuf),
    /// The server has no Python environment of its own.
    NoEnvironment,
    /// A kernel of the wanted name exists and was not made by bqcred.
    Taken(PathBuf),
    /// Jupyter itself does not accept the spec.
    Broken(String),
}

impl Refusal {
    /// What is in the way.
    pub(crate) fn what(&self) -> String {
        match self {
            Refusal::JupyterPath(path) => {
                format!("JUPYTER_PATH puts {} first, which you can't write", path.display())
            }
            Refusal::NbConda(folder) => format!(
                "nb_conda_kernels takes it from {} and would show a copy as another kernel",
                folder.display()
            ),
            Refusal::HomeIgnored => {
                "JupyterHub runs this server with disable_user_config: it reads nothing in your home directory".into()
            }
            Refusal::NotAllowed => "the server's allowed_kernelspecs leaves this kernel out".into(),
            Refusal::Later { wanted, read } => {
                format!("the server reads {} before {}", read.display(), wanted.display())
            }
            Refusal::NotOurs(path) => format!("{} is not yours to change", path.display()),
            Refusal::NoEnvironment => "no Python environment of a Jupyter server was found".into(),
            Refusal::Taken(path) => format!("there is a kernel of that name already: {}", path.display()),
            Refusal::Broken(problem) => format!("Jupyter does not accept this kernelspec: {problem}"),
        }
    }

    /// What works instead.
    pub(crate) fn instead(&self) -> &'static str {
        match self {
            Refusal::JupyterPath(_) | Refusal::NotOurs(_) | Refusal::NoEnvironment => {
                "`bqcred kernel snippet --lang ipython-startup` (or `renviron` for R) works in every kernel of yours"
            }
            Refusal::NbConda(_) => {
                "`bqcred kernel install --where env` if the environment is yours, else `bqcred kernel snippet --lang ipython-startup`"
            }
            Refusal::HomeIgnored => {
                "`bqcred kernel snippet --lang jupyterhub` for the hub's administrator, or `--lang python` in the notebook"
            }
            Refusal::NotAllowed => "use a kernel of that list, or ask for this one to be added to it",
            Refusal::Later { .. } => "`bqcred kernel install --where auto` writes where the server reads",
            Refusal::Taken(_) => "another name for --new-kernel",
            Refusal::Broken(_) => "reinstall the kernel, for Python with `python -m ipykernel install`",
        }
    }
}

/// Decides what to write for a kernel that the server found.
pub(crate) fn place(context: &Context, kernel: &Kernel, wanted: Where) -> Result<Place, Refusal> {
    if let Err(problem) = &kernel.spec {
        return Err(Refusal::Broken(problem.clone()));
    }
    if !kernel.allowed {
        return Err(Refusal::NotAllowed);
    }
    let path = context.search_path();
    let read_from = position_of(&path, kernel);
    let mut not_ours = None;
    if patchable(kernel, wanted)
        && let Some(file) = kernel.file()
    {
        match own_file(&file, context.uid) {
            Some(file) => return Ok(Place::Patch(file)),
            None if kernel.source == Source::JupyterPath => {
                return Err(Refusal::JupyterPath(kernel.folder.clone()));
            }
            None if wanted == Where::Environment => return Err(Refusal::NotOurs(file)),
            None => not_ours = Some(file),
        }
    }
    if kernel.conda.is_some() {
        return Err(Refusal::NbConda(kernel.folder.clone()));
    }
    let target = target(context, &path, wanted, read_from, kernel.source == Source::Native);
    let target = target.map_err(|refusal| match (refusal, not_ours) {
        // nobody asked for the later directory: what is in the way is the file
        (Refusal::Later { .. }, Some(file)) if wanted == Where::Auto => Refusal::NotOurs(file),
        (refusal, _) => refusal,
    })?;
    copy_place(context, kernel, target)
}

/// Where to put a kernelspec under a name of its own.
pub(crate) fn place_new(context: &Context, name: &str, wanted: Where) -> Result<PathBuf, Refusal> {
    let path = context.search_path();
    let target = target(context, &path, wanted, path.len(), true)?;
    Ok(own_folder(&target.path, context.uid)?.join(name))
}

/// Whether the file that the server reads lies where the person wants the change. The system's
/// directories serve everybody: even root does not get them changed.
fn patchable(kernel: &Kernel, wanted: Where) -> bool {
    match kernel.source {
        Source::System | Source::Native => false,
        Source::Environment | Source::Conda => wanted != Where::User,
        Source::User | Source::UserBase => wanted != Where::Environment,
        Source::JupyterPath | Source::IPython => wanted == Where::Auto,
    }
}

/// The file with symbolic links resolved, if it and its folder are this user's, and the links not somebody
/// else's: those could lead to any file of ours. A file that is closed to writing is replaced all the same, for
/// that takes the folder only, and stays closed.
fn own_file(file: &Path, uid: u32) -> Option<PathBuf> {
    let real = file.canonicalize().ok()?;
    if !files::is_controlled_by(file, uid) {
        return None;
    }
    let owner = files::owner(&std::fs::metadata(&real).ok()?);
    (owner == uid && files::is_owned(real.parent()?, uid)).then_some(real)
}

fn position_of(path: &[Directory], kernel: &Kernel) -> usize {
    let holder = kernel.folder.parent();
    path.iter().position(|directory| Some(directory.path.as_path()) == holder).unwrap_or(path.len())
}

/// The first directory of the wanted kind that is searched before the kernel's present one. A kernel
/// that is `tied` to the server's Python belongs into its environment, if that is ours.
fn target<'a>(
    context: &Context,
    path: &'a [Directory],
    wanted: Where,
    read_from: usize,
    tied: bool,
) -> Result<&'a Directory, Refusal> {
    let source = match wanted {
        Where::Environment => Source::Environment,
        Where::User => Source::User,
        Where::Auto if tied => match first_of(path, &[Source::User, Source::Environment]) {
            // an environment of ours comes first only in a venv or conda environment: there it belongs
            Some(first)
                if first.source == Source::Environment && own_folder(&first.path, context.uid).is_ok() =>
            {
                Source::Environment
            }
            _ => Source::User,
        },
        Where::Auto => Source::User,
    };
    let found = path.iter().enumerate().find(|(_, directory)| directory.source == source);
    match found {
        Some((position, directory)) if position < read_from => Ok(directory),
        Some((_, directory)) => {
            let read = path.get(read_from).map(|read| read.path.clone()).unwrap_or_default();
            match path.get(read_from).map(|read| read.source) {
                Some(Source::JupyterPath) => Err(Refusal::JupyterPath(read)),
                _ => Err(Refusal::Later { wanted: directory.path.clone(), read }),
            }
        }
        None if context.ignores_home() => Err(Refusal::HomeIgnored),
        None => Err(Refusal::NoEnvironment),
    }
}

fn first_of<'a>(path: &'a [Directory], sources: &[Source]) -> Option<&'a Directory> {
    path.iter().find(|directory| sources.contains(&directory.source))
}

fn copy_place(context: &Context, kernel: &Kernel, target: &Directory) -> Result<Place, Refusal> {
    let folder = own_folder(&target.path, context.uid)?.join(&kernel.name);
    Ok(Place::Copy(folder))
}

/// A directory for kernelspecs, links resolved, if it, or the nearest one above that exists, is this
/// user's.
fn own_folder(folder: &Path, uid: u32) -> Result<PathBuf, Refusal> {
    let existing = folder.ancestors().find(|folder| folder.exists());
    let Some(existing) = existing else { return Err(Refusal::NotOurs(folder.to_owned())) };
    if !files::is_owned(existing, uid) {
        return Err(Refusal::NotOurs(existing.to_owned()));
    }
    let real = existing.canonicalize().unwrap_or_else(|_| existing.to_owned());
    Ok(match folder.strip_prefix(existing) {
        Ok(rest) if rest.as_os_str().is_empty() => real,
        Ok(rest) => real.join(rest),
        Err(_) => folder.to_owned(),
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
