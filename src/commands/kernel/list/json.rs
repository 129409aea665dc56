//! `bqcred kernel list --json`.

use serde_json::{Value, json};

use super::state_of;
use crate::app::App;
use crate::handover::broker::limits::Limits;
use crate::handover::variables;
use crate::jupyter::changes::given::Given;
use crate::jupyter::changes::running::{RunningState, value};
use crate::jupyter::changes::state;
use crate::jupyter::locate::kernels::Kernel;
use crate::jupyter::locate::running::Running;
use crate::jupyter::locate::search::Location;
use crate::jupyter::locate::servers::{Server, ServerOrigin, Servers};
use crate::system::json_path;

/// Everything.
pub(super) fn all(app: &App, servers: &Servers, running: &[Running]) -> Value {
    let own: Vec<Value> = servers.own.iter().map(|server| server_as_json(app, server)).collect();
    let running: Vec<Value> = running.iter().map(|kernel| running_as_json(app, servers, kernel)).collect();
    let of_others: Vec<Value> =
        servers.of_others.iter().map(|server| json!({"pid": server.pid, "uid": server.uid})).collect();
    json!({"servers": own, "running_kernels": running, "servers_of_other_users": of_others})
}

fn server_as_json(app: &App, server: &Server) -> Value {
    let context = &server.context;
    let (origin, pid) = match &server.origin {
        ServerOrigin::Parent(pid) => ("this_notebook", Some(*pid)),
        ServerOrigin::Running(pid) => ("running", Some(*pid)),
        ServerOrigin::VirtualEnv => ("virtual_env", None),
        ServerOrigin::Conda => ("conda", None),
        ServerOrigin::OnPath(_) => ("path", None),
        ServerOrigin::Installed(_) => ("installed", None),
        ServerOrigin::NoJupyter => ("no_jupyter", None),
    };
    let path: Vec<Value> = context
        .search_path()
        .iter()
        .map(|directory| json!({"path": json_path::value(&directory.path), "location": location(directory.location)}))
        .collect();
    let kernels: Vec<Value> =
        server.kernels().iter().map(|kernel| kernel_as_json(app, server, kernel)).collect();
    json!({
        "origin": origin,
        "pid": pid,
        "python": context.python.as_ref().map(|python| json_path::value(&python.executable)),
        "prefix": context.python.as_ref().map(|python| json_path::value(&python.prefix)),
        "search_path": path,
        "kernel_spec_manager": server.config().manager,
        "kernels": kernels,
    })
}

fn kernel_as_json(app: &App, server: &Server, kernel: &Kernel) -> Value {
    let marker = kernel.marker();
    let given = marker.as_ref().map(Given::by_marker);
    let spec = kernel.spec.as_ref();
    let problem = match spec {
        Err(problem) => Some(problem.clone()),
        Ok(spec) => spec.flaw.map(str::to_owned),
    };
    let problem = problem.or_else(|| state::barrier(app, kernel).map(|barrier| barrier.describe()));
    let variables: Vec<String> = marker.iter().flat_map(|marker| marker.set.keys().cloned()).collect();
    json!({
        "name": kernel.name,
        "display_name": spec.ok().map(|spec| &spec.display_name),
        "language": spec.ok().map(|spec| &spec.language),
        "argv": spec.ok().map(|spec| &spec.argv),
        "resource_dir": json_path::value(&kernel.folder),
        "location": location(kernel.location),
        "listed": kernel.is_listed(),
        "problem": problem,
        "hidden_folders": kernel.shadowed.iter().map(|folder| json_path::value(folder)).collect::<Vec<_>>(),
        "profile": marker.as_ref().map(|marker| &marker.profile),
        "exec": marker.as_ref().is_some_and(|marker| marker.argv.is_some()),
        "gets": given.as_ref().map(Given::word),
        "token_only": given.as_ref().and_then(Given::limits).map(limits_as_json),
        "variables": variables,
        "state": state_of(app, server, kernel).word(),
    })
}

fn running_as_json(app: &App, servers: &Servers, kernel: &Running) -> Value {
    let given = Given::to_running(kernel);
    json!({
        "pid": kernel.pid,
        "language": kernel.language,
        "profile": value(kernel, variables::PROFILE),
        "credential_file": value(kernel, variables::ADC),
        "gets": given.as_ref().map(Given::word),
        "token_only": given.as_ref().and_then(Given::limits).map(limits_as_json),
        "state": RunningState::of(&app.paths, servers, kernel).word(),
    })
}

/// Without scopes: all that were granted.
fn limits_as_json(limits: &Limits) -> Value {
    json!({"scopes": limits.scopes, "acting_as": limits.acting_as})
}

fn location(location: Location) -> &'static str {
    match location {
        Location::JupyterPath => "jupyter_path",
        Location::User => "user",
        Location::UserBase => "user_base",
        Location::Environment => "environment",
        Location::Conda => "conda",
        Location::System => "system",
        Location::IPython => "ipython",
        Location::Native => "ipykernel",
    }
}
