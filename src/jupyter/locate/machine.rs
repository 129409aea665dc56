//! Where bqcred runs, as far as it decides which Jupyter servers there are.

use std::path::PathBuf;

use crate::app::App;
use crate::handover::variables;
use crate::jupyter::Environ;
use crate::jupyter::locate::servers::{self, Discovery, Surroundings};
use crate::jupyter::locate::process::Processes;
use crate::jupyter::locate::running::{self, Running};
use crate::system::env;

/// The surroundings, owned.
#[derive(Debug)]
pub(crate) struct Here {
    environ: Environ,
    home: PathBuf,
    directory: PathBuf,
    processes: Processes,
    uid: u32,
}

impl Here {
    /// Looks around.
    pub(crate) fn new(app: &App) -> Self {
        Here {
            environ: env::all().into_iter().collect(),
            home: app.paths.home.clone(),
            directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            processes: Processes::here(),
            uid: rustix::process::geteuid().as_raw(),
        }
    }

    /// The servers here.
    pub(crate) fn discover(&self) -> Discovery {
        servers::discover(&Surroundings {
            environ: &self.environ,
            home: &self.home,
            directory: &self.directory,
            uid: self.uid,
            processes: &self.processes,
        })
    }

    /// The running kernels, each with its profile and credential variables.
    pub(crate) fn running(&self) -> Vec<Running> {
        running::kernels(&self.processes, self.uid, &[variables::ADC, variables::PROFILE])
    }

    /// Whether this is a terminal of VS Code, whose own Python kernels read no kernelspec.
    pub(crate) fn in_vs_code(&self) -> bool {
        self.environ.get("TERM_PROGRAM").is_some_and(|program| program == "vscode")
            || self.environ.get("VSCODE_IPC_HOOK_CLI").is_some()
    }
}
