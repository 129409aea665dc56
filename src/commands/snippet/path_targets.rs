//! Where paths lead, whatever they are called.

use std::path::{Component, Path, PathBuf};

/// As many links as the system follows, path_resolution(7).
const LINKS: usize = 40;

/// Where a path leads: as it is written, where its folder is, and each file that links lead to.
pub(super) fn places(path: &Path) -> Vec<PathBuf> {
    let mut places = vec![plain(path)];
    let mut next = path.to_owned();
    for _ in 0..LINKS {
        let (Some(folder), Some(file)) = (next.parent(), next.file_name()) else {
            places.push(real(&next));
            break;
        };
        let folder = real(folder);
        let place = folder.join(file);
        let target = std::fs::read_link(&place);
        places.push(place);
        match target {
            Ok(target) => next = folder.join(target),
            Err(_) => break,
        }
    }
    places
}

/// The path with links resolved, as far as it exists.
pub(super) fn real(path: &Path) -> PathBuf {
    let found = path.ancestors().find_map(|folder| {
        let rest = path.strip_prefix(folder).ok()?;
        folder.canonicalize().ok().map(|real| plain(&real.join(rest)))
    });
    found.unwrap_or_else(|| plain(path))
}

/// The path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}
