//! `bqcred kernel list`: the kernels as each server here finds them, and what bqcred changed.

mod json;

use std::collections::{BTreeMap, BTreeSet};

use crate::app::App;
use crate::cli::KernelList;
use crate::handover::broker::inside::Inside;
use crate::handover::variables;
use crate::jupyter::changes::given::Given;
use crate::jupyter::changes::running::{RunningState, value};
use crate::jupyter::changes::state::{self, KernelState};
use crate::jupyter::locate::kernels::Kernel;
use crate::jupyter::locate::machine::Machine;
use crate::jupyter::locate::running::Running;
use crate::jupyter::locate::servers::{Server, Servers};
use crate::output::error::Result;
use crate::output::ui::{self, Output};

pub(crate) fn run(args: &KernelList, app: &App) -> Result<Output> {
    let machine = Machine::here(&app.paths.home);
    let servers = machine.servers();
    let running = machine.running_kernels();
    if args.json {
        return Ok(Output::json(&json::all(app, &servers, &running)));
    }
    let inside = Inside::here();
    let marks = Marks { whole: inside.is_some() || is_any_token_only(&servers, &running) };
    let mut text = String::new();
    for server in &servers.own {
        text += &server_as_table(app, server, &marks);
    }
    if !running.is_empty() {
        text += &running_as_table(app, &servers, &running, &marks);
    }
    if let Some(inside) = inside {
        note_whole(&servers, &inside);
    }
    for server in &servers.of_others {
        ui::note(&format!(
            "process {} is a Jupyter server of another user ({}); its kernels can't be listed",
            server.pid, server.uid
        ));
    }
    Ok(Output::for_people(&text))
}

/// What is marked in the tables. Where no program gets access tokens only, all kernels get the whole credential, and no
/// mark is needed.
struct Marks {
    whole: bool,
}

impl Marks {
    /// A profile with what kernels get of it: "default (token-only, narrowed to bigquery)".
    fn profile(&self, profile: &str, given: Option<&Given>) -> String {
        match given {
            Some(given @ Given::AccessTokens(_)) => format!("{profile} ({})", given.describe()),
            Some(given @ Given::WholeCredential) if self.whole => format!("{profile} ({})", given.describe()),
            _ => profile.to_owned(),
        }
    }
}

fn is_any_token_only(servers: &Servers, running: &[Running]) -> bool {
    let installed = servers.own.iter().flat_map(Server::kernels);
    let mut given = installed.filter_map(|kernel| kernel.marker().as_ref().map(Given::by_marker));
    given.any(|given| given.limits().is_some())
        || running.iter().filter_map(Given::to_running).any(|given| given.limits().is_some())
}

/// Names the kernels that get more than the program that asks.
fn note_whole(servers: &Servers, inside: &Inside) {
    let mut kernels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for kernel in servers.own.iter().flat_map(Server::kernels) {
        if let Some(marker) = kernel.marker()
            && Given::by_marker(&marker) == Given::WholeCredential
        {
            kernels.entry(marker.profile).or_default().insert(kernel.name);
        }
    }
    let options = inside.limits().to_options().join(" ");
    for (profile, names) in kernels {
        let names = names.into_iter().collect::<Vec<_>>().join(" ");
        ui::note(&format!(
            "this program gets access tokens only ({}), and kernels that are marked so get the whole credential: \
             `bqcred kernel install {options} --profile {profile} {names}` gives them tokens{}",
            inside.limits().describe(),
            inside.about().unknown_limits()
        ));
    }
}

fn server_as_table(app: &App, server: &Server, marks: &Marks) -> String {
    let kernels = server.kernels();
    let mut rows = vec![["KERNEL", "LANGUAGE", "PROFILE", "STATE", "FOLDER"].map(str::to_owned).to_vec()];
    rows.extend(kernels.iter().map(|kernel| kernel_as_row(app, server, kernel, marks)));
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

fn kernel_as_row(app: &App, server: &Server, kernel: &Kernel, marks: &Marks) -> Vec<String> {
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
        |marker| marks.profile(&marker.profile, Some(&Given::by_marker(&marker))),
    );
    vec![kernel.name.clone(), language.to_owned(), profile, state, kernel.folder.display().to_string()]
}

fn state_of(app: &App, server: &Server, kernel: &Kernel) -> KernelState {
    KernelState::of(app, kernel, &server.inherited(&app.paths))
}

fn running_as_table(app: &App, servers: &Servers, running: &[Running], marks: &Marks) -> String {
    let mut rows = vec![["RUNNING", "LANGUAGE", "PROFILE", "STATE"].map(str::to_owned).to_vec()];
    rows.extend(running.iter().map(|kernel| {
        vec![
            kernel.pid.to_string(),
            kernel.language.unwrap_or("-").to_owned(),
            marks.profile(
                value(kernel, variables::PROFILE).unwrap_or("-"),
                Given::to_running(kernel).as_ref(),
            ),
            RunningState::of(&app.paths, servers, kernel).describe().to_owned(),
        ]
    }));
    ui::table(&rows)
}
