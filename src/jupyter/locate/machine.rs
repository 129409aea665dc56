//! This machine as bqcred sees it: what decides which Jupyter servers there are.

use std::path::{Path, PathBuf};

use crate::handover::variables;
use crate::jupyter::locate::running::{self, Running};
use crate::jupyter::locate::servers::{self, RunningServer, Servers};
use crate::system::env;
use crate::system::env::Environ;
use crate::system::processes::Processes;

/// An environment, a user and the processes of the system.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// The environment that a server would be started in.
    pub(super) environ: Environ,
    /// The user's home directory.
    pub(super) home: PathBuf,
    /// The working directory.
    pub(super) directory: PathBuf,
    /// The user id.
    pub(super) uid: u32,
    /// The processes that run.
    pub(super) processes: Processes,
}

impl Machine {
    /// The machine with the environment and the working directory of this process.
    pub(crate) fn here(home: &Path) -> Self {
        let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        Machine::new(env::all(), home.to_owned(), directory)
    }

    /// The machine for a shell with this environment and working directory.
    pub(crate) fn new(environ: Environ, home: PathBuf, directory: PathBuf) -> Self {
        let uid = rustix::process::geteuid().as_raw();
        Machine { environ, home, directory, uid, processes: Processes::here() }
    }

    /// The Jupyter servers that run, and those that could be started. Runs no program.
    pub(crate) fn servers(&self) -> Servers {
        servers::find(self)
    }

    /// Every server of this user that runs, also those that read the same files.
    pub(crate) fn running_servers(&self) -> Vec<RunningServer> {
        servers::running(self)
    }

    /// The user's running kernels, each with its profile and credential variables.
    pub(crate) fn running_kernels(&self) -> Vec<Running> {
        let [file, ..] = variables::GCLOUD;
        running::kernels(&self.processes, self.uid, &self.home, &[variables::ADC, variables::PROFILE, file])
    }

    /// Whether this is a terminal of VS Code. Its own Python kernels read no kernelspec.
    pub(crate) fn in_vs_code(&self) -> bool {
        self.environ.get("TERM_PROGRAM").is_some_and(|program| program == "vscode")
            || self.environ.get("VSCODE_IPC_HOOK_CLI").is_some()
    }
}
