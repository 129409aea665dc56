//! The Jupyter kernels of the servers here, as far as more than one verb cares: their names, which of
//! them bqcred changed, and how that is undone.

use crate::app::App;
use crate::jupyter::kernelspec::edit;
use crate::jupyter::locate::config::Config;
use crate::jupyter::locate::servers::Origin;

use crate::jupyter::locate::machine::Here;

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

/// Every kernel that can be started, by name, as `kernel list` has them. Reads files and the table of
/// processes, and runs nothing.
pub(crate) fn listed(app: &App) -> Vec<Listed> {
    list(app, |_| true)
}

/// The same, and none where no Jupyter was found: R's kernel comes with Debian's package, wanted or not.
pub(crate) fn of_servers(app: &App) -> Vec<Listed> {
    list(app, |origin| !matches!(origin, Origin::Nothing))
}

fn list(app: &App, counts: impl Fn(&Origin) -> bool) -> Vec<Listed> {
    let mut kernels: Vec<Listed> = Here::new(app)
        .discover()
        .found
        .iter()
        .filter(|found| counts(&found.origin))
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
