//! Named pipes (fifo(7)) between processes of this user, in a folder that only this user can change.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

/// Makes one, with mode 0600.
#[cfg(target_os = "linux")]
pub(crate) fn create(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::mknodat(
        rustix::fs::CWD,
        path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )?)
}

/// Makes one, with mode 0600. By a program: this system's mkfifo(3) is in no crate that is here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn create(path: &Path) -> io::Result<()> {
    let made = std::process::Command::new("/usr/bin/mkfifo").args(["-m", "600"]).arg(path).status()?;
    if made.success() { Ok(()) } else { Err(io::Error::other("mkfifo failed")) }
}

/// Its reading end. It never comes to an end, as this process could write to it too. With `waits` a read waits for
/// what is sent.
pub(crate) fn receive(path: &Path, waits: bool) -> io::Result<File> {
    let flags = if waits { OFlags::NOFOLLOW } else { OFlags::NOFOLLOW | OFlags::NONBLOCK };
    opened(OpenOptions::new().read(true).write(true).custom_flags(flags.bits().cast_signed()).open(path)?)
}

/// Its writing end; `None` if no process reads from it, or it is gone.
pub(crate) fn send(path: &Path) -> io::Result<Option<File>> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK; // without a reader it would wait for one
    match OpenOptions::new().write(true).custom_flags(flags.bits().cast_signed()).open(path) {
        Ok(file) => opened(file).map(Some),
        Err(error) if Errno::from_io_error(&error) == Some(Errno::NXIO) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn opened(file: File) -> io::Result<File> {
    match file.metadata()?.file_type().is_fifo() {
        true => Ok(file),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a named pipe")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_sent_arrives_and_without_a_reader_nothing_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(send(&path).unwrap().is_none(), "there is none");
        create(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
        assert!(send(&path).unwrap().is_none(), "nobody reads");
        let mut reader = receive(&path, false).unwrap();
        assert_eq!(reader.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        send(&path).unwrap().unwrap().write_all(b"code\n").unwrap();
        let mut text = [0; 8];
        assert_eq!(reader.read(&mut text).unwrap(), 5);
        assert!(create(&path).is_err(), "what is there is not replaced");
        drop(reader);
        assert!(send(&path).unwrap().is_none(), "the reader is gone");
    }

    #[test]
    fn a_file_in_its_place_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(receive(file.path(), false).is_err() && send(file.path()).is_err());
    }
}
