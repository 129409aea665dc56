//! Reads regular files of at most 1 MiB, of this user or root, that other users could not have written.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

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
    /// Settings: other users may not write the file.
    Settings,
    /// A file of another program or of the user, at any path: links are followed, any mode is accepted.
    Foreign,
}

/// The file's content; `None` if there is no such file.
pub(crate) fn read(path: &Path, content: Content) -> Result<Option<SecretBytes>> {
    let links = if content == Content::Foreign { Links::Follow } else { Links::Refuse };
    let opened = regular_file::open(path, links);
    let file = match opened {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(_) if content != Content::Foreign && path.is_symlink() => return Err(refuse_link(path)),
        Err(error) => return Err(Error::file(path, "read", &error)),
    };
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
    let forbidden = match content {
        Content::Secret => 0o077,
        Content::Settings => 0o022,
        Content::Foreign => return Ok(metadata.len()),
    };
    refuse_other_owner(path, metadata.uid())?;
    if metadata.mode() & forbidden != 0 {
        let others = if content == Content::Secret { "read or change" } else { "change" };
        return Err(Error::content(
            path,
            format!("its mode {:04o} lets others {others} it", metadata.mode() & 0o7777),
        )
        .hint(format!("`chmod 600 {}`, if you trust what is in it", shell_word(path))));
    }
    Ok(metadata.len())
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
