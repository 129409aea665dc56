//! Where the verb runs, and what it shares: the servers found, a profile's variables, words for people.

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::environment::{self, Extent};
use crate::error::{Error, Kind, Result};
use crate::jupyter::Environ;
use crate::jupyter::context::{self, Discovery, Found, Origin, Surroundings};
use crate::jupyter::edit::Exec;
use crate::jupyter::process::Processes;
use crate::jupyter::running::{self, Running};
use crate::jupyter::step::Step;
use crate::process_env;
use crate::profile::{Profile, ProfileName, StoreKind};
use crate::ui;

/// The surroundings, owned.
pub(super) struct Here {
    environ: Environ,
    home: PathBuf,
    directory: PathBuf,
    processes: Processes,
    /// The user.
    pub(super) uid: u32,
}

impl Here {
    /// Looks around.
    pub(super) fn new(app: &App) -> Result<Self> {
        let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        Ok(Here {
            environ: process_env::all().into_iter().collect(),
            home: app.paths.home.clone(),
            directory,
            processes: Processes::here(),
            uid: rustix::process::geteuid().as_raw(),
        })
    }

    /// The servers here.
    pub(super) fn discover(&self) -> Discovery {
        context::discover(&Surroundings {
            environ: &self.environ,
            home: &self.home,
            directory: &self.directory,
            uid: self.uid,
            processes: &self.processes,
        })
    }

    /// The running kernels, each with its profile and credential variables.
    pub(super) fn running(&self) -> Vec<Running> {
        running::kernels(&self.processes, self.uid, &[environment::ADC, environment::PROFILE])
    }

    /// Whether this is a terminal of VS Code, whose own Python kernels read no kernelspec.
    pub(super) fn in_vs_code(&self) -> bool {
        self.environ.get("TERM_PROGRAM").is_some_and(|program| program == "vscode")
            || self.environ.get("VSCODE_IPC_HOOK_CLI").is_some()
    }
}

/// The servers that a change is for: those that run, else the one that would be started.
pub(super) fn meant(discovery: &Discovery) -> Vec<&Found> {
    let running: Vec<&Found> = discovery.found.iter().filter(|found| found.is_running()).collect();
    if running.is_empty() { discovery.found.iter().take(1).collect() } else { running }
}

/// A server in words.
pub(super) fn describe(found: &Found) -> String {
    let python = found.context.python.as_ref();
    let prefix = python.map_or("no Python".to_owned(), |python| python.prefix.display().to_string());
    let how = match &found.origin {
        Origin::Parent(pid) => format!("the server of this notebook, process {pid}"),
        Origin::Running(pid) => format!("running, process {pid}"),
        Origin::VirtualEnv => "the active virtual environment".to_owned(),
        Origin::Conda => "the active conda environment".to_owned(),
        Origin::OnPath(path) => format!("{} is on the PATH", path.display()),
        Origin::Installed(_) => "installed, not running".to_owned(),
        Origin::Nothing => "no Jupyter was found".to_owned(),
    };
    format!("{prefix} ({how})")
}

/// The variables of a profile, as text. Whatever lasts longer than this session can only name a file,
/// so the profile has to be kept in one.
pub(super) fn variables(app: &App, name: &ProfileName, profile: &Profile) -> Result<Vec<(String, String)>> {
    if profile.store != StoreKind::File {
        let what =
            format!("profile {name} is kept in the {}, and Jupyter can only be told a file", profile.store);
        return Err(Error::new(Kind::Store, what).hint(format!(
            "`{} --exec` hands it over when a kernel starts",
            app.command("kernel install", name)
        )));
    }
    let extent = Extent { guard: true, gcloud: false };
    let changes = environment::set(name, profile, &app.paths.adc(name), extent);
    let set = changes.into_iter().filter_map(|change| Some((change.name, change.value?)));
    set.map(|(name, value)| match value.into_string() {
        Ok(value) => Ok((name.to_owned(), value)),
        Err(_) => Err(uncarried(name, "it is not UTF-8")),
    })
    .collect()
}

/// The variables that a kernelspec of this profile gets.
pub(super) fn vars(app: &App, name: &ProfileName, profile: &Profile) -> Result<Vec<(String, String)>> {
    let vars = variables(app, name, profile)?;
    match vars.iter().find(|(_, value)| value.contains('$')) {
        Some((name, _)) => Err(uncarried(name, "Jupyter fills in what follows a $")),
        None => Ok(vars),
    }
}

fn uncarried(name: &str, problem: &str) -> Error {
    Error::usage(format!("{name} can't be handed over this way: {problem}"))
        .hint("`bqcred kernel install --exec` hands over every value exactly")
}

/// Absolute path of this program: as it stands on the PATH, if that is it, for an upgrade keeps that.
pub(super) fn own_path() -> Result<String> {
    let own = std::env::current_exe().map_err(|error| {
        Error::other(format!("can't tell where bqcred lies: {}", crate::error::reason(&error)))
    })?;
    let same = |path: &PathBuf| path.canonicalize().ok() == own.canonicalize().ok();
    let path = process_env::find_program("bqcred").filter(same).unwrap_or(own);
    text(&path)
}

/// How to wrap a kernel's command for a server with this Python.
pub(super) fn exec<'a>(bqcred: &'a str, python: &'a str) -> Exec<'a> {
    Exec { bqcred, python }
}

/// A path as text.
pub(super) fn text(path: &Path) -> Result<String> {
    let problem = || Error::usage(format!("the path {} is not UTF-8", path.display()));
    path.to_str().map(str::to_owned).ok_or_else(problem)
}

/// What a step would do, in words.
pub(super) fn intent(step: &Step) -> String {
    match step {
        Step::Nothing(file) => format!("leave {} as it is: nothing to do", file.display()),
        Step::Replace { file, .. } => format!("change {}", file.display()),
        Step::Copy { from, to, .. } => {
            format!("copy {} to {} and change the copy", from.display(), to.display())
        }
        Step::Remove { folder, .. } => format!("remove {}, a copy that bqcred made", folder.display()),
    }
}

/// Says what to click for kernels that run already: they keep the environment of their start.
pub(super) fn tell_what_to_click(running: &[Running], is_current: impl Fn(&Running) -> bool) {
    let old: Vec<&Running> = running.iter().filter(|kernel| !is_current(kernel)).collect();
    if old.is_empty() {
        ui::note("new notebooks use it at once; nothing has to be restarted");
        return;
    }
    let kernels: Vec<String> = old
        .iter()
        .map(|kernel| format!("{} (process {})", kernel.language.unwrap_or("kernel"), kernel.pid))
        .collect();
    ui::note(&format!("these kernels run already and keep what they started with: {}", kernels.join(", ")));
    ui::tell(
        "  in each open notebook click: Kernel > Shut Down Kernel, then Kernel > Restart Kernel\n  \
         (Restart alone keeps the old environment); or paste `bqcred kernel snippet` into a cell\n",
    );
}
