//! Reads files whose kind isn't known: opening a FIFO would wait, and a device or a pipe may have no end.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

use crate::output::secret::SecretBytes;

/// In bytes, for a file whose size isn't known, as those of /proc.
const USUAL_SIZE: usize = 8 * 1024;

/// What to do with a path that is a symbolic link.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// Follow it.
    Follow,
    /// Fail.
    Refuse,
}

/// Opens a file for reading, without waiting. It need not be a regular file.
pub(crate) fn open(path: &Path, links: Links) -> io::Result<File> {
    let mut flags = OFlags::NONBLOCK | OFlags::CLOEXEC;
    if links == Links::Refuse {
        flags |= OFlags::NOFOLLOW;
    }
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

/// The content of a regular file of at most `limit` bytes. Links are followed.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<SecretBytes> {
    // checks the open file, not the path, which may change in between
    let file = open(path, Links::Follow)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    read_whole(file, metadata.len(), limit)
}

/// Everything that `source` gives, at most `limit` bytes ([`ErrorKind::FileTooLarge`]). `size`: the expected size in
/// bytes; 0 if it isn't known. The content may be secret: no copy of it stays in memory.
pub(crate) fn read_whole(mut source: impl Read, size: u64, limit: u64) -> io::Result<SecretBytes> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let expected = usize::try_from(size).unwrap_or(usize::MAX).min(limit);
    let room = if expected == 0 { USUAL_SIZE } else { expected.saturating_add(1) }; // one more, to see the end
    let mut bytes = SecretBytes::new(Vec::with_capacity(room));
    loop {
        if bytes.len() == bytes.capacity() {
            // a Vec that grows by itself doesn't wipe its old memory
            let mut larger = SecretBytes::new(Vec::with_capacity(bytes.capacity().saturating_mul(2)));
            larger.extend_from_slice(&bytes);
            bytes = larger;
        }
        let (length, capacity) = (bytes.len(), bytes.capacity());
        bytes.resize(capacity, 0);
        let count = match source.read(bytes.get_mut(length..).unwrap_or_default()) {
            Err(error) if error.kind() == ErrorKind::Interrupted => None,
            other => Some(other?),
        };
        bytes.truncate(length + count.unwrap_or(0));
        if bytes.len() > limit {
            return Err(ErrorKind::FileTooLarge.into());
        }
        if count == Some(0) {
            return Ok(bytes);
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files directly")]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_whole_content_is_read_whatever_size_was_expected() {
        for length in [0, 1, USUAL_SIZE - 1, USUAL_SIZE, USUAL_SIZE + 1, 3 * USUAL_SIZE + 7] {
            let content: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            for size in [0, 1, length as u64, u64::MAX] {
                let read = read_whole(content.as_slice(), size, length as u64).unwrap();
                assert_eq!(*read, content, "{length}, expected {size}");
            }
            if length > 0 {
                let error = read_whole(content.as_slice(), 0, length as u64 - 1).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::FileTooLarge);
            }
        }
    }

    #[test]
    fn only_regular_files_of_at_most_the_limit_are_read() {
        let root = tempfile::tempdir().unwrap();
        let [file, link, fifo] = ["file", "link", "fifo"].map(|name| root.path().join(name));
        fs::write(&file, "12345").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        assert_eq!(read(&link, 5).unwrap().as_slice(), b"12345");
        assert_eq!(read(&file, 4).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(read(&root.path().join("none"), 5).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(
            read(root.path(), 5).is_err()
                && read(&fifo, 5).is_err()
                && read(Path::new("/dev/zero"), 5).is_err()
        );
        assert!(open(&link, Links::Refuse).is_err() && open(&link, Links::Follow).is_ok());
    }
}
