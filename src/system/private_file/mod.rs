//! The one reader and the one writer of files that others must not see or change.
//!
//! A reader takes regular files of this user only: no symbolic link, no FIFO, nothing huge, nothing
//! that others could have written. A writer holds a lock, writes a temporary file that is private
//! from the beginning, syncs it, renames it over the old one and syncs the folder: a reader at that
//! moment, or after a power failure, finds the old content or the new.

mod folder;
mod lock;
mod owner;
mod read;
mod temp_credential_file;
mod write;

pub(crate) use folder::{check_writable, create_dir, create_memory_dir};
pub(crate) use lock::Lock;
pub(crate) use read::{Content, read};
pub(crate) use temp_credential_file::TempCredentialFile;
pub(crate) use write::{create_elsewhere, remove, set_aside, set_invalid_aside, write, write_elsewhere};

#[cfg(test)]
mod tests;
