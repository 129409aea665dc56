//! Group rights that bqcred never gives: the system adds them. At each start of a pod, Kubernetes gives every file of a
//! volume to a group and lets the group read and write it (`fsGroup`: files `g+rw`, folders `g+rwxs`).
//!
//! Where that can have harmed nobody, the rights are taken away again: everything is this user's, nothing is open to
//! all, and no other account has the group.

use std::collections::BTreeSet;
use std::fs::{self, Metadata, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::owner::is_trusted;
use crate::output::shell_word::shell_word;
use crate::system::groups;
use crate::system::regular_file::{self, Links};

/// Folders within folders, at most: a profile's, and what gcloud makes in its own.
const DEPTH: usize = 4;
/// In a folder: what is created in it gets its group.
const SET_GROUP: u32 = 0o2000;

/// A folder of bqcred's.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    /// Its path.
    pub(crate) folder: &'p Path,
    /// Whether people keep files in it as well, which others may read.
    pub(crate) is_shared: bool,
}

/// A file or folder that is open.
struct Open {
    path: PathBuf,
    /// The mode bits that are taken away.
    surplus: u32,
}

/// What is open to a group or to all in these places.
pub(crate) struct OpenFiles<'p> {
    places: Vec<&'p Path>,
    folders: Vec<Open>,
    files: Vec<Open>,
    groups: BTreeSet<u32>,
    is_foreign: bool,
}

/// Why group rights are left as they are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// Something is open to all users, or belongs to another one.
    Others,
    /// Other accounts have the group.
    Accounts(Vec<String>),
    /// The user database didn't answer.
    Unknown,
}

impl<'p> OpenFiles<'p> {
    /// Looks for them; `None` if there are none.
    pub(crate) fn find(places: &[Place<'p>]) -> Option<OpenFiles<'p>> {
        let mut found = OpenFiles {
            places: Vec::new(),
            folders: Vec::new(),
            files: Vec::new(),
            groups: BTreeSet::new(),
            is_foreign: false,
        };
        for place in places {
            let before = found.folders.len() + found.files.len();
            found.look(*place, place.folder, DEPTH);
            if found.folders.len() + found.files.len() > before {
                found.places.push(place.folder);
            }
        }
        (!found.places.is_empty()).then_some(found)
    }

    fn look(&mut self, place: Place, path: &Path, depth: usize) {
        let Ok(metadata) = path.symlink_metadata() else { return };
        if !metadata.is_dir() && !metadata.is_file() {
            return;
        }
        self.is_foreign |= !is_trusted(metadata.uid());
        if metadata.mode() & place.forbidden(path) != 0 && is_own(&metadata) {
            self.is_foreign |= metadata.mode() & place.forbidden(path) & 0o007 != 0 || has_acl(path);
            self.groups.insert(metadata.gid());
            let surplus = place.forbidden(path) | SET_GROUP;
            let open = Open { path: path.to_owned(), surplus };
            if metadata.is_dir() { &mut self.folders } else { &mut self.files }.push(open);
        }
        if metadata.is_dir() && depth > 0 {
            for entry in fs::read_dir(path).into_iter().flatten().flatten() {
                self.look(place, &entry.path(), depth - 1);
            }
        }
    }

    /// Why the rights can't be taken away without asking, if there is a reason.
    pub(crate) fn obstacle(&self) -> Option<Obstacle> {
        if self.is_foreign || cfg!(not(target_os = "linux")) {
            return Some(Obstacle::Others);
        }
        let mut others = BTreeSet::new();
        for gid in &self.groups {
            match groups::other_accounts(*gid) {
                Some(accounts) => others.extend(accounts),
                None => return Some(Obstacle::Unknown),
            }
        }
        (!others.is_empty()).then(|| Obstacle::Accounts(others.into_iter().collect()))
    }

    /// The files that are open, not the folders.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// Takes the rights away from the folders: from then on, nobody else can replace a file.
    pub(crate) fn close_folders(&self) {
        self.folders.iter().for_each(Open::close);
    }

    /// Whether nothing but one file is open.
    pub(crate) fn is_single_file(&self) -> bool {
        self.folders.is_empty() && self.files.len() == 1
    }

    /// Takes the rights away from the files.
    pub(crate) fn close_files(&self) {
        self.files.iter().for_each(Open::close);
    }

    /// The command that takes all of these rights away.
    pub(crate) fn command(&self) -> String {
        let words: String = self.places.iter().map(|place| format!(" {}", shell_word(place))).collect();
        format!("chmod -R go=,g-s{words}")
    }

    /// The numbers of the groups, for people.
    pub(crate) fn groups(&self) -> String {
        self.groups.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
    }
}

impl Place<'_> {
    /// The mode bits that a file or folder must not have here.
    fn forbidden(self, path: &Path) -> u32 {
        match self.is_shared && path.file_name().is_none_or(|name| name != "client.json") {
            true => 0o022,
            false => 0o077,
        }
    }
}

fn is_own(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

/// Whether an access control list names more users: the group bits are its mask then.
#[cfg(target_os = "linux")]
fn has_acl(path: &Path) -> bool {
    rustix::fs::lgetxattr(path, "system.posix_acl_access", &mut [0_u8; 0]).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn has_acl(_path: &Path) -> bool {
    false
}

impl Open {
    /// Takes the rights away. Whether the file system keeps them all the same is for the caller to look at.
    fn close(&self) {
        if let Ok(file) = regular_file::open(&self.path, Links::Refuse)
            && let Ok(metadata) = file.metadata()
            && is_own(&metadata)
        {
            let _ = file.set_permissions(Permissions::from_mode(metadata.mode() & 0o7777 & !self.surplus));
        }
    }
}
