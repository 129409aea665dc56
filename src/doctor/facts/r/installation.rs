//! Which R is meant, without starting it: that of the active conda environment, else the one on the PATH.

use std::path::{Path, PathBuf};

use crate::doctor::facts::environment::Variables;
use crate::system::regular_file;

/// Where R is where no PATH leads to it, as for a kernel that a server starts.
const USUAL: [&str; 5] = [
    "/usr/lib/R",
    "/usr/lib64/R",
    "/usr/local/lib/R",
    "/usr/local/lib64/R",
    "/Library/Frameworks/R.framework/Resources",
];
/// R's own start script is some ten kB; in bytes.
const SCRIPT_LIMIT: u64 = 1024 * 1024;

/// R's own folder, as `R.home()` says it; `None` if there is no R.
#[derive(Clone, Debug, Default)]
pub(crate) struct Installation(Option<PathBuf>);

impl Installation {
    /// Looks for it.
    pub(crate) fn find(environment: &Variables) -> Installation {
        let of_conda = environment.path("CONDA_PREFIX").map(|prefix| prefix.join("lib/R"));
        let on_path = || environment.environ().find_program("R").and_then(|script| home_in(&script));
        let usual = || USUAL.map(PathBuf::from).into_iter().find(|folder| folder.is_dir());
        Installation(of_conda.filter(|folder| folder.is_dir()).or_else(on_path).or_else(usual))
    }

    /// A file of the site, below `etc`.
    pub(crate) fn site_file(&self, name: &str) -> Option<PathBuf> {
        self.0.as_ref().map(|home| home.join("etc").join(name))
    }

    /// Whether it is the system's own, which has a folder of the site's below `/usr/local`.
    pub(crate) fn is_of_system(&self) -> bool {
        self.0.as_ref().is_some_and(|home| home.starts_with("/usr"))
    }

    /// A folder of packages that come with R.
    pub(crate) fn library(&self, name: &str) -> Option<PathBuf> {
        self.0.as_ref().map(|home| home.join(name))
    }
}

/// `R` is a shell script, which says where R is.
fn home_in(script: &Path) -> Option<PathBuf> {
    let bytes = regular_file::read(script, SCRIPT_LIMIT).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let home = text.lines().find_map(|line| line.strip_prefix("R_HOME_DIR="))?;
    Some(PathBuf::from(home.trim_matches(['"', '\'']))).filter(|home| home.is_dir())
}
