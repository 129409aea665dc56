//! Which file to write, so that the server reads it.
//!
//! A kernelspec that belongs to the user is changed in its place, if that is in the home or is searched first. Another
//! is copied to a directory of the user's that the server searches earlier. Where neither would be read, nothing is written, and the
//! [`Obstacle`] says why.

use std::path::{Path, PathBuf};

use crate::jupyter::changes::obstacle::Obstacle;
use crate::jupyter::kernelspec::files;
use crate::jupyter::locate::context::Context;
use crate::jupyter::locate::kernels::Kernel;
use crate::jupyter::locate::search::{Directory, Location};

/// Which directory the user wants changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// Whichever the server reads.
    Auto,
    /// The user's data directory.
    User,
    /// The environment of the server's Python.
    Environment,
}

/// What to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Change this file, symbolic links resolved.
    Patch(PathBuf),
    /// Copy the kernel's folder to this one, which does not exist or has no `kernel.json`.
    Copy(PathBuf),
}

/// What to write for a kernel that the server found.
pub(crate) fn choose(context: &Context, kernel: &Kernel, placement: Placement) -> Result<Target, Obstacle> {
    if let Err(problem) = &kernel.spec {
        return Err(Obstacle::InvalidSpec(problem.clone()));
    }
    if !kernel.allowed {
        return Err(Obstacle::NotAllowed);
    }
    let path = context.search_path();
    let read_from = position_of(&path, kernel);
    let mut not_writable = None;
    if may_patch(kernel, placement)
        && !home_is_better(context, kernel, placement, &path)
        && let Some(file) = kernel.file()
    {
        match own_file(&file, context.uid) {
            Some(file) => return Ok(Target::Patch(file)),
            None if kernel.location == Location::JupyterPath => {
                return Err(Obstacle::JupyterPath(kernel.folder.clone()));
            }
            None if placement == Placement::Environment => {
                return Err(match files::owner_of(&file).filter(|owner| *owner != context.uid) {
                    Some(owner) => Obstacle::OfOthers(file, owner),
                    None => Obstacle::NotWritable(file),
                });
            }
            None => not_writable = Some(file),
        }
    }
    if kernel.conda.is_some() {
        return Err(Obstacle::NbConda(kernel.folder.clone()));
    }
    let is_tied = kernel.location == Location::Native;
    let directory = directory_for(context, &path, placement, read_from, is_tied);
    let directory = directory.map_err(|obstacle| match (obstacle, not_writable) {
        // the user did not ask for the later directory: the obstacle is the file
        (Obstacle::SearchedLater { .. }, Some(file)) if placement == Placement::Auto => {
            Obstacle::NotWritable(file)
        }
        (obstacle, _) => obstacle,
    })?;
    Ok(Target::Copy(own_folder(&directory.path, context.uid)?.join(&kernel.name)))
}

/// The folder for a kernelspec under a new name.
pub(crate) fn folder_for_new(
    context: &Context,
    name: &str,
    placement: Placement,
) -> Result<PathBuf, Obstacle> {
    let path = context.search_path();
    let directory = directory_for(context, &path, placement, path.len(), true)?;
    Ok(own_folder(&directory.path, context.uid)?.join(name))
}

/// Whether the directory of the file that the server reads is the one that the user wants changed. The system's
/// directories serve all users and are never changed, not even for root.
fn may_patch(kernel: &Kernel, placement: Placement) -> bool {
    match kernel.location {
        Location::System | Location::Native => false,
        Location::Environment | Location::Conda => placement != Placement::User,
        Location::User | Location::UserBase => placement != Placement::Environment,
        Location::JupyterPath | Location::IPython => placement == Placement::Auto,
    }
}

/// Whether a copy in the user's directory is read first and better than a change in the environment: one outside the
/// home serves others, too, or is of a container's image and is as before at the container's next start.
fn home_is_better(context: &Context, kernel: &Kernel, placement: Placement, path: &[Directory]) -> bool {
    placement == Placement::Auto
        && kernel.location == Location::Environment
        && kernel.conda.is_none()
        && !context.has_in_home(&kernel.folder)
        && first_of(path, &[Location::User, Location::Environment]).is_some_and(|first| {
            first.location == Location::User && own_folder(&first.path, context.uid).is_ok()
        })
}

/// The file with symbolic links resolved, if the user owns it and can write its folder, and no other user made one of
/// the links: such a link could lead to any file of the user's. A read-only file is replaced, too, because that
/// needs write access to the folder only; it stays read-only.
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

/// The first directory for this placement that is searched before position `read_from`, where the kernel is found
/// now. A kernel that is tied to the server's Python goes to its environment, if that belongs to the user.
fn directory_for<'a>(
    context: &Context,
    path: &'a [Directory],
    placement: Placement,
    read_from: usize,
    is_tied: bool,
) -> Result<&'a Directory, Obstacle> {
    let location = match placement {
        Placement::Environment => Location::Environment,
        Placement::User => Location::User,
        Placement::Auto if is_tied => match first_of(path, &[Location::User, Location::Environment]) {
            // the user's own environment comes first only if it is a venv or a conda environment
            Some(first)
                if first.location == Location::Environment
                    && own_folder(&first.path, context.uid).is_ok() =>
            {
                Location::Environment
            }
            _ => Location::User,
        },
        Placement::Auto => Location::User,
    };
    let found = path.iter().enumerate().find(|(_, directory)| directory.location == location);
    match found {
        Some((position, directory)) if position < read_from => Ok(directory),
        Some((_, directory)) => {
            let read = path.get(read_from).map(|read| read.path.clone()).unwrap_or_default();
            match path.get(read_from).map(|read| read.location) {
                Some(Location::JupyterPath) => Err(Obstacle::JupyterPath(read)),
                _ => Err(Obstacle::SearchedLater { wanted: directory.path.clone(), read }),
            }
        }
        None if context.ignores_home() => Err(Obstacle::HomeIgnored),
        None => Err(Obstacle::NoEnvironment),
    }
}

fn first_of<'a>(path: &'a [Directory], locations: &[Location]) -> Option<&'a Directory> {
    path.iter().find(|directory| locations.contains(&directory.location))
}

/// A directory for kernelspecs, symbolic links resolved, if the user can write it, or the nearest one above that
/// exists.
fn own_folder(folder: &Path, uid: u32) -> Result<PathBuf, Obstacle> {
    let existing = folder.ancestors().find(|folder| folder.exists());
    let Some(existing) = existing else { return Err(Obstacle::NotWritable(folder.to_owned())) };
    if !files::is_owned(existing, uid) {
        return Err(Obstacle::NotWritable(existing.to_owned()));
    }
    let real = existing.canonicalize().unwrap_or_else(|_| existing.to_owned());
    Ok(match folder.strip_prefix(existing) {
        Ok(rest) if rest.as_os_str().is_empty() => real,
        Ok(rest) => real.join(rest),
        Err(_) => folder.to_owned(),
    })
}

#[cfg(test)]
mod tests;
