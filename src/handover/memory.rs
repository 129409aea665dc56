//! A credential in memory only: a sealed memfd that the program inherits (memfd_create(2)).
//!
//! The path names this process in /proc, not `/proc/self`: the program's children may close what they inherit,
//! and still have to find it. execve(2) keeps the process ID, so the path is valid exactly as long as the
//! program runs.
//!
//! What is inherited is a descriptor that only names the memory (open(2), `O_PATH`): it can't be read, and opening
//! its path asks for the rights of whoever opens it. A program that goes on as another user has none. Its number is
//! random: a path that outlives its process, and meets another one under the same ID, names nothing there.

use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags};
use rustix::io::FdFlags;
use rustix::process::{Resource, getrlimit};
use rustix::rand::{GetRandomFlags, getrandom};

use super::become_program;
use crate::output::error::{Error, Kind, Result, reason};

/// The lowest descriptor to use: scripts use 3 to 9, and shells save redirected ones from 10 on.
const LOWEST: u32 = 100;
/// Every process that the program starts gets a table up to the highest descriptor: 64 KiB.
const HIGHEST: u32 = 8191;

/// A credential that the program of this process will be able to read.
pub(crate) struct InMemory {
    file: OwnedFd,
}

impl InMemory {
    /// Writes it there and seals it: after that it can't be changed, not even by this process.
    pub(crate) fn new(credential: &[u8]) -> Result<InMemory> {
        sealed(credential).map(|file| InMemory { file }).map_err(|error| {
            let what = format!("can't keep the credential in memory: {}", reason(&error));
            Error::new(Kind::Store, what).hint("`bqcred exec --file -- PROGRAM` uses a file instead")
        })
    }

    /// The path under which this process and its children read it.
    pub(crate) fn path(&self) -> PathBuf {
        format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd()).into()
    }

    /// Replaces this process by the program, which inherits the credential. Returns the error if that fails.
    pub(crate) fn become_program(self, program: &mut Command) -> Error {
        if let Err(error) = check_readable(&self.path()) {
            return error;
        }
        if let Err(error) = rustix::io::fcntl_setfd(&self.file, FdFlags::empty()) {
            return Error::other(format!("can't hand the credential over: {error}"));
        }
        become_program(program)
    }
}

fn sealed(credential: &[u8]) -> std::io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Linux before 6.3 doesn't know NOEXEC_SEAL
    let file = rustix::fs::memfd_create("bqcred", flags | MemfdFlags::NOEXEC_SEAL)
        .or_else(|_| rustix::fs::memfd_create("bqcred", flags))?;
    let mut file = std::fs::File::from(file);
    file.write_all(credential)?;
    rustix::fs::fchmod(&file, Mode::RUSR)?;
    rustix::fs::fcntl_add_seals(
        &file,
        SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE,
    )?;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let name_only = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let moved = random_number().and_then(|number| {
        // the first free one from there on: what was inherited stays what it is
        let moved = rustix::io::fcntl_dupfd_cloexec(&name_only, number);
        moved.or_else(|_| rustix::io::fcntl_dupfd_cloexec(&name_only, LOWEST as i32)).ok()
    });
    Ok(moved.unwrap_or(name_only)) // where the limit of open files is lower
}

/// A number for a descriptor, below the limit of open files.
fn random_number() -> Option<i32> {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let highest = u32::try_from(limit.saturating_sub(1)).unwrap_or(u32::MAX).min(HIGHEST);
    let choice = highest.checked_sub(LOWEST)?.checked_add(1)?;
    let mut random = [0; 4];
    getrandom(&mut random, GetRandomFlags::empty()).ok()?;
    i32::try_from(LOWEST + u32::from_ne_bytes(random) % choice).ok()
}

/// /proc may be missing, or that of another process namespace, or may not open what has no reading descriptor: then
/// the program would find no file, or a wrong one.
fn check_readable(path: &Path) -> Result<()> {
    if std::fs::File::open(path).is_ok_and(|file| file.metadata().is_ok_and(|meta| meta.is_file())) {
        return Ok(());
    }
    Err(Error::new(Kind::Store, format!("{} can't be read: is /proc mounted here?", path.display()))
        .hint("`bqcred exec --file -- PROGRAM` doesn't need it"))
}
