//! Reads regular files of at most 1 MiB, of this user or root, that other users could not have written.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::links;
use super::owner::{refuse_link, refuse_other_owner};
use crate::output::error::{Error, Result};
use crate::output::secret::SecretBytes;
use crate::output::shell_word::shell_word;
use crate::system::regular_file::{self, Links};

/// In bytes; more than any file that bqcred writes.
pub(super) const SIZE_LIMIT: u64 = 1024 * 1024;

/// What a file may hold, which decides who else may have access to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Secrets: other users may neither read nor write the file.
    Secret,
    /// What bqcred records, without secrets: other users may not write the file.
    Settings,
    /// What people and administrators write, without secrets: other users may not write the file. It may be a link, as
    /// in a repository of dotfiles, a Kubernetes volume or NixOS: one of this user or root, to a file of theirs.
    Shared,
    /// A file of another program or of the user, at any path: links are followed, any mode is accepted.
    Foreign,
}

impl Content {
    /// The mode bits that such a file must not have.
    pub(super) fn forbidden(self) -> u32 {
        match self {
            Content::Secret => 0o077,
            Content::Settings | Content::Shared => 0o022,
            Content::Foreign => 0,
        }
    }

    fn links(self) -> Links {
        match self {
            Content::Secret | Content::Settings => Links::Refuse,
            Content::Shared | Content::Foreign => Links::Follow,
        }
    }
}

/// The file's content; `None` if there is no such file.
pub(crate) fn read(path: &Path, content: Content) -> Result<Option<SecretBytes>> {
    let opened = regular_file::open(path, content.links());
    let file = match opened {
        Ok(file) => file,
        // without the settings behind it, another profile might be used
        Err(_) if content == Content::Shared && links::is_dangling(path) => {
            return Err(links::dangling(path));
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(_) if content.links() == Links::Refuse && path.is_symlink() => return Err(refuse_link(path)),
        Err(error) => return Err(Error::file(path, "read", &error)),
    };
    if content == Content::Shared && path.is_symlink() {
        links::resolve(path)?;
    }
    let size = check(path, &file, content)?;
    match regular_file::read_whole(&file, size, SIZE_LIMIT) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::FileTooLarge => Err(too_large(path)),
        Err(error) => Err(Error::file(path, "read", &error)),
    }
}

/// Refuses anything but a regular file, files over the limit, and files that others may access. Returns the size
/// in bytes.
fn check(path: &Path, file: &File, content: Content) -> Result<u64> {
    let metadata = file.metadata().map_err(|error| Error::file(path, "read", &error))?;
    if metadata.is_dir() {
        return Err(in_the_way(Error::content(path, "is a folder, not a file"), path, content));
    }
    if !metadata.is_file() {
        return Err(in_the_way(Error::content(path, "is not a regular file"), path, content));
    }
    if metadata.len() > SIZE_LIMIT {
        return Err(in_the_way(too_large(path), path, content));
    }
    if content == Content::Foreign {
        return Ok(metadata.len());
    }
    refuse_other_owner(path, metadata.uid())?;
    if metadata.mode() & content.forbidden() != 0 {
        return Err(refuse_mode(path, metadata.mode() & 0o7777, content));
    }
    Ok(metadata.len())
}

fn refuse_mode(path: &Path, mode: u32, content: Content) -> Error {
    let others = if content == Content::Secret { "read or change" } else { "change" };
    Error::content(path, format!("its mode {mode:04o} lets others {others} it"))
        .hint(format!("`chmod 600 {}`, if you trust what is in it", shell_word(path)))
        .open_to_others()
}

/// Adds how to move away what is not one of bqcred's files, but is in its folder.
fn in_the_way(error: Error, path: &Path, content: Content) -> Error {
    if content == Content::Foreign {
        return error;
    }
    let mut aside = path.as_os_str().to_owned();
    aside.push(".aside");
    error.hint(format!("move it away: `mv {} {}`", shell_word(path), shell_word(Path::new(&aside))))
}

fn too_large(path: &Path) -> Error {
    Error::content(path, "is larger than 1 MiB, the limit for files that bqcred reads")
}
