//! Finding servers: among the processes, in the active environment, on the PATH, in the usual folders.

use std::path::{Path, PathBuf};

use super::{OtherUsersServer, RunningServer, Server, ServerOrigin, Servers};
use crate::jupyter::locate::context::Context;
use crate::jupyter::locate::machine::Machine;
use crate::jupyter::locate::python::{Options, Python};
use crate::jupyter::locate::search::Directory;
use crate::jupyter::locate::{detect, installed, launcher};
use crate::system::processes::Process;

/// Finds the servers. Runs no program.
pub(in crate::jupyter::locate) fn find(machine: &Machine) -> Servers {
    let mut search = Search { machine, found: Vec::new(), seen: Vec::new() };
    let of_others = search.running();
    search.active();
    search.on_path();
    search.installed();
    if search.found.is_empty() {
        let python = launcher::on_path("python3", &machine.environ, &machine.directory);
        let python = python.and_then(|path| machine.python(&path));
        let context = machine.context(python);
        search.found.push(Server { context, origin: ServerOrigin::NoJupyter });
    }
    Servers { own: search.found, of_others }
}

/// Every server of this user that runs.
pub(in crate::jupyter::locate) fn running(machine: &Machine) -> Vec<RunningServer> {
    let (own, _) = machine.server_processes();
    let server = |(process, context): (Process, Context)| RunningServer {
        pid: process.pid,
        started: process.started(),
        unit: process.unit(),
        context,
    };
    own.into_iter().map(server).collect()
}

impl Machine {
    /// The processes that are servers: this user's, with what decides which files they read, and those of others.
    fn server_processes(&self) -> (Vec<(Process, Context)>, Vec<OtherUsersServer>) {
        let announced = detect::announced(&self.context(None).runtime_dir());
        let home = self.context(None).resolved_home();
        let (mut own, mut of_others) = (Vec::new(), Vec::new());
        for process in self.processes.all() {
            let is_announced = announced.contains(&process.pid) && detect::runs_python(&process);
            if !is_announced && !detect::is_server(&process.argv) {
                continue;
            }
            if process.uid != self.uid {
                let program = process.argv.first().map(PathBuf::from).unwrap_or_default();
                of_others.push(OtherUsersServer { pid: process.pid, uid: process.uid, program });
            } else if let Some(context) = self.context_of(&process)
                // a server with another home is run for something else: a test, a container, a service
                && process.shares_folder(&context.plain_home(), &home)
            {
                own.push((process, context));
            }
        }
        (own, of_others)
    }

    fn python(&self, executable: &Path) -> Option<Python> {
        Python::at(executable, Options::default(), &self.environ, &self.home)
    }

    /// A server that is started with this Python.
    fn context(&self, python: Option<Python>) -> Context {
        Context {
            python,
            environ: self.environ.clone(),
            home: self.home.clone(),
            directory: self.directory.clone(),
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
        let python = Python::at(&executable, Options::of(rest), &environ, &self.home)?;
        Some(Context {
            python: Some(python),
            environ,
            home: self.home.clone(),
            directory,
            uid: process.uid,
            login: process.login(),
            arguments: rest.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
        })
    }
}

struct Search<'a> {
    machine: &'a Machine,
    found: Vec<Server>,
    /// Of two servers of one Python that search the same directories, the first is enough.
    seen: Vec<(Option<PathBuf>, Vec<Directory>)>,
}

impl Search<'_> {
    fn add(&mut self, context: Context, origin: ServerOrigin) {
        let prefix = context.python.as_ref().map(|python| python.prefix.clone());
        let key = (prefix, context.search_path());
        if !self.seen.contains(&key) {
            self.seen.push(key);
            self.found.push(Server { context, origin });
        }
    }

    /// A Python that could start a server, if Jupyter is installed there.
    fn add_python(&mut self, executable: &Path, origin: ServerOrigin) {
        if let Some(python) = self.machine.python(executable)
            && python.package("jupyter_client").is_some()
        {
            self.add(self.machine.context(Some(python)), origin);
        }
    }

    fn running(&mut self) -> Vec<OtherUsersServer> {
        let machine = self.machine;
        let parent = machine.environ.get("JPY_PARENT_PID").and_then(|pid| pid.to_str()?.parse().ok());
        if let Some(context) = parent.and_then(|pid| machine.context_of(&machine.processes.get(pid)?)) {
            self.add(context, ServerOrigin::Parent(parent.unwrap_or_default()));
        }
        let (own, of_others) = machine.server_processes();
        for (process, context) in own {
            self.add(context, ServerOrigin::Running(process.pid));
        }
        of_others
    }

    fn active(&mut self) {
        for (name, origin) in
            [("VIRTUAL_ENV", ServerOrigin::VirtualEnv), ("CONDA_PREFIX", ServerOrigin::Conda)]
        {
            if let Some(prefix) = self.machine.environ.filled(name) {
                self.add_python(&installed::interpreter_in(Path::new(prefix)), origin);
            }
        }
    }

    fn on_path(&mut self) {
        for name in ["jupyter-lab", "jupyter-notebook", "jupyter-server", "jupyter"] {
            let script = launcher::on_path(name, &self.machine.environ, &self.machine.directory);
            let Some(script) = script else { continue };
            if let Some(python) =
                launcher::interpreter(&script, &self.machine.environ, &self.machine.directory)
            {
                self.add_python(&python, ServerOrigin::OnPath(script));
            }
        }
        if let Some(python) = launcher::on_path("python3", &self.machine.environ, &self.machine.directory) {
            self.add_python(&python, ServerOrigin::OnPath(python.clone()));
        }
    }

    /// The project around the working directory, and the usual folders of conda, pipx and uv.
    fn installed(&mut self) {
        let machine = self.machine;
        let project = installed::project_folder(&machine.directory);
        let conda = installed::conda_folders(&machine.environ, &machine.home);
        let tools = installed::tool_folders(&machine.environ, &machine.home);
        for prefix in project.into_iter().chain(conda).chain(tools) {
            self.add_python(&installed::interpreter_in(&prefix), ServerOrigin::Installed(prefix));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::env::Environ;

    #[test]
    fn without_python_the_users_directory_is_searched_all_the_same() {
        let home = tempfile::tempdir().unwrap();
        let mut machine = Machine::new(Environ::default(), home.path().to_owned(), home.path().to_owned());
        machine.uid = u32::MAX - 1; // no server runs as this user
        let servers = machine.servers();
        let last = servers.own.last().unwrap();
        assert!(!last.is_running());
        let user = home.path().canonicalize().unwrap().join(".local/share/jupyter/kernels");
        assert!(last.context.search_path().iter().any(|directory| directory.path == user));
    }
}
