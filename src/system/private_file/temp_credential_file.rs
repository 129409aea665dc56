//! Credential files that exist as long as a process: removed when it ends, or by the next one if it was killed.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::Lock;
use crate::output::error::{Error, Result};
use crate::system::file_lock::{self, LockState};
use crate::system::regular_file::{self, Links};

/// What is put in place of a file whose process has ended; `None` removes it.
pub(crate) type Remains<'r> = &'r dyn Fn(&Path) -> Option<Vec<u8>>;

/// A file with mode 0600 and a random name. It is locked as long as its process runs.
pub(crate) struct TempCredentialFile {
    path: tempfile::TempPath,
    #[expect(dead_code, reason = "held for its lock")]
    file: File,
}

impl TempCredentialFile {
    /// Writes a file to this folder, and removes those whose processes have ended, but for their remains.
    pub(crate) fn new(folder: &Path, content: &[u8], remains: Remains<'_>) -> Result<TempCredentialFile> {
        // until the new file has its lock, another process would take it for abandoned
        let _turn = Lock::acquire(&folder.join(".lock"))?;
        remove_abandoned(folder, remains);
        let (file, path) = write(folder, content).map_err(|error| Error::file(folder, "write to", &error))?;
        Ok(TempCredentialFile { path, file })
    }

    /// The file's path.
    pub(crate) fn path(&self) -> PathBuf {
        self.path.to_path_buf()
    }

    /// Removes the file. Dropping it does so too, but hides errors.
    pub(crate) fn remove(self) -> Result<()> {
        let path = self.path();
        match self.path.close() {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::file(&path, "remove", &error)),
            _ => Ok(()),
        }
    }

    /// Puts this content in its place, for programs that still know the path. A [`TempCredentialFile::sweep`] removes it
    /// when nothing is to remain of it.
    pub(crate) fn replace(self, content: &[u8]) -> Result<()> {
        let path = self.path();
        let folder = path.parent().unwrap_or(&path);
        let _turn = Lock::acquire(&folder.join(".lock"))?;
        put(folder, &path, content)
            .and_then(|()| Ok(self.path.keep().map(drop)?)) // dropped, it would remove what is there now
            .map_err(|error| Error::file(&path, "write", &error))
    }

    /// The files in this folder whose processes run.
    pub(crate) fn held_in(folder: &Path) -> Vec<PathBuf> {
        files(folder).filter(|path| matches!(try_lock(path), Some((LockState::Busy, _)))).collect()
    }

    /// Removes the files in this folder whose processes have ended, but for their remains.
    pub(crate) fn sweep(folder: &Path, remains: Remains<'_>) -> Result<()> {
        let _turn = Lock::acquire(&folder.join(".lock"))?;
        remove_abandoned(folder, remains);
        Ok(())
    }
}

fn write(folder: &Path, content: &[u8]) -> std::io::Result<(File, tempfile::TempPath)> {
    let mut file = tempfile::Builder::new().prefix("").suffix(".json").rand_bytes(16).tempfile_in(folder)?;
    file_lock::lock(file.as_file())?;
    file.write_all(content)?;
    Ok(file.into_parts())
}

/// Whether the process of such a file was killed: nobody holds its lock.
pub(crate) fn is_abandoned(path: &Path) -> bool {
    matches!(try_lock(path), Some((LockState::Held, _)))
}

/// Removes the files that no process has locked. The caller holds the folder's lock.
fn remove_abandoned(folder: &Path, remains: Remains<'_>) {
    for path in files(folder) {
        if let Some((LockState::Held, _file)) = try_lock(&path) {
            let is_replaced = remains(&path).is_some_and(|content| put(folder, &path, &content).is_ok());
            if !is_replaced {
                let _ = fs::remove_file(&path);
            }
        }
    }
}

/// Puts a file with this content at a path of this folder.
fn put(folder: &Path, path: &Path, content: &[u8]) -> std::io::Result<()> {
    let (_, new) = write(folder, content)?;
    Ok(new.persist(path)?)
}

fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_file = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_file());
    let paths = entries.filter(is_file).map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"))
}

/// What became of the attempt; a lock is held as long as the file is.
fn try_lock(path: &Path) -> Option<(LockState, File)> {
    let file = regular_file::open(path, Links::Refuse).ok()?;
    Some((file_lock::try_lock(&file).ok()?, file))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test reads and makes files directly")]
mod tests {
    use super::*;

    #[test]
    fn sweep_removes_only_abandoned_files() {
        let root = tempfile::tempdir().unwrap();
        let [abandoned, other] = ["0123.json", "notes.txt"].map(|name| root.path().join(name));
        for path in [&abandoned, &other] {
            fs::write(path, "x").unwrap();
        }
        let held = TempCredentialFile::new(root.path(), b"secret", &|_| None).unwrap();
        assert!(!abandoned.exists() && other.exists());
        fs::write(&abandoned, "x").unwrap();
        assert_eq!(TempCredentialFile::held_in(root.path()), [held.path()]);
        TempCredentialFile::sweep(root.path(), &|_| None).unwrap();
        assert!(!abandoned.exists() && other.exists());
        assert_eq!(fs::read(held.path()).unwrap(), b"secret");
        let replaced = TempCredentialFile::new(root.path(), b"secret", &|_| None).unwrap();
        let path = replaced.path();
        replaced.replace(b"reason").unwrap();
        TempCredentialFile::sweep(root.path(), &|_| Some(b"remains".to_vec())).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"remains");
        TempCredentialFile::sweep(root.path(), &|_| None).unwrap();
        assert!(!path.exists());
        let path = held.path();
        held.remove().unwrap();
        assert!(!path.exists() && other.exists());
        let gone = TempCredentialFile::new(root.path(), b"secret", &|_| None).unwrap();
        fs::remove_file(gone.path()).unwrap();
        assert!(gone.remove().is_ok(), "another process removed it");
    }
}
