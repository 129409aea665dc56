//! Other processes of this machine, as Linux shows them under `/proc`; elsewhere there are none.
//!
//! A server's environment decides which kernelspecs it finds, and it is not the shell's. Sources:
//! proc(5). What belongs to another user can't be read, and is left out.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::jupyter::Environ;
use crate::jupyter::locate::files;

/// Enough for any command line or environment (Linux's ARG_MAX is 2 MiB by default).
const MAX_BYTES: u64 = 4 << 20;

/// The process folders of a system.
#[derive(Clone, Debug)]
pub(crate) struct Processes {
    root: PathBuf,
}

/// One process.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    /// Its id.
    pub(crate) pid: u32,
    /// The user that it runs as.
    pub(crate) uid: u32,
    /// Its command line.
    pub(crate) argv: Vec<OsString>,
    folder: PathBuf,
}

impl Processes {
    /// The processes of this system.
    pub(crate) fn here() -> Self {
        Processes { root: PathBuf::from("/proc") }
    }

    /// All processes, of every user, in order of their ids.
    pub(crate) fn all(&self) -> Vec<Process> {
        let Ok(entries) = std::fs::read_dir(&self.root) else { return Vec::new() };
        let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut all: Vec<Process> = ids.filter_map(|pid| self.get(pid)).collect();
        all.sort_by_key(|process| process.pid);
        all
    }

    /// The process with this id, if there is one and it has a command line.
    pub(crate) fn get(&self, pid: u32) -> Option<Process> {
        let folder = self.root.join(pid.to_string());
        let uid = files::owner(&std::fs::metadata(&folder).ok()?);
        let argv = list(&files::read(&folder.join("cmdline"), MAX_BYTES).ok()?);
        (!argv.is_empty()).then_some(Process { pid, uid, argv, folder })
    }

    /// The user who logged in to this session (`/proc/self/loginuid`), which `os.getlogin()` goes by.
    pub(crate) fn own_login(&self) -> Option<u32> {
        login(&self.root.join("self"))
    }
}

impl Process {
    /// Its environment when it started; `None` if it may not be read.
    pub(crate) fn environ(&self) -> Option<Environ> {
        let bytes = files::read(&self.folder.join("environ"), MAX_BYTES).ok()?;
        let pairs = list(&bytes).into_iter().filter_map(|pair| split(&pair));
        Some(pairs.collect())
    }

    /// The program file, symbolic links resolved.
    pub(crate) fn executable(&self) -> Option<PathBuf> {
        std::fs::read_link(self.folder.join("exe")).ok()
    }

    /// Its working directory.
    pub(crate) fn directory(&self) -> Option<PathBuf> {
        std::fs::read_link(self.folder.join("cwd")).ok()
    }

    /// The user who logged in to its session.
    pub(crate) fn login(&self) -> Option<u32> {
        login(&self.folder)
    }

    /// Its parent's id.
    pub(crate) fn parent(&self) -> Option<u32> {
        let stat = files::read(&self.folder.join("stat"), MAX_BYTES).ok()?;
        // "pid (name) state ppid": the name may hold anything, even a parenthesis
        let stat = String::from_utf8_lossy(&stat).into_owned();
        let (_, after) = stat.rsplit_once(')')?;
        after.split_whitespace().nth(1)?.parse().ok()
    }
}

fn login(folder: &Path) -> Option<u32> {
    let bytes = files::read(&folder.join("loginuid"), 32).ok()?;
    let uid = std::str::from_utf8(&bytes).ok()?.trim().parse().ok()?;
    (uid != u32::MAX).then_some(uid)
}

/// Parts that end in a NUL byte.
fn list(bytes: &[u8]) -> Vec<OsString> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if bytes.is_empty() { Vec::new() } else { bytes.split(|b| *b == 0).map(os_string).collect() }
}

fn split(pair: &OsStr) -> Option<(OsString, OsString)> {
    let bytes = pair.as_encoded_bytes();
    let at = bytes.iter().position(|b| *b == b'=')?;
    Some((os_string(bytes.get(..at)?), os_string(bytes.get(at + 1..)?)))
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(bytes).to_owned()
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_with_its_parent_and_environment() {
        let processes = Processes::here();
        let me = processes.get(std::process::id()).unwrap();
        assert_eq!(me.parent(), Some(std::os::unix::process::parent_id()));
        assert!(me.environ().unwrap().get("PATH").is_some());
        assert_eq!(me.executable(), std::env::current_exe().ok());
        assert!(processes.all().iter().any(|process| process.pid == me.pid));
        assert!(processes.get(u32::MAX).is_none());
    }

    #[test]
    fn an_environment_is_split_at_the_first_equals_sign() {
        let pairs: Vec<_> = list(b"A=b=c\0B=\0nothing\0").iter().filter_map(|pair| split(pair)).collect();
        assert_eq!(pairs, [("A".into(), "b=c".into()), ("B".into(), OsString::new())]);
        assert!(list(b"").is_empty());
    }
}
