//! Whether another user could have put a program on the PATH.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Others may write.
const WORLD: u32 = 0o002;
/// In a folder: only a file's owner may remove or replace it.
const STICKY: u32 = 0o1000;

/// The file, or the folder above it, through which any user of this machine could replace this program.
pub(crate) fn open_to_others(program: &Path) -> Option<PathBuf> {
    // the target of a link runs, but who can change the link or a folder above it can replace that too
    let target = program.canonicalize().unwrap_or_else(|_| program.to_owned());
    way_open_to_others(program).or_else(|| way_open_to_others(&target))
}

/// The first folder of this search path to which any user can add a program, or that is relative (`.`, or nothing
/// between two colons).
pub(crate) fn first_open_folder(path: &std::ffi::OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).find(|folder| {
        let open = |meta: &Metadata| meta.mode() & WORLD != 0 && !is_of_windows(folder);
        !folder.is_absolute()
            || folder.metadata().is_ok_and(|meta| open(&meta))
            || open_to_others(folder).is_some()
    })
}

fn way_open_to_others(path: &Path) -> Option<PathBuf> {
    let ours = |meta: &Metadata| [0, rustix::process::geteuid().as_raw()].contains(&meta.uid());
    let mut below_is_ours = true;
    for (height, place) in path.ancestors().enumerate() {
        let Ok(meta) = place.symlink_metadata() else { continue };
        // a link's own mode says nothing
        let writable = !meta.is_symlink() && meta.mode() & WORLD != 0 && !is_of_windows(place);
        let kept = height > 0 && meta.mode() & STICKY != 0 && below_is_ours;
        if writable && !kept {
            return Some(place.to_owned());
        }
        below_is_ours = ours(&meta);
    }
    None
}

/// WSL shows the folders of Windows as open to all users, whatever Windows allows.
#[cfg(target_os = "linux")]
fn is_of_windows(place: &Path) -> bool {
    // statfs(2): the 9P protocol of WSL 2, and WSL 1's own
    const V9FS_MAGIC: u64 = 0x0102_1997;
    const WSLFS_MAGIC: u64 = 0x5346_4846;
    rustix::fs::statfs(place)
        .is_ok_and(|system| matches!(u64::try_from(system.f_type), Ok(V9FS_MAGIC | WSLFS_MAGIC)))
}

#[cfg(not(target_os = "linux"))]
fn is_of_windows(_place: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes files as anybody does")]
    fn a_program_is_open_if_it_or_a_folder_above_it_is() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let (folder, program) = (root.join("a/bin"), root.join("a/bin/tool"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(&program, "").unwrap();
        assert_eq!(open_to_others(&program), None);
        for open in [program.clone(), folder.clone(), root.join("a")] {
            let before = fs::metadata(&open).unwrap().mode();
            set(&open, 0o777);
            assert_eq!(open_to_others(&program), Some(open.clone()));
            set(&open, before);
        }
        // as in /tmp: others can add files, but not replace this user's
        set(&folder, 0o1777);
        assert_eq!(open_to_others(&program), None);
        assert_eq!(first_open_folder(folder.as_os_str()), Some(folder.clone()));
        set(&folder, 0o755);
        assert_eq!(first_open_folder(folder.as_os_str()), None);
        let link = root.join("link");
        std::os::unix::fs::symlink(&program, &link).unwrap();
        set(&folder, 0o777);
        assert_eq!(open_to_others(&link), Some(folder));
    }

    #[test]
    fn relative_folders_are_not_trusted() {
        for path in [".", "", "/usr/bin:", "bin"] {
            assert!(first_open_folder(path.as_ref()).is_some(), "{path:?}");
        }
    }
}
