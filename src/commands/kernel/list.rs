//! `bqcred kernel list`: the kernels as each server here finds them, and what bqcred changed.

use serde_json::{Value, json};

use crate::app::App;
use crate::cli::KernelList;
use crate::jupyter::locate::machine::Here;
use crate::jupyter::locate::config::Config;
use crate::jupyter::locate::servers::{Discovery, Found, Origin};
use crate::jupyter::locate::kernels::Kernel;
use crate::jupyter::locate::running::Running;
use crate::jupyter::locate::search::Source;
use crate::output::error::Result;
use crate::output::ui::{self, Output};

use crate::jupyter::changes::kernel_profile as words;
use crate::jupyter::changes::{running as alive, state};

pub(crate) fn run(args: &KernelList, app: &App) -> Result<Output> {
    let here = Here::new(app);
    let discovery = here.discover();
    let running = here.running();
    if args.json {
        return Ok(Output::json(&as_json(app, &discovery, &running)));
    }
    let mut text = String::new();
    for found in &discovery.found {
        text += &as_table(app, found);
    }
    if !running.is_empty() {
        text += &alive::table(app, &discovery, &running);
    }
    for server in &discovery.foreign {
        ui::note(&format!(
            "process {} is a Jupyter server of another user ({}); its kernels are not ours to see",
            server.pid, server.uid
        ));
    }
    Ok(Output::for_people(&text))
}

fn as_table(app: &App, found: &Found) -> String {
    let config = Config::of(&found.context);
    let kernels = found.context.kernels(&config);
    let mut rows = vec![["KERNEL", "LANGUAGE", "PROFILE", "STATE", "FOLDER"].map(str::to_owned).to_vec()];
    for kernel in &kernels {
        let (state, marker) = state::of(app, kernel);
        let words = match &kernel.spec {
            Err(problem) => format!("Jupyter leaves it out: {problem}"),
            Ok(_) if !kernel.allowed => "the server's allow-list leaves it out".to_owned(),
            Ok(spec) => spec.flaw.map_or_else(|| with_command(&state), |flaw| format!("can't start: {flaw}")),
        };
        let language = kernel.spec.as_ref().map_or("-", |spec| spec.language.as_str());
        let profile = marker.map_or_else(|| "-".to_owned(), |marker| marker.profile);
        rows.push(vec![
            kernel.name.clone(),
            language.to_owned(),
            profile,
            words,
            kernel.folder.display().to_string(),
        ]);
    }
    let mut text = format!("{}\n", words::describe(found));
    text += &if kernels.is_empty() { "no kernels\n".to_owned() } else { ui::table(&rows) };
    if config.is_nb_conda() {
        text += "nb_conda_kernels lists these kernels; it looks again after a minute\n";
    }
    if found.context.ignores_home() {
        text += "JupyterHub keeps this server from reading your home directory\n";
    }
    text + "\n"
}

fn with_command(state: &state::State) -> String {
    match state.command() {
        Some(command) => format!("{}: `{command}`", state.words()),
        None => state.words(),
    }
}

fn as_json(app: &App, discovery: &Discovery, running: &[Running]) -> Value {
    let servers: Vec<Value> = discovery.found.iter().map(|found| server(app, found)).collect();
    let running: Vec<Value> = running.iter().map(|kernel| alive::json(app, discovery, kernel)).collect();
    let foreign: Vec<Value> =
        discovery.foreign.iter().map(|server| json!({"pid": server.pid, "uid": server.uid})).collect();
    json!({"servers": servers, "running": running, "servers_of_others": foreign})
}

fn server(app: &App, found: &Found) -> Value {
    let context = &found.context;
    let config = Config::of(context);
    let (origin, pid) = match &found.origin {
        Origin::Parent(pid) => ("parent", Some(*pid)),
        Origin::Running(pid) => ("running", Some(*pid)),
        Origin::VirtualEnv => ("virtual_env", None),
        Origin::Conda => ("conda", None),
        Origin::OnPath(_) => ("path", None),
        Origin::Installed(_) => ("installed", None),
        Origin::Nothing => ("none", None),
    };
    let path: Vec<Value> = context
        .search_path()
        .iter()
        .map(|directory| json!({"path": directory.path, "source": source(directory.source)}))
        .collect();
    let kernels: Vec<Value> = context.kernels(&config).iter().map(|one| kernel(app, one)).collect();
    json!({
        "origin": origin,
        "pid": pid,
        "python": context.python.as_ref().map(|python| &python.executable),
        "prefix": context.python.as_ref().map(|python| &python.prefix),
        "search_path": path,
        "spec_manager": config.manager,
        "kernels": kernels,
    })
}

fn kernel(app: &App, kernel: &Kernel) -> Value {
    let (state, marker) = state::of(app, kernel);
    let spec = kernel.spec.as_ref();
    let changed: Vec<String> = marker.iter().flat_map(|marker| marker.set.keys().cloned()).collect();
    json!({
        "name": kernel.name,
        "display_name": spec.ok().map(|spec| &spec.display_name),
        "language": spec.ok().map(|spec| &spec.language),
        "argv": spec.ok().map(|spec| &spec.argv),
        "resource_dir": kernel.folder,
        "source": source(kernel.source),
        "listed": kernel.is_listed(),
        "problem": spec.err().map(String::as_str).or_else(|| spec.ok().and_then(|spec| spec.flaw)),
        "hides": kernel.shadowed,
        "profile": marker.as_ref().map(|marker| &marker.profile),
        "exec": marker.as_ref().is_some_and(|marker| marker.argv.is_some()),
        "variables": changed,
        "state": state.word(),
    })
}

fn source(source: Source) -> &'static str {
    match source {
        Source::JupyterPath => "JUPYTER_PATH",
        Source::User => "user",
        Source::UserBase => "user base",
        Source::Environment => "environment",
        Source::Conda => "conda",
        Source::System => "system",
        Source::IPython => "ipython",
        Source::Native => "ipykernel",
    }
}
