//! Which Jupyter servers there are here, or would be if one were started.
//!
//! A running server's own environment counts, not the shell's; without one, every Python here that has
//! Jupyter installed is a place where a server may be started, in the shell's environment.

use std::path::{Path, PathBuf};

use crate::jupyter::Environ;
use crate::jupyter::locate::context::Context;
use crate::jupyter::locate::detect;
use crate::jupyter::locate::process::{Process, Processes};
use crate::jupyter::locate::python::{Options, Python};
use crate::jupyter::locate::search::Directory;
use crate::jupyter::locate::{installed, launcher};

/// Where bqcred itself runs.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings<'a> {
    /// The environment.
    pub(crate) environ: &'a Environ,
    /// The home directory of the user.
    pub(crate) home: &'a Path,
    /// The working directory.
    pub(crate) directory: &'a Path,
    /// The user.
    pub(crate) uid: u32,
    /// The processes of this machine.
    pub(crate) processes: &'a Processes,
}

/// How a context was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// bqcred runs in a kernel, and this is the process that started the kernel.
    Parent(u32),
    /// A server of this user runs under this process id.
    Running(u32),
    /// A virtual environment is active.
    VirtualEnv,
    /// A conda environment is active.
    Conda,
    /// A `jupyter` command is on the PATH, here.
    OnPath(PathBuf),
    /// An installation in one of the usual folders.
    Installed(PathBuf),
    /// Nothing but a `python3` on the PATH, or not even that.
    Nothing,
}

/// A server, running or not, and how it was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// What decides what it finds.
    pub(crate) context: Context,
    /// How it was found.
    pub(crate) origin: Origin,
}

/// A server that runs as another user: its environment can't be read, its home is not ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// Its process id.
    pub(crate) pid: u32,
    /// The user that it runs as.
    pub(crate) uid: u32,
}

/// All servers that were found, the one that most likely is meant first.
#[derive(Clone, Debug)]
pub(crate) struct Discovery {
    /// Servers of this user; never empty.
    pub(crate) found: Vec<Found>,
    /// Servers of other users.
    pub(crate) foreign: Vec<Foreign>,
}

impl Found {
    /// Whether a process is behind it.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.origin, Origin::Parent(_) | Origin::Running(_))
    }
}

/// Looks for servers. Runs no program.
pub(crate) fn discover(here: &Surroundings<'_>) -> Discovery {
    let mut search = Search { here, found: Vec::new(), seen: Vec::new() };
    let foreign = search.running();
    search.active();
    search.on_path();
    search.installed();
    if search.found.is_empty() {
        let python = launcher::on_path("python3", here.environ, here.directory);
        let python = python.and_then(|path| here.python(&path));
        search.found.push(Found { context: here.context(python), origin: Origin::Nothing });
    }
    Discovery { found: search.found, foreign }
}

impl Surroundings<'_> {
    fn python(&self, executable: &Path) -> Option<Python> {
        Python::at(executable, Options::default(), self.environ, self.home)
    }

    /// A server started from here with this Python.
    fn context(&self, python: Option<Python>) -> Context {
        Context {
            python,
            environ: self.environ.clone(),
            home: self.home.to_owned(),
            directory: self.directory.to_owned(),
            uid: self.uid,
            login: self.processes.own_login(),
            arguments: Vec::new(),
        }
    }

    /// The context of a process of this user: its Python, its environment.
    fn context_of(&self, process: &Process) -> Option<Context> {
        let environ = process.environ()?;
        let directory = process.directory()?;
        let (first, rest) = process.argv.split_first()?;
        let executable = detect::executable(first, process, &environ, &directory)?;
        let python = Python::at(&executable, Options::of(rest), &environ, self.home)?;
        Some(Context {
            python: Some(python),
            environ,
            home: self.home.to_owned(),
            directory,
            uid: process.uid,
            login: process.login(),
            arguments: rest.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
        })
    }
}

struct Search<'a> {
    here: &'a Surroundings<'a>,
    found: Vec<Found>,
    /// Two servers of the same Python that search the same directories are one for our purposes.
    seen: Vec<(Option<PathBuf>, Vec<Directory>)>,
}

impl Search<'_> {
    fn add(&mut self, context: Context, origin: Origin) {
        let prefix = context.python.as_ref().map(|python| python.prefix.clone());
        let key = (prefix, context.search_path());
        if !self.seen.contains(&key) {
            self.seen.push(key);
            self.found.push(Found { context, origin });
        }
    }

    /// A Python of which a server might be started, if Jupyter is installed there.
    fn add_python(&mut self, executable: &Path, origin: Origin) {
        if let Some(python) = self.here.python(executable)
            && python.package("jupyter_client").is_some()
        {
            self.add(self.here.context(Some(python)), origin);
        }
    }

    fn running(&mut self) -> Vec<Foreign> {
        let here = self.here;
        let parent = here.environ.get("JPY_PARENT_PID").and_then(|pid| pid.to_str()?.parse().ok());
        if let Some(context) = parent.and_then(|pid| here.context_of(&here.processes.get(pid)?)) {
            self.add(context, Origin::Parent(parent.unwrap_or_default()));
        }
        let announced = detect::announced(&here.context(None).runtime_dir());
        let home = here.context(None).resolved_home();
        let mut foreign = Vec::new();
        for process in here.processes.all() {
            let is_announced = announced.contains(&process.pid) && detect::runs_python(&process);
            if !is_announced && !detect::is_server(&process.argv) {
                continue;
            }
            if process.uid != here.uid {
                foreign.push(Foreign { pid: process.pid, uid: process.uid });
            } else if let Some(context) = here.context_of(&process)
                // a server with another home is run for something else: a test, a container, a service
                && context.resolved_home() == home
            {
                self.add(context, Origin::Running(process.pid));
            }
        }
        foreign
    }

    fn active(&mut self) {
        for (name, origin) in [("VIRTUAL_ENV", Origin::VirtualEnv), ("CONDA_PREFIX", Origin::Conda)] {
            if let Some(prefix) = self.here.environ.filled(name) {
                self.add_python(&installed::interpreter_in(Path::new(prefix)), origin);
            }
        }
    }

    fn on_path(&mut self) {
        for name in ["jupyter-lab", "jupyter-notebook", "jupyter-server", "jupyter"] {
            let script = launcher::on_path(name, self.here.environ, self.here.directory);
            let Some(script) = script else { continue };
            if let Some(python) = launcher::interpreter(&script, self.here.environ, self.here.directory) {
                self.add_python(&python, Origin::OnPath(script));
            }
        }
        if let Some(python) = launcher::on_path("python3", self.here.environ, self.here.directory) {
            self.add_python(&python, Origin::OnPath(python.clone()));
        }
    }

    /// The project around the working directory, and the usual folders of conda, pipx and uv.
    fn installed(&mut self) {
        let here = self.here;
        let project = installed::project_folder(here.directory);
        let conda = installed::conda_folders(here.environ, here.home);
        let tools = installed::tool_folders(here.environ, here.home);
        for prefix in project.into_iter().chain(conda).chain(tools) {
            self.add_python(&installed::interpreter_in(&prefix), Origin::Installed(prefix));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_python_still_has_a_context() {
        let home = tempfile::tempdir().unwrap();
        let processes = Processes::here();
        let environ = Environ::default();
        let here = Surroundings {
            environ: &environ,
            home: home.path(),
            directory: home.path(),
            uid: u32::MAX - 1,
            processes: &processes,
        };
        let discovery = discover(&here);
        let last = discovery.found.last().unwrap();
        assert!(!last.is_running());
        let user = home.path().canonicalize().unwrap().join(".local/share/jupyter/kernels");
        assert!(last.context.search_path().iter().any(|directory| directory.path == user));
    }
}
