//! What the libraries look at: the environment, files, programs, the metadata server, and whether
//! Google still takes a credential. Asked when a rule needs it, and once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::credential_file::{FileState, UserFile};
use super::life::{Life, Lives};
use super::metadata::{self, Metadata};
use super::person::Person;
use super::r_package::Version;
use super::renviron;
use super::variables::Variables;
use crate::app::App;
use crate::output::notes::Notes;
use crate::system::env;
use crate::system::private_file::{self, Content};

/// Everything that a library may look at.
pub(crate) struct Surroundings {
    /// The environment.
    pub(super) variables: Variables,
    /// The environment of R, which changes it by `.Renviron` files.
    pub(super) r: renviron::Environment,
    /// gargle's version, if one was found.
    pub(super) gargle: Option<Version>,
    /// Whether R has the package xml2.
    pub(super) r_has_xml2: bool,
    /// The home folder.
    pub(super) home: PathBuf,
    /// The home folder of the user database, which Java believes.
    pub(super) login_home: Option<PathBuf>,
    /// The working folder.
    pub(super) folder: PathBuf,
    /// Whether gcloud is on the PATH.
    pub(super) has_gcloud: bool,
    /// Whether the firmware names Google as the maker of this machine.
    pub(super) google_hardware: bool,
    /// The person whom bqcred knows.
    pub(crate) person: Person,
    /// Nobody is asked.
    pub(super) offline: bool,
    files: RefCell<BTreeMap<PathBuf, Rc<FileState>>>,
    /// Which credentials are alive.
    pub(super) lives: Lives,
    metadata: BTreeMap<String, Metadata>,
}

impl Surroundings {
    /// Looks around.
    pub(crate) fn gather(app: &App, offline: bool) -> Surroundings {
        let variables = Variables::new(env::all());
        let folder = std::env::current_dir().unwrap_or_default();
        let home = app.paths.home.clone();
        let r = renviron::Environment::read(&variables, &home, &folder);
        let hosts = hosts(&variables, &r.variables);
        let lives = Lives::new(offline);
        Surroundings {
            person: Person::meet(app, &lives),
            gargle: Version::of("gargle", &r.variables, &home),
            r_has_xml2: Version::of("xml2", &r.variables, &home).is_some(),
            login_home: login_home(),
            has_gcloud: env::find_program("gcloud").is_some(),
            google_hardware: made_by_google(),
            files: RefCell::default(),
            lives,
            metadata: if offline { BTreeMap::new() } else { metadata::ask(&hosts) },
            variables,
            r,
            home,
            folder,
            offline,
        }
    }

    /// What lies at a path; a relative one begins at the working folder.
    pub(super) fn file(&self, path: &Path) -> Rc<FileState> {
        let path = self.folder.join(path);
        if let Some(known) = self.files.borrow().get(&path) {
            return Rc::clone(known);
        }
        let state = Rc::new(FileState::read(&path));
        self.files.borrow_mut().insert(path, Rc::clone(&state));
        state
    }

    /// What is at this address of a metadata server.
    pub(super) fn metadata(&self, host: &str) -> Metadata {
        match self.metadata.get(host) {
            Some(metadata) => metadata.clone(),
            None => Metadata::NotAsked,
        }
    }

    /// Whose a person's credential is, as far as it is known.
    pub(super) fn account(&self, user: &UserFile) -> Option<String> {
        let asked = match self.lives.of(user) {
            Life::Alive { account, .. } => account,
            _ => None,
        };
        let profile = || {
            let same = user.fingerprint().is_some() && user.fingerprint() == self.person.fingerprint;
            self.person.account.clone().filter(|_| same)
        };
        asked.or_else(profile).or_else(|| user.account.clone())
    }

    /// gcloud's folder as Python's google-auth reads the variable: an empty one is taken as it is.
    pub(super) fn gcloud_folder(&self) -> PathBuf {
        match self.variables.get("CLOUDSDK_CONFIG") {
            Some(folder) => PathBuf::from(folder),
            None => self.home.join(".config/gcloud"),
        }
    }

    /// What the user should know of the requests that were made.
    pub(crate) fn take_notes(&self) -> Notes {
        self.lives.take_notes()
    }

    /// Whether the current profile's credential was refused, or is not there.
    pub(crate) fn needs_login(&self) -> bool {
        let Some(fingerprint) = &self.person.fingerprint else { return true };
        matches!(self.lives.known(fingerprint), Some(Life::Refused(..)))
    }

    /// Whether the current profile's credential is one that Google refuses.
    pub(crate) fn is_refused(&self) -> bool {
        self.person.profile.is_some() && self.needs_login()
    }
}

/// The addresses of metadata servers that any family would ask.
fn hosts(variables: &Variables, r: &Variables) -> Vec<String> {
    let (ping, host) = metadata::python(variables);
    let mut hosts = vec![
        ping,
        host,
        metadata::r(r),
        metadata::gcloud(variables),
        metadata::go(variables).unwrap_or_else(|| metadata::IP.to_owned()),
        metadata::java(variables),
        metadata::node(variables),
    ];
    hosts.sort();
    hosts.dedup();
    hosts
}

/// `/sys/class/dmi/id/product_name`, as google-auth, Go and Java look at it.
fn made_by_google() -> bool {
    let path = Path::new("/sys/class/dmi/id/product_name");
    private_file::read(path, Content::Foreign)
        .ok()
        .flatten()
        .is_some_and(|name| name.trim_ascii_start().starts_with(b"Google"))
}

/// The home folder in `/etc/passwd`.
fn login_home() -> Option<PathBuf> {
    let path = Path::new("/etc/passwd");
    let text = private_file::read(path, Content::Foreign).ok().flatten()?;
    let uid = rustix::process::getuid().as_raw().to_string();
    std::str::from_utf8(&text)
        .ok()?
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&uid.as_str()))
        .and_then(|fields| fields.get(5).map(PathBuf::from))
        .filter(|home| home.is_absolute())
}
