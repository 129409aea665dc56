//! `bqcred kernel list`: the kernels as each server here finds them, and what bqcred changed.

use serde_json::{Value, json};

use crate::app::App;
use crate::cli::KernelList;
use crate::handover::broker::limits::Limits;
use crate::handover::variables;
use crate::jupyter::changes::running::{RunningState, token_only, value};
use crate::jupyter::changes::state::{self, KernelState};
use crate::jupyter::kernelspec::marker::Marker;
use crate::jupyter::locate::kernels::Kernel;
use crate::jupyter::locate::machine::Machine;
use crate::jupyter::locate::running::Running;
use crate::jupyter::locate::search::Location;
use crate::jupyter::locate::servers::{Server, ServerOrigin, Servers};
use crate::output::error::Result;
use crate::output::ui::{self, Output};

pub(crate) fn run(args: &KernelList, app: &App) -> Result<Output> {
    let machine = Machine::here(&app.paths.home);
    let servers = machine.servers();
    let running = machine.running_kernels();
    if args.json {
        return Ok(Output::json(&all_as_json(app, &servers, &running)));
    }
    let mut text = String::new();
    for server in &servers.own {
        text += &server_as_table(app, server);
    }
    if !running.is_empty() {
        text += &running_as_table(app, &servers, &running);
    }
    for server in &servers.of_others {
        ui::note(&format!(
            "process {} is a Jupyter server of another user ({}); its kernels can't be listed",
            server.pid, server.uid
        ));
    }
    Ok(Output::for_people(&text))
}

fn server_as_table(app: &App, server: &Server) -> String {
    let kernels = server.kernels();
    let mut rows = vec![["KERNEL", "LANGUAGE", "PROFILE", "STATE", "FOLDER"].map(str::to_owned).to_vec()];
    rows.extend(kernels.iter().map(|kernel| kernel_as_row(app, server, kernel)));
    let mut text = format!("{}\n", server.describe());
    text += &if kernels.is_empty() { "no kernels\n".to_owned() } else { ui::table(&rows) };
    if server.config().is_nb_conda() {
        text += "nb_conda_kernels lists these kernels, and sees a change after a minute at most\n";
    }
    if server.context.ignores_home() {
        text +=
            "JupyterHub runs this server with disable_user_config: it reads nothing in your home directory\n";
    }
    text + "\n"
}

fn kernel_as_row(app: &App, server: &Server, kernel: &Kernel) -> Vec<String> {
    let marker = kernel.marker();
    let state = match &kernel.spec {
        Err(problem) => format!("not listed by Jupyter: {problem}"),
        Ok(_) if !kernel.allowed => "not listed by Jupyter: not in allowed_kernelspecs".to_owned(),
        Ok(spec) => match spec.flaw {
            Some(flaw) => format!("can't start: {flaw}"),
            None => match state::barrier(app, kernel) {
                Some(barrier) => format!("{}: `bqcred kernel install {}`", barrier.describe(), kernel.name),
                None => state_of(app, server, kernel).describe(),
            },
        },
    };
    let language = if kernel.spec.is_ok() { kernel.language() } else { "-" };
    let profile = marker.map_or_else(
        || "-".to_owned(),
        |marker| {
            let limits = marker.token_only().map(Limits::describe);
            with_limits(&marker.profile, limits)
        },
    );
    vec![kernel.name.clone(), language.to_owned(), profile, state, kernel.folder.display().to_string()]
}

/// A profile with what kernels get of it: "default (token-only, narrowed to bigquery)".
fn with_limits(profile: &str, limits: Option<String>) -> String {
    limits.map_or_else(|| profile.to_owned(), |limits| format!("{profile} ({limits})"))
}

fn state_of(app: &App, server: &Server, kernel: &Kernel) -> KernelState {
    KernelState::of(app, &kernel.text, kernel.marker().as_ref(), &server.inherited(&app.paths))
}

fn running_as_table(app: &App, servers: &Servers, running: &[Running]) -> String {
    let mut rows = vec![["RUNNING", "LANGUAGE", "PROFILE", "STATE"].map(str::to_owned).to_vec()];
    rows.extend(running.iter().map(|kernel| {
        vec![
            kernel.pid.to_string(),
            kernel.language.unwrap_or("-").to_owned(),
            with_limits(
                value(kernel, variables::PROFILE).unwrap_or("-"),
                token_only(kernel).map(|about| about.limits().describe()),
            ),
            RunningState::of(&app.paths, servers, kernel).describe().to_owned(),
        ]
    }));
    ui::table(&rows)
}

fn all_as_json(app: &App, servers: &Servers, running: &[Running]) -> Value {
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
        .map(|directory| json!({"path": directory.path, "location": location(directory.location)}))
        .collect();
    let kernels: Vec<Value> =
        server.kernels().iter().map(|kernel| kernel_as_json(app, server, kernel)).collect();
    json!({
        "origin": origin,
        "pid": pid,
        "python": context.python.as_ref().map(|python| &python.executable),
        "prefix": context.python.as_ref().map(|python| &python.prefix),
        "search_path": path,
        "kernel_spec_manager": server.config().manager,
        "kernels": kernels,
    })
}

fn kernel_as_json(app: &App, server: &Server, kernel: &Kernel) -> Value {
    let marker = kernel.marker();
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
        "resource_dir": kernel.folder,
        "location": location(kernel.location),
        "listed": kernel.is_listed(),
        "problem": problem,
        "hidden_folders": kernel.shadowed,
        "profile": marker.as_ref().map(|marker| &marker.profile),
        "exec": marker.as_ref().is_some_and(|marker| marker.argv.is_some()),
        "token_only": marker.as_ref().and_then(Marker::token_only).map(limits_as_json),
        "variables": variables,
        "state": state_of(app, server, kernel).word(),
    })
}

fn running_as_json(app: &App, servers: &Servers, kernel: &Running) -> Value {
    json!({
        "pid": kernel.pid,
        "language": kernel.language,
        "profile": value(kernel, variables::PROFILE),
        "credential_file": value(kernel, variables::ADC),
        "token_only": token_only(kernel).map(|about| limits_as_json(&about.limits())),
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
