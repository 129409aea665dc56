//! One change of a kernelspec on disk: planned first, so that it can be shown, then carried out.

use std::path::{Path, PathBuf};

use crate::jupyter::kernelspec::edit::{self, Assignment, Restored};
use crate::jupyter::kernelspec::files;
use crate::jupyter::kernelspec::folder;
use crate::jupyter::kernelspec::marker::{self, Folder};
use crate::jupyter::kernelspec::spec;
use crate::output::error::{Error, Result};

/// What is done with one `kernel.json`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FileChange {
    /// Nothing: this file is as it should be.
    Unchanged(PathBuf),
    /// The file gets another text.
    Replace {
        /// The file, symbolic links resolved.
        file: PathBuf,
        /// The text that it had when the change was planned.
        before: String,
        /// The new text.
        text: String,
    },
    /// A kernelspec folder is copied, and the copy's `kernel.json` changed.
    Copy {
        /// The folder that is copied.
        from: PathBuf,
        /// The new folder.
        to: PathBuf,
        /// The text of the new `kernel.json`.
        text: String,
    },
    /// A copy that bqcred made is brought up to date with its original.
    Renew {
        /// The folder that was copied.
        from: PathBuf,
        /// The copy.
        to: PathBuf,
        /// The text that the copy's `kernel.json` had when the change was planned.
        before: String,
        /// The new text.
        text: String,
        /// Files of the copy that the original has no more, relative.
        gone: Vec<PathBuf>,
    },
    /// A copy that bqcred made is removed.
    Remove {
        /// The folder.
        folder: PathBuf,
        /// The files in it besides `kernel.json`, relative.
        files: Vec<PathBuf>,
    },
}

/// How bqcred's changes are taken out of a `kernel.json`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FileUndo {
    /// What is done with the file.
    pub(crate) change: FileChange,
    /// Values that bqcred set and that were changed since, which stay: names of variables, or `argv`.
    pub(crate) kept: Vec<String>,
    /// The copy that bqcred made, if it stays because it was changed since.
    pub(crate) kept_copy: Option<PathBuf>,
}

/// Plans to assign a profile in this file; `before` is its text.
pub(crate) fn patch(file: &Path, before: &str, assignment: &Assignment<'_>) -> Result<FileChange> {
    let text = edit::install(before, assignment).map_err(|problem| unusable(file, problem))?;
    Ok(replace(file, before, text))
}

/// Plans to copy the folder `from` and to assign a profile in the copy; `text` is that of the `kernel.json` there.
/// `display_name` is for a copy that stands beside its original under another name.
pub(crate) fn copy(
    from: &Path,
    text: &str,
    to: &Path,
    assignment: &Assignment<'_>,
    display_name: Option<&str>,
) -> Result<FileChange> {
    let problem = |problem| unusable(&from.join("kernel.json"), problem);
    let mut original = edit::uninstall(text).map_err(problem)?.text;
    if let Some(name) = display_name {
        original = edit::rename(&original, name).map_err(problem)?;
    }
    let folder = Folder {
        from: from.display().to_string(),
        files: folder::checksums(from)?,
        checksum: marker::checksum(original.as_bytes()),
        renamed: display_name.is_some(),
    };
    let assignment = Assignment { folder: Some(&folder), ..assignment.clone() };
    let text = edit::install(&original, &assignment).map_err(problem)?;
    Ok(FileChange::Copy { from: from.to_owned(), to: to.to_owned(), text })
}

/// Plans to bring a copy up to date with its original; `None` if it has to stay, because it was changed since.
pub(crate) fn renew(file: &Path, from: &Path, assignment: &Assignment<'_>) -> Result<Option<FileChange>> {
    let Some(FileUndo { change: FileChange::Remove { folder: to, files }, .. }) = restore(file)? else {
        return Ok(None);
    };
    let before = spec::read_file(file)?;
    let original = spec::read_file(&from.join("kernel.json"))?;
    let FileChange::Copy { text, .. } = copy(from, &original, &to, assignment, None)? else {
        return Ok(None);
    };
    let kept = files::resources(from)?;
    let gone = files.into_iter().filter(|file| !kept.contains(file)).collect();
    Ok(Some(FileChange::Renew { from: from.to_owned(), to, before, text, gone }))
}

/// Plans to take bqcred's changes out of a `kernel.json`; `None` if there are none. A copy is removed, unless
/// it was changed since: then only bqcred's part is taken out.
pub(crate) fn restore(file: &Path) -> Result<Option<FileUndo>> {
    let before = spec::read_file(file)?;
    let restored = edit::uninstall(&before).map_err(|problem| unusable(file, problem))?;
    if restored.marker.is_none() {
        return Ok(None);
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let is_copy = restored.marker.as_ref().is_some_and(|marker| marker.folder.is_some());
    let (change, kept_copy) = match removable_files(&restored, folder)? {
        Some(files) => (FileChange::Remove { folder: folder.to_owned(), files }, None),
        None => (replace(file, &before, restored.text), is_copy.then(|| folder.to_owned())),
    };
    Ok(Some(FileUndo { change, kept: restored.kept, kept_copy }))
}

fn unusable(file: &Path, problem: String) -> Error {
    Error::content(file, problem).hint("fix it, or reinstall the kernel, which writes a new kernel.json")
}

fn replace(file: &Path, before: &str, text: String) -> FileChange {
    if before == text {
        FileChange::Unchanged(file.to_owned())
    } else {
        FileChange::Replace { file: file.to_owned(), before: before.to_owned(), text }
    }
}

/// The files of a copy that is unchanged since bqcred made it; `None` if the folder has to stay. Where an update of the
/// copy was interrupted, some of its files are those of the original now.
fn removable_files(restored: &Restored, folder: &Path) -> Result<Option<Vec<PathBuf>>> {
    let Some(made) = restored.removable_folder() else { return Ok(None) };
    let now = folder::checksums(folder)?;
    let original = folder::checksums(Path::new(&made.from)).unwrap_or_default();
    let is_known = |(name, sum): (&String, &String)| {
        made.files.get(name) == Some(sum) || original.get(name) == Some(sum)
    };
    let is_complete = made.files.keys().all(|name| now.contains_key(name) || !original.contains_key(name));
    Ok((is_complete && now.iter().all(is_known)).then(|| now.keys().map(PathBuf::from).collect()))
}

impl FileChange {
    /// The `kernel.json` that it is about.
    pub(crate) fn file(&self) -> PathBuf {
        match self {
            FileChange::Unchanged(file) | FileChange::Replace { file, .. } => file.clone(),
            FileChange::Copy { to, .. } | FileChange::Renew { to, .. } => to.join("kernel.json"),
            FileChange::Remove { folder, .. } => folder.join("kernel.json"),
        }
    }

    /// For people, before it is carried out: "change /path/kernel.json".
    pub(crate) fn describe_plan(&self) -> String {
        match self {
            FileChange::Unchanged(file) => format!("leave {} as it is: nothing to do", file.display()),
            FileChange::Replace { file, .. } => format!("change {}", file.display()),
            FileChange::Copy { from, to, .. } => {
                format!("copy {} to {} and change the copy", from.display(), to.display())
            }
            FileChange::Renew { from, to, .. } => {
                format!("copy {} to {} again and change the copy", from.display(), to.display())
            }
            FileChange::Remove { folder, .. } => {
                format!("remove {}, a copy that bqcred made", folder.display())
            }
        }
    }

    /// For people, once it is carried out: "changed /path/kernel.json".
    pub(crate) fn describe_result(&self) -> String {
        match self {
            FileChange::Unchanged(file) => format!("nothing to change in {}", file.display()),
            FileChange::Replace { file, .. } => format!("changed {}", file.display()),
            FileChange::Copy { from, .. } => {
                format!("made {}, a copy of {}", self.file().display(), from.display())
            }
            FileChange::Renew { from, .. } => {
                format!("changed {}, a copy of {}, which had changed", self.file().display(), from.display())
            }
            FileChange::Remove { folder, .. } => format!("removed the copy {}", folder.display()),
        }
    }

    /// Carries it out.
    pub(crate) fn apply(&self) -> Result<()> {
        match self {
            FileChange::Unchanged(_) => Ok(()),
            FileChange::Replace { file, before, text } => {
                check_unchanged(file, before)?;
                files::replace(file, text.as_bytes())
            }
            FileChange::Copy { from, to, text } => folder::copy(from, to, text),
            FileChange::Renew { from, to, before, text, gone } => {
                check_unchanged(&self.file(), before)?;
                folder::renew(from, to, text, gone)
            }
            FileChange::Remove { folder, files } => folder::remove(folder, files),
        }
    }
}

fn check_unchanged(file: &Path, before: &str) -> Result<()> {
    if spec::read_file(file)? == before {
        return Ok(());
    }
    Err(Error::content(file, "another program changed it just now; nothing was written"))
}

#[cfg(test)]
mod tests;
