//! The Jupyter servers that run, and those that could be started.
//!
//! A running server's own environment counts, not the shell's. Without one, every Python that has Jupyter
//! installed could start a server, in the shell's environment.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::credential::paths::Paths;
use crate::handover::variables::Inherited;
use crate::jupyter::locate::config::Config;
use crate::jupyter::locate::context::Context;
use crate::jupyter::locate::kernels::Kernel;

mod find;

pub(super) use find::{find, running};

/// How a server was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerOrigin {
    /// bqcred runs in a kernel, and the process with this id started the kernel.
    Parent(u32),
    /// A server of this user runs under this process id.
    Running(u32),
    /// A virtual environment is active.
    VirtualEnv,
    /// A conda environment is active.
    Conda,
    /// This `jupyter` command is on the PATH.
    OnPath(PathBuf),
    /// Jupyter is installed under this prefix, one of the usual ones.
    Installed(PathBuf),
    /// No Jupyter was found: only a `python3` on the PATH, or not even that.
    NoJupyter,
}

/// A server of this user, running or not.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// What decides which files it reads.
    pub(crate) context: Context,
    /// How it was found.
    pub(crate) origin: ServerOrigin,
}

/// A server that runs as another user: its environment can't be read, and it reads that user's home directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OtherUsersServer {
    /// Its process id.
    pub(crate) pid: u32,
    /// The id of its user.
    pub(crate) uid: u32,
    /// The first word of its command line: its Python.
    pub(crate) program: PathBuf,
}

/// A server of this user that runs.
#[derive(Clone, Debug)]
pub(crate) struct RunningServer {
    /// Its process id.
    pub(crate) pid: u32,
    /// When it started, if the system tells.
    pub(crate) started: Option<SystemTime>,
    /// The systemd unit that it runs in, if it is a service.
    pub(crate) unit: Option<String>,
    /// What decides which files it reads.
    pub(crate) context: Context,
}

/// All servers that were found.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    /// Servers of this user, those that run first; never empty.
    pub(crate) own: Vec<Server>,
    /// Running servers of other users.
    pub(crate) of_others: Vec<OtherUsersServer>,
}

impl Server {
    /// Whether it runs.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.origin, ServerOrigin::Parent(_) | ServerOrigin::Running(_))
    }

    /// Its settings, as far as they decide which kernels it lists.
    pub(crate) fn config(&self) -> Config {
        Config::of(&self.context)
    }

    /// Every kernelspec that it finds, by name; also those that it does not list.
    pub(crate) fn kernels(&self) -> Vec<Kernel> {
        self.context.kernels(&self.config())
    }

    /// What its environment has of a profile already: kernels inherit it.
    pub(crate) fn inherited(&self, paths: &Paths) -> Inherited {
        Inherited::of(paths, &self.context.environ)
    }

    /// For people: its Python's prefix, and how it was found.
    pub(crate) fn describe(&self) -> String {
        let python = self.context.python.as_ref();
        let prefix = python.map_or("no Python".to_owned(), |python| python.prefix.display().to_string());
        let origin = match &self.origin {
            ServerOrigin::Parent(pid) => format!("the server of this notebook, process {pid}"),
            ServerOrigin::Running(pid) => format!("running, process {pid}"),
            ServerOrigin::VirtualEnv => "the active virtual environment".to_owned(),
            ServerOrigin::Conda => "the active conda environment".to_owned(),
            ServerOrigin::OnPath(path) => format!("{} is on the PATH", path.display()),
            ServerOrigin::Installed(_) => "installed, not running".to_owned(),
            ServerOrigin::NoJupyter => "no Jupyter was found".to_owned(),
        };
        format!("{prefix} ({origin})")
    }
}

impl Servers {
    /// The servers that a change of kernels is for: those that run, else the one that would be started.
    pub(crate) fn to_change(&self) -> Vec<&Server> {
        let running: Vec<&Server> = self.own.iter().filter(|server| server.is_running()).collect();
        if running.is_empty() { self.own.iter().take(1).collect() } else { running }
    }

    /// What the environments have, together, in which these servers start kernels.
    pub(crate) fn inherited(&self, paths: &Paths) -> Inherited {
        let all = self.to_change().into_iter().map(|server| server.inherited(paths));
        all.reduce(Inherited::or).unwrap_or_default()
    }

    /// The kernels of all servers that Jupyter can list, sorted, one of each name.
    pub(crate) fn kernels(&self) -> Vec<Kernel> {
        by_name(self.own.iter())
    }

    /// The same without those that were found where no Jupyter is installed: Debian's R package, for
    /// instance, brings a kernelspec with it.
    pub(crate) fn kernels_of_jupyter(&self) -> Vec<Kernel> {
        by_name(self.own.iter().filter(|server| server.origin != ServerOrigin::NoJupyter))
    }
}

fn by_name<'a>(servers: impl Iterator<Item = &'a Server>) -> Vec<Kernel> {
    let mut kernels: Vec<Kernel> = servers.flat_map(Server::kernels).collect();
    kernels.retain(|kernel| kernel.spec.is_ok());
    kernels.sort_by(|one, other| one.name.cmp(&other.name));
    kernels.dedup_by(|one, other| one.name == other.name);
    kernels
}
