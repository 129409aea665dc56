//! Systems without /proc: no process is found, except for ancestors.

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Ancestor, parse_ps};
use crate::system::env::Environ;

/// The processes of a system.
#[derive(Clone, Debug)]
pub(crate) struct Processes;

/// One process; never constructed.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its id.
    pub(crate) pid: u32,
    /// The user id that it runs as.
    pub(crate) uid: u32,
    /// Its command line.
    pub(crate) argv: Vec<OsString>,
    never: Infallible,
}

impl Processes {
    /// The processes of this system.
    pub(crate) fn here() -> Self {
        Processes
    }

    /// All processes.
    pub(crate) fn all(&self) -> impl Iterator<Item = Process> + use<> {
        std::iter::empty()
    }

    /// The process with this id.
    pub(crate) fn get(&self, _pid: u32) -> Option<Process> {
        None
    }

    /// The user id of this login session.
    pub(crate) fn own_login(&self) -> Option<u32> {
        None
    }

    /// The ids of the processes that this one started.
    pub(crate) fn started_by(&self, _pid: u32) -> Vec<u32> {
        Vec::new()
    }
}

impl Process {
    /// Its name.
    pub(crate) fn name(&self) -> Option<String> {
        match self.never {}
    }

    /// The id of its parent.
    pub(crate) fn parent(&self) -> Option<u32> {
        match self.never {}
    }

    /// Its environment.
    pub(crate) fn environ(&self) -> Option<Environ> {
        match self.never {}
    }

    /// The value of one variable of its environment.
    pub(crate) fn variable(&self, _name: &str) -> Option<OsString> {
        match self.never {}
    }

    /// Its program file.
    pub(crate) fn executable(&self) -> Option<PathBuf> {
        match self.never {}
    }

    /// Its current folder.
    pub(crate) fn directory(&self) -> Option<PathBuf> {
        match self.never {}
    }

    /// Whether this folder, as the process sees it, is that folder of ours.
    pub(crate) fn shares_folder(&self, _theirs: &Path, _ours: &Path) -> bool {
        match self.never {}
    }

    /// When it started.
    pub(crate) fn started(&self) -> Option<std::time::SystemTime> {
        match self.never {}
    }

    /// The systemd service that it belongs to.
    pub(crate) fn unit(&self) -> Option<String> {
        match self.never {}
    }

    /// The user id of its login session.
    pub(crate) fn login(&self) -> Option<u32> {
        match self.never {}
    }
}

/// A process above this one.
pub(crate) fn ancestor(pid: u32) -> Option<Ancestor> {
    let output = Command::new("/bin/ps")
        .args(["-o", "ppid=", "-o", "comm=", "-p", &pid.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    parse_ps(std::str::from_utf8(&output.stdout).ok()?)
}

/// The name of a process's program file; ps(1) returns it in [`Ancestor::name`].
pub(crate) fn program_name(_pid: u32) -> Option<String> {
    None
}

/// Whether this process's stdout is `/dev/null`: not known here.
pub(crate) fn discards_output(_pid: u32) -> bool {
    false
}

/// The signals that this process ignores; unknown here.
pub(crate) fn ignored_signals() -> u64 {
    0
}
