//! R as it starts here: which R that is, what its start-up files make of the environment, and the packages that it
//! has (`?Startup` and `?libPaths` in R).

pub(crate) mod installation;
pub(crate) mod packages;
pub(crate) mod renviron;
pub(crate) mod rprofile;

use std::path::{Path, PathBuf};

use crate::doctor::facts::environment::Variables;
use crate::doctor::facts::home::Home;
use crate::handover::variables::ADC;
use installation::Installation;
use packages::{Libraries, Version};
use rprofile::Profile;

/// What R's programs see, and the files that made it differ from what R inherits.
#[derive(Default)]
pub(crate) struct R {
    /// The environment, once R has started.
    pub(crate) variables: Variables,
    /// The `.Renviron` files that change a variable that matters here.
    pub(crate) environ_files: Vec<PathBuf>,
    /// The `.Rprofile` files that R runs and that name a variable that matters here.
    pub(crate) profiles: Vec<Profile>,
    /// Where `GOOGLE_APPLICATION_CREDENTIALS` was set, if it was in one of these files.
    pub(crate) sets_adc: Option<PathBuf>,
    /// gargle's version, if R has it.
    pub(crate) gargle: Option<Version>,
    /// Whether R has the package xml2.
    pub(crate) has_xml2: bool,
}

impl R {
    /// Goes through the files as R does: the environment of the site and the user, then both profiles.
    pub(crate) fn start(environment: &Variables, home: &Home, folder: &Path) -> R {
        let home = home.of_r();
        let installation = Installation::find(environment);
        let mut r = R { variables: environment.clone(), ..R::default() };
        for file in renviron::files(environment, &installation, &home, folder) {
            r.read_environment(&file);
        }
        for file in rprofile::files(&r.variables, &installation, &home, folder) {
            r.read_profile(&file);
        }
        let libraries = Libraries::of(&installation, &r.variables, &home);
        r.gargle = libraries.version("gargle");
        r.has_xml2 = libraries.version("xml2").is_some();
        r
    }

    fn read_environment(&mut self, path: &Path) {
        let mut matters = false;
        for (name, value) in renviron::settings(path, &self.variables) {
            matters |= self.set(path, &name, Some(value));
        }
        if matters {
            self.environ_files.push(path.to_owned());
        }
    }

    fn read_profile(&mut self, path: &Path) {
        let Some(profile) = Profile::read(path) else { return };
        for (name, value) in &profile.settings {
            self.set(path, name, value.clone());
        }
        self.profiles.push(profile);
    }

    /// Whether this variable matters here.
    fn set(&mut self, path: &Path, name: &str, value: Option<String>) -> bool {
        if name == ADC {
            self.sets_adc = value.is_some().then(|| path.to_owned());
        }
        match value {
            Some(value) => self.variables.set(name, value),
            None => self.variables.remove(name),
        }
        name.starts_with("GOOGLE_") || name.starts_with("GCE_") || name == "CLOUDSDK_CONFIG"
    }
}

/// A path in R's settings: `~` is the home folder.
fn expanded(path: &Path, home: &Path) -> PathBuf {
    path.strip_prefix("~").map_or_else(|_| path.to_owned(), |rest| home.join(rest))
}
