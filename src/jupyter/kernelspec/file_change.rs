//! One change of a kernelspec on disk: worked out first, so that it can be shown, then carried out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::jupyter::changes::target::Place;
use crate::jupyter::kernelspec::edit::{self, Change, Undone};
use crate::jupyter::kernelspec::marker::{self, Folder};
use crate::jupyter::kernelspec::spec;
use crate::jupyter::locate::files;
use crate::jupyter::locate::kernels::Kernel;
use crate::output::error::{Error, Result};

/// More than any kernelspec.
const MAX_SPEC: u64 = 1 << 20;

/// What is to happen to one `kernel.json`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// It is already as it should be.
    Nothing(PathBuf),
    /// The file's text is replaced.
    Replace {
        /// The file, links resolved.
        file: PathBuf,
        /// Its text when the step was worked out.
        before: String,
        /// Its new text.
        text: String,
    },
    /// A folder is made, with copies of another one's files.
    Copy {
        /// The folder that is copied.
        from: PathBuf,
        /// The new folder.
        to: PathBuf,
        /// The text of its `kernel.json`.
        text: String,
    },
    /// A folder that bqcred made is removed, with these files in it.
    Remove {
        /// The folder.
        folder: PathBuf,
        /// What it holds besides `kernel.json`, relative.
        files: Vec<PathBuf>,
    },
}

/// How a change is taken back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Undoing {
    /// What is to happen.
    pub(crate) step: Step,
    /// What others have changed since and is therefore left: variables, or `argv`.
    pub(crate) kept: Vec<String>,
    /// The copy that bqcred made, if it has to stay because others have changed it.
    pub(crate) stays: Option<PathBuf>,
}

/// The step that gives a kernel this change at this place. `display_name` is for a copy that stands
/// beside its original.
pub(crate) fn install(
    kernel: &Kernel,
    place: &Place,
    change: &Change<'_>,
    display_name: Option<&str>,
) -> Result<Step> {
    let problem = |problem| unusable(&kernel.folder.join("kernel.json"), problem);
    match place {
        Place::Patch(file) => {
            let text = edit::install(&kernel.text, change).map_err(problem)?;
            Ok(replace(file, kernel.text.clone(), text))
        }
        Place::Copy(to) => {
            let mut original = edit::uninstall(&kernel.text).map_err(problem)?.text;
            if let Some(name) = display_name {
                original = edit::rename(&original, name).map_err(problem)?;
            }
            let folder = Folder {
                from: kernel.folder.display().to_string(),
                files: checksums(&kernel.folder)?,
                checksum: marker::checksum(original.as_bytes()),
                renamed: display_name.is_some(),
            };
            let change = Change { folder: Some(&folder), ..change.clone() };
            let text = edit::install(&original, &change).map_err(problem)?;
            Ok(Step::Copy { from: kernel.folder.clone(), to: to.clone(), text })
        }
    }
}

/// The step that takes bqcred's changes out of a `kernel.json`, and what others changed and keep. `None` if
/// bqcred changed nothing there. Of a copy that others have touched, the change is taken out and the rest stays.
pub(crate) fn uninstall(file: &Path) -> Result<Option<Undoing>> {
    let text = read(file)?;
    let undone = edit::uninstall(&text).map_err(|problem| unusable(file, problem))?;
    if undone.marker.is_none() {
        return Ok(None);
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let is_copy = undone.marker.as_ref().is_some_and(|marker| marker.folder.is_some());
    let (step, stays) = match removable(&undone, folder)? {
        Some(files) => (Step::Remove { folder: folder.to_owned(), files }, None),
        None => (replace(file, text, undone.text), is_copy.then(|| folder.to_owned())),
    };
    Ok(Some(Undoing { step, kept: undone.kept, stays }))
}

fn unusable(file: &Path, problem: String) -> Error {
    Error::content(file, problem)
        .hint("mend it, or reinstall the kernel: a new kernel.json is free of all that")
}

/// The text of a `kernel.json`.
pub(crate) fn read(file: &Path) -> Result<String> {
    let bytes = files::read(file, MAX_SPEC).map_err(|e| Error::file(file, "read", &e))?;
    spec::decode(&bytes).map(str::to_owned).map_err(|problem| Error::content(file, problem))
}

fn replace(file: &Path, before: String, text: String) -> Step {
    if before == text {
        Step::Nothing(file.to_owned())
    } else {
        Step::Replace { file: file.to_owned(), before, text }
    }
}

/// The files of a folder that bqcred made and nobody has touched since; `None` if it has to stay.
fn removable(undone: &Undone, folder: &Path) -> Result<Option<Vec<PathBuf>>> {
    let Some(made) = undone.removable_folder() else { return Ok(None) };
    if checksums(folder)? != made.files {
        return Ok(None);
    }
    Ok(Some(made.files.keys().map(PathBuf::from).collect()))
}

/// Checksums of a folder's files other than `kernel.json`. Names that are not UTF-8 are no resource
/// that Jupyter could ask for.
fn checksums(folder: &Path) -> Result<BTreeMap<String, String>> {
    let names = files::resources(folder)?;
    let names = names.into_iter().filter_map(|name| name.to_str().map(str::to_owned));
    names
        .map(|name| {
            let path = folder.join(&name);
            let content = files::read_resource(&path)?;
            Ok((name, marker::checksum(&content)))
        })
        .collect()
}

impl Step {
    /// The `kernel.json` that the step is about.
    pub(crate) fn file(&self) -> PathBuf {
        match self {
            Step::Nothing(file) | Step::Replace { file, .. } => file.clone(),
            Step::Copy { to, .. } => to.join("kernel.json"),
            Step::Remove { folder, .. } => folder.join("kernel.json"),
        }
    }

    /// What it would do, in words.
    pub(crate) fn intent(&self) -> String {
        match self {
            Step::Nothing(file) => format!("leave {} as it is: nothing to do", file.display()),
            Step::Replace { file, .. } => format!("change {}", file.display()),
            Step::Copy { from, to, .. } => {
                format!("copy {} to {} and change the copy", from.display(), to.display())
            }
            Step::Remove { folder, .. } => format!("remove {}, a copy that bqcred made", folder.display()),
        }
    }

    /// Carries it out.
    pub(crate) fn apply(&self) -> Result<()> {
        match self {
            Step::Nothing(_) => Ok(()),
            Step::Replace { file, before, text } => {
                if read(file)? != *before {
                    return Err(Error::content(file, "somebody changed it just now; nothing was written"));
                }
                files::replace(file, text.as_bytes())
            }
            Step::Copy { from, to, text } => copy(from, to, text),
            Step::Remove { folder, files } => remove(folder, files),
        }
    }
}

/// Makes a kernelspec folder. Only its last file, `kernel.json`, makes Jupyter see it; on failure
/// everything goes.
fn copy(from: &Path, to: &Path, text: &str) -> Result<()> {
    if to.join("kernel.json").symlink_metadata().is_ok() {
        return Err(Error::content(to, "there is a kernel of that name already; nothing was written"));
    }
    let existed = to.exists();
    files::create_folder(to)?;
    let copied =
        copy_resources(from, to).and_then(|()| files::replace(&to.join("kernel.json"), text.as_bytes()));
    if copied.is_err() && !existed {
        // the failure itself is what has to be told
        let _ = std::fs::remove_dir_all(to);
    }
    copied
}

fn copy_resources(from: &Path, to: &Path) -> Result<()> {
    for name in files::resources(from)? {
        files::copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

/// Removes a kernelspec folder, `kernel.json` first: from then on the server sees what it hid.
fn remove(folder: &Path, names: &[PathBuf]) -> Result<()> {
    use std::io::ErrorKind;
    // what is hidden in a folder is not ours, and no kernel either
    let gone = |path: PathBuf, result: std::io::Result<()>| match result {
        Err(e) if !matches!(e.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) => {
            Err(Error::file(&path, "remove", &e))
        }
        _ => Ok(()),
    };
    for name in [PathBuf::from("kernel.json")].iter().chain(names) {
        let path = folder.join(name);
        gone(path.clone(), std::fs::remove_file(&path))?;
    }
    let inner: BTreeSet<&Path> = names.iter().filter_map(|name| name.parent()).collect();
    for name in inner.into_iter().filter(|name| !name.as_os_str().is_empty()) {
        let path = folder.join(name);
        gone(path.clone(), std::fs::remove_dir(&path))?;
    }
    gone(folder.to_owned(), std::fs::remove_dir(folder))
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
