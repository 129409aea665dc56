//! Reads and writes files that other users must not see or change. Nothing else does.
//!
//! The reader accepts regular files of this user only: no FIFO, nothing huge, nothing that other users could have
//! written, and no symbolic link unless the file holds no secret ([`Content::Shared`]). The writer holds a lock, writes a temporary file with mode 0600 from its creation,
//! syncs it, renames it over the old one and syncs the folder. A concurrent reader, and a crash at any moment, see
//! the old content or the new one.

mod folder;
mod group_access;
mod links;
mod lock;
mod owner;
mod probe;
mod read;
mod temp_credential_file;
mod write;

pub(crate) use folder::{
    check_changeable, check_dir, create_dir, create_memory_dir, is_in_memory, missing_home,
    refuse_missing_home,
};
pub(crate) use group_access::{Obstacle, OpenFiles, Place};
pub(crate) use links::follow;
pub(crate) use lock::{Holder, Lock};
pub(crate) use probe::{probe, probe_folder};
pub(crate) use read::{Content, read};
pub(crate) use temp_credential_file::{TempCredentialFile, is_abandoned};
pub(crate) use write::{
    create_elsewhere, remove, renew_elsewhere, renewable, set_aside, set_invalid_aside, target_elsewhere,
    write, write_as, write_elsewhere,
};

#[cfg(test)]
mod tests;
