//! Reads and replaces the files of a kernelspec.
//!
//! They are not secret (mode 0644, served to the browser). But they may be hard links into a package manager's cache,
//! or symbolic links into a user's dotfiles, and a server may read them at any moment: so they are replaced by rename
//! and never written in place.

use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};

use crate::output::error::{Error, Result};
use crate::output::secret::SecretBytes;
use crate::system::atomic_file::{self, Existing};
use crate::system::private_file;

pub(crate) use crate::system::regular_file::read;

/// In bytes; more than any logo or kernel.json has.
const MAX_FILE: u64 = 16 << 20;

/// The user id that a file belongs to.
pub(crate) fn owner(metadata: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::uid(metadata)
}

/// The user id that the file at this path belongs to, if it can be seen.
pub(crate) fn owner_of(path: &Path) -> Option<u32> {
    std::fs::metadata(path).ok().map(|metadata| owner(&metadata))
}

/// Whether the file belongs to this user and is writable by its mode.
pub(crate) fn is_owned(path: &Path, uid: u32) -> bool {
    std::fs::metadata(path)
        .is_ok_and(|metadata| owner(&metadata) == uid && !metadata.permissions().readonly())
}

/// Whether only this user and root decide where a kernelspec's file is: if it or its folder is a link, the link and
/// the folder that holds it have to be theirs.
pub(crate) fn is_controlled_by(file: &Path, uid: u32) -> bool {
    let trusted = |path: &Path| {
        std::fs::symlink_metadata(path).is_ok_and(|metadata| [uid, 0].contains(&owner(&metadata)))
    };
    let mut links = [Some(file), file.parent()].into_iter().flatten().filter(|path| path.is_symlink());
    links.all(|link| trusted(link) && link.parent().is_none_or(trusted))
}

/// Replaces a file by rename, keeping its mode and group, or creates it with mode 0644. Other hard links keep the old
/// content. `path` must not be a symbolic link: the link would be replaced.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<()> {
    put(path, content, 0o644)
}

/// The same; a new file gets this mode.
fn put(path: &Path, content: &[u8], new_mode: u32) -> Result<()> {
    // a temporary file would keep a copied folder from being removed
    atomic_file::sweep(atomic_file::folder_of(path));
    atomic_file::write(path, content, Existing::Replace, |_| Ok(()), |file| keep_mode(file, path, new_mode))
        .map_err(|error| Error::file(path, "write", &error))
}

fn keep_mode(file: &File, path: &Path, new_mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let old = std::fs::metadata(path).ok();
    if let Some(old) = &old {
        // if this user is not in the old group, the file gets the user's group
        let _ = fchown(file, None, Some(old.gid()));
    }
    let mode = old.map_or(new_mode, |old| old.mode() & 0o777);
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

/// The files of a kernelspec folder except `kernel.json`, as sorted relative paths, with those of one level of
/// folders. Hidden files are skipped: they are temporary files or an editor's.
pub(crate) fn resources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        let Some(name) = path.file_name() else { continue };
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if path.is_dir() {
            // a link may point to a large tree
            if path.is_symlink() {
                continue;
            }
            let inner = entries(&path)?;
            let inner = inner.iter().filter(|path| path.is_file());
            found.extend(inner.filter_map(|path| Some(Path::new(name).join(path.file_name()?))));
        } else if path.is_file() && name != "kernel.json" {
            found.push(name.into());
        }
    }
    found.sort();
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let listing = std::fs::read_dir(folder).map_err(|e| Error::file(folder, "list", &e))?;
    Ok(listing.flatten().map(|entry| entry.path()).collect())
}

/// The content of a logo or another file of a kernelspec.
pub(crate) fn read_resource(path: &Path) -> Result<SecretBytes> {
    read(path, MAX_FILE).map_err(|e| Error::file(path, "read", &e))
}

/// Copies a file of a kernelspec, and creates the folder for it. A user who can't read the original can't read the
/// copy: it may be a link to a private file.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        create_folder(folder)?;
    }
    let content = read_resource(from)?;
    put(to, &content, public_part(from))
}

fn public_part(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).map_or(0o600, |metadata| metadata.permissions().mode() & 0o644 | 0o600)
}

/// Writes a file, and creates its folder.
#[cfg(test)]
pub(crate) fn replace_new(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    replace(path, content)
}

/// Creates a folder and those above it, like `mkdir -p`.
pub(crate) fn create_folder(folder: &Path) -> Result<()> {
    private_file::refuse_missing_home(folder)?;
    std::fs::create_dir_all(folder).map_err(|e| Error::file(folder, "create", &e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    #[test]
    fn replacing_keeps_the_mode_and_other_hard_links() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, path) = (folder.path().join("cache"), folder.path().join("kernel.json"));
        replace(&cache, b"old").unwrap();
        std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::fs::hard_link(&cache, &path).unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(read(&cache, 9).unwrap().as_slice(), b"old");
        assert_eq!(read(&path, 9).unwrap().as_slice(), b"new");
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        assert_eq!(entries(folder.path()).unwrap().len(), 2, "no temporary file is left");
    }

    #[test]
    fn a_new_file_is_readable_by_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel.json");
        replace(&path, b"{}").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o644);
    }

    #[test]
    fn a_copy_of_a_private_file_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let (secret, logo, made) =
            (folder.path().join("s"), folder.path().join("l"), folder.path().join("k/l"));
        replace(&secret, b"x").unwrap();
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(&secret, &logo).unwrap();
        copy(&logo, &made).unwrap();
        assert_eq!(std::fs::metadata(&made).unwrap().mode() & 0o777, 0o600);
    }
}
