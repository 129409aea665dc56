//! The Jupyter servers of this user that run, with the environment that their plugins look at.

use std::path::PathBuf;

use crate::doctor::facts::environment::Variables;
use crate::jupyter::locate::machine::Machine;
use crate::jupyter::server_variables::ServerVariables;

/// A running server.
pub(crate) struct ServerFacts {
    /// Its process id.
    pub(crate) pid: u32,
    /// What its plugins have in their environment.
    pub(crate) environment: Variables,
    /// Its working folder, where relative paths begin.
    pub(crate) folder: PathBuf,
    /// A configuration file that has other variables for it since it started.
    pub(crate) changed: Option<PathBuf>,
}

/// All of them.
pub(crate) fn find(machine: &Machine) -> Vec<ServerFacts> {
    let servers = machine.running_servers().into_iter();
    servers
        .map(|server| {
            let ServerVariables { environ, changed } = ServerVariables::of(&server.context, server.started);
            let folder = server.context.directory;
            ServerFacts { pid: server.pid, environment: environ.into(), folder, changed }
        })
        .collect()
}
