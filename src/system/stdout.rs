//! Whether anything can read what this process prints.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use rustix::fs::OFlags;

use crate::output::error::{Error, Result};
use crate::system::processes;

/// Refuses a stdout that was closed when this process was started.
pub(crate) fn refuse_closed() -> Result<()> {
    match is_closed() {
        true => Err(Error::other("can't write to stdout: it is closed")),
        false => Ok(()),
    }
}

/// Rust opens `/dev/null` in the place of a closed stdout, for reading and writing, and nothing tells it from one that was
/// handed down. A shell's `>/dev/null` opens it for writing only, but Python's `subprocess.DEVNULL` and Node's `ignore` for
/// both, and so do programs that leave their terminal, whose children have it from them.
fn is_closed() -> bool {
    let stdout = std::io::stdout();
    if !rustix::fs::fcntl_getfl(&stdout).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR) {
        return false; // a pipe or a file, as nearly always
    }
    let place = |found: std::fs::Metadata| (found.dev(), found.ino());
    let found =
        stdout.as_fd().try_clone_to_owned().and_then(|stdout| File::from(stdout).metadata()).map(place);
    let null = std::fs::metadata("/dev/null").map(place);
    let is_null = found.is_ok_and(|found| null.is_ok_and(|null| null == found));
    is_null && !is_discarded_by(std::os::unix::process::parent_id())
}

/// Whether this parent gives its children a `/dev/null` that is open for reading and writing.
fn is_discarded_by(parent: u32) -> bool {
    let is_runtime = |name: String| name.starts_with("python") || name == "node";
    processes::discards_output(parent) || processes::program_name(parent).is_some_and(is_runtime)
}
