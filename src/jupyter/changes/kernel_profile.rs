//! What the verb shares: the servers that are meant, a profile's variables, words for people.

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::credential::profile::{Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::handover::variables::{self, Extent};
use crate::jupyter::kernelspec::argv::Exec;
use crate::jupyter::locate::servers::{Discovery, Found, Origin};
use crate::output::error::{Error, Kind, Result};
use crate::system::env;

/// The servers that a change is for: those that run, else the one that would be started.
pub(crate) fn meant(discovery: &Discovery) -> Vec<&Found> {
    let running: Vec<&Found> = discovery.found.iter().filter(|found| found.is_running()).collect();
    if running.is_empty() { discovery.found.iter().take(1).collect() } else { running }
}

/// A server in words.
pub(crate) fn describe(found: &Found) -> String {
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
pub(crate) fn variables(app: &App, name: &ProfileName, profile: &Profile) -> Result<Vec<(String, String)>> {
    if profile.store != StoreKind::File {
        let what =
            format!("profile {name} is kept in the {}, and Jupyter can only be told a file", profile.store);
        return Err(Error::new(Kind::Store, what).hint(format!(
            "`{} --exec` hands it over when a kernel starts",
            app.command("kernel install", name)
        )));
    }
    let extent = Extent { guard: true, gcloud: false };
    let changes = variables::set(name, profile, &app.paths.adc(name), extent);
    let set = changes.into_iter().filter_map(|change| Some((change.name, change.value?)));
    set.map(|(name, value)| match value.into_string() {
        Ok(value) => Ok((name.to_owned(), value)),
        Err(_) => Err(uncarried(name, "it is not UTF-8")),
    })
    .collect()
}

/// The variables that a kernelspec of this profile gets.
pub(crate) fn vars(app: &App, name: &ProfileName, profile: &Profile) -> Result<Vec<(String, String)>> {
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
pub(crate) fn own_path() -> Result<String> {
    let own = std::env::current_exe().map_err(|error| {
        Error::other(format!("can't tell where bqcred lies: {}", crate::output::error::reason(&error)))
    })?;
    let same = |path: &PathBuf| path.canonicalize().ok() == own.canonicalize().ok();
    let path = env::find_program("bqcred").filter(same).unwrap_or(own);
    text(&path)
}

/// How to wrap a kernel's command for a server with this Python.
pub(crate) fn exec<'a>(bqcred: &'a str, python: &'a str) -> Exec<'a> {
    Exec { bqcred, python }
}

/// A path as text.
pub(crate) fn text(path: &Path) -> Result<String> {
    let problem = || Error::usage(format!("the path {} is not UTF-8", path.display()));
    path.to_str().map(str::to_owned).ok_or_else(problem)
}
