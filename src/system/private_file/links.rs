//! Symbolic links that may be followed: those of this user and of root.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use super::owner::refuse_other_owner;
use crate::output::error::{Error, Result};
use crate::system::atomic_file::folder_of;

/// As many as the system follows, path_resolution(7).
const LIMIT: usize = 40;

/// Where this path leads, with every link on the way resolved. Refuses links that other users made: in a folder like
/// `/tmp` they could point to any file of this user. The last part need not exist.
pub(super) fn resolve(path: &Path) -> Result<PathBuf> {
    let mut at = PathBuf::from("/");
    let mut rest = parts(&std::path::absolute(path).map_err(|error| Error::file(path, "use", &error))?);
    let mut links = 0;
    while let Some(part) = rest.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        let next = at.join(part);
        match fs::symlink_metadata(&next) {
            Ok(metadata) if metadata.is_symlink() => {
                refuse_other_owner(&next, metadata.uid())?;
                links += 1;
                if links > LIMIT {
                    return Err(Error::content(path, "is a symbolic link that leads in a circle"));
                }
                let target =
                    fs::read_link(&next).map_err(|error| Error::file(&next, "follow the link", &error))?;
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                rest.extend(parts(&target));
            }
            Ok(_) => at = next,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if !rest.is_empty() {
                    return Err(Error::file(path, "follow the link", &error));
                }
                at = next;
            }
            Err(error) => return Err(Error::file(path, "follow the link", &error)),
        }
    }
    Ok(at)
}

/// Whether this is a link that leads to nothing.
pub(super) fn is_dangling(path: &Path) -> bool {
    path.is_symlink() && !path.exists()
}

/// The error for such a link.
pub(super) fn dangling(link: &Path) -> Error {
    let target = fs::read_link(link).unwrap_or_default();
    let target = folder_of(link).join(target);
    Error::content(link, format!("is a link to {}, which does not exist", target.display()))
}

/// A folder without secrets: the one that a link of this user or root leads to, if it is such a link.
pub(crate) fn follow(folder: PathBuf) -> PathBuf {
    match folder.is_symlink() {
        true => resolve(&folder).unwrap_or(folder),
        false => folder,
    }
}

/// The names in a path, the last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    let mut names: Vec<OsString> = names.collect();
    names.reverse();
    names
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test makes files directly")]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_resolved_as_the_system_does() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        // as Kubernetes shows a volume
        fs::create_dir_all(root.join("volume/..2026/deep")).unwrap();
        fs::write(root.join("volume/..2026/client.json"), "x").unwrap();
        symlink("..2026", root.join("volume/..data")).unwrap();
        symlink("..data/client.json", root.join("volume/client.json")).unwrap();
        symlink(root.join("volume/..data/deep/../client.json"), root.join("absolute")).unwrap();
        for link in ["volume/client.json", "absolute", "volume/..2026/../..data/./client.json"] {
            let link = root.join(link);
            assert_eq!(resolve(&link).unwrap(), link.canonicalize().unwrap(), "{}", link.display());
        }
        symlink("new", root.join("dangling")).unwrap();
        assert_eq!(resolve(&root.join("dangling")).unwrap(), root.join("new"));
        symlink("no/such", root.join("lost")).unwrap();
        symlink("circle", root.join("circle")).unwrap();
        assert!(resolve(&root.join("lost")).unwrap_err().what().contains("can't follow the link"));
        assert!(resolve(&root.join("circle")).unwrap_err().what().contains("circle"));
    }
}
