//! Reading: regular files of this user only, of sane size, that nobody else could have written.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::owner::{refuse_link, refuse_other_owner};
use crate::output::error::{Error, Result};
use crate::output::secret::SecretBytes;
use crate::output::shell_word::shell_word;
use crate::system::regular_file::{self, Links};

/// Larger than any file of ours has reason to be.
pub(super) const SIZE_LIMIT: u64 = 1024 * 1024;

/// What a file may hold, and so who else may have access to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Refresh tokens and the like: nobody else may read or write the file.
    Secret,
    /// Settings: nobody else may write the file.
    Settings,
    /// A file that somebody hands to us, wherever it lies: links are followed, modes are theirs.
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

/// Refuses what is not a regular file, too large, or open to others. Returns the size in bytes.
fn check(path: &Path, file: &File, content: Content) -> Result<u64> {
    let metadata = file.metadata().map_err(|error| Error::file(path, "read", &error))?;
    if metadata.is_dir() {
        return Err(in_the_way(Error::content(path, "is a folder, where a file has to be"), path, content));
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

/// What lies where only bqcred keeps things and is none of its files is for the person to move.
fn in_the_way(error: Error, path: &Path, content: Content) -> Error {
    if content == Content::Foreign {
        return error;
    }
    let mut aside = path.as_os_str().to_owned();
    aside.push(".aside");
    error.hint(format!("move it away: `mv {} {}`", shell_word(path), shell_word(Path::new(&aside))))
}

fn too_large(path: &Path) -> Error {
    Error::content(path, "is larger than 1 MiB, so it is nothing that bqcred works with")
}
