//! The Jupyter kernels of the servers here, for those who only want their names.

use std::path::PathBuf;

use crate::app::App;
use crate::jupyter::config::Config;
use crate::jupyter::context::{self, Origin, Surroundings};
use crate::jupyter::edit;
use crate::jupyter::process::Processes;
use crate::process_env;

/// A kernel that a server lists.
#[derive(Debug)]
pub(crate) struct Listed {
    /// Its name.
    pub(crate) name: String,
    /// Its language, in Jupyter's spelling.
    pub(crate) language: String,
    /// The profile that it uses; none if bqcred changed nothing in it.
    pub(crate) profile: Option<String>,
}

/// Every kernel that can be started, by name; none where no Jupyter was found. Reads files and the table
/// of processes, and runs nothing.
pub(crate) fn listed(app: &App) -> Vec<Listed> {
    let environ = process_env::all().into_iter().collect();
    let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let processes = Processes::here();
    let discovery = context::discover(&Surroundings {
        environ: &environ,
        home: &app.paths.home,
        directory: &directory,
        uid: rustix::process::geteuid().as_raw(),
        processes: &processes,
    });
    let mut kernels: Vec<Listed> = discovery
        .found
        .iter()
        .filter(|found| !matches!(found.origin, Origin::Nothing))
        .flat_map(|found| found.context.kernels(&Config::of(&found.context)))
        .filter_map(|kernel| {
            let profile = edit::marker(&kernel.text).map(|marker| marker.profile);
            Some(Listed { name: kernel.name, language: kernel.spec.ok()?.language, profile })
        })
        .collect();
    kernels.sort_by(|one, other| one.name.cmp(&other.name));
    kernels.dedup_by(|one, other| one.name == other.name);
    kernels
}
