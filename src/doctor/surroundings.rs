//! What the libraries look at: the environment, files, programs, the metadata server, and whether
//! Google still takes a credential. Asked when a rule needs it, and once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::credential_file::{FileState, UserFile};
use super::identity::Identity;
use super::metadata::{self, Metadata};
use super::trace::Prediction;
use super::variables::Variables;
use super::{gargle, renviron};
use crate::app::{self, App, Loaded};
use crate::google::{Endpoints, Failure, Google, Transport};
use crate::profile::StoreKind;
use crate::refresh;
use crate::secret::Secret;

/// The person whom bqcred knows.
#[derive(Debug, Default)]
pub(crate) struct Person {
    /// The current profile, if there is one with a credential.
    pub(crate) profile: Option<String>,
    /// Its address.
    pub(crate) account: Option<String>,
    /// Its ADC file.
    pub(super) adc: Option<PathBuf>,
    /// Its project.
    pub(crate) project: Option<String>,
    /// Tells its refresh token.
    pub(super) fingerprint: Option<String>,
    /// The command that signs it in again.
    pub(super) login: String,
}

/// Whether Google still takes a credential.
#[derive(Clone, Debug)]
pub(crate) enum Life {
    /// It wasn't asked (`--offline`), or doesn't know this credential.
    NotAsked,
    /// It does.
    Alive {
        /// Whose it is.
        account: Option<String>,
        /// What was granted.
        scopes: Option<Vec<String>>,
    },
    /// It refuses it: a word for programs, and words that follow "this credential".
    Refused(String, String),
    /// It could not be asked.
    Unreachable(Transport),
}

/// Everything that a library may look at.
pub(crate) struct Surroundings {
    /// The environment.
    pub(super) variables: Variables,
    /// The environment of R, which changes it by `.Renviron` files.
    pub(super) r: renviron::Environment,
    /// gargle's version, if one was found.
    pub(super) gargle: Option<gargle::Version>,
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
    /// How far Google's clock is ahead, in seconds, where it was asked.
    pub(super) clock_offset: Cell<Option<i64>>,
    /// Nobody is asked.
    pub(super) offline: bool,
    files: RefCell<BTreeMap<PathBuf, Rc<FileState>>>,
    lives: RefCell<BTreeMap<String, Life>>,
    metadata: BTreeMap<String, Metadata>,
}

impl Surroundings {
    /// Looks around.
    pub(crate) fn gather(app: &App, offline: bool) -> Surroundings {
        let variables = Variables::new(app::whole_env());
        let folder = std::env::current_dir().unwrap_or_default();
        let home = app.paths.home.clone();
        let r = renviron::Environment::read(&variables, &home, &folder);
        let hosts = hosts(&variables, &r.variables);
        let mut surroundings = Surroundings {
            gargle: gargle::Version::of("gargle", &r.variables, &home),
            r_has_xml2: gargle::Version::of("xml2", &r.variables, &home).is_some(),
            login_home: login_home(),
            has_gcloud: app::find_program("gcloud").is_some(),
            google_hardware: made_by_google(),
            person: Person::default(),
            clock_offset: Cell::new(None),
            files: RefCell::default(),
            lives: RefCell::default(),
            metadata: if offline { BTreeMap::new() } else { metadata::ask(&hosts) },
            variables,
            r,
            home,
            folder,
            offline,
        };
        surroundings.meet(app);
        surroundings
    }

    /// The current profile, and whether its credential lives. What that teaches is kept.
    fn meet(&mut self, app: &App) {
        self.person.login = "bqcred login".to_owned();
        let Ok(name) = app.profile_name() else { return };
        self.person.login = app.login_command(&name);
        let Ok(mut loaded) = app.load() else { return };
        let fingerprint = loaded.credential.fingerprint();
        if !self.offline {
            let life = self.life_of_profile(app, &mut loaded);
            self.lives.borrow_mut().insert(fingerprint.clone(), life);
        }
        let adc = match loaded.profile.store {
            StoreKind::File => app.paths.adc(&name),
            // where `env` makes it readable for this login session
            StoreKind::Keyring => app.paths.runtime.clone().unwrap_or_default().join(format!("{name}.json")),
        };
        self.person = Person {
            profile: Some(name.to_string()),
            account: loaded.profile.account.clone().filter(|account| !account.is_empty()),
            adc: Some(adc),
            project: loaded.profile.project.clone(),
            fingerprint: Some(fingerprint),
            login: self.person.login.clone(),
        };
    }

    fn life_of_profile(&self, app: &App, loaded: &mut Loaded) -> Life {
        let result = refresh::refresh(app, loaded);
        if let Ok(fresh) = &result {
            self.clock_offset.set(fresh.clock_offset);
        }
        match result {
            Ok(fresh) => {
                let known = fresh.identity.as_ref().and_then(|identity| identity.email.clone());
                let mut account = known.or_else(|| loaded.profile.account.clone());
                let mut scopes = fresh.scopes.clone();
                if account.is_none() || scopes.is_none() {
                    let told = Google::at(&loaded.endpoints()).identify(&fresh.access_token).ok().flatten();
                    if let Some(identity) = told {
                        account = account.or(identity.email);
                        scopes = scopes.or(identity.scopes);
                    }
                }
                loaded.profile.account = account.clone();
                Life::Alive { account, scopes }
            }
            Err(failure) => failed(failure),
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

    /// Whether Google takes a person's credential. Libraries always ask Google, whatever `token_uri`
    /// a file names.
    pub(super) fn life(&self, user: &UserFile) -> Life {
        let (Some(fingerprint), true) = (user.fingerprint(), user.is_whole()) else { return Life::NotAsked };
        if let Some(life) = self.lives.borrow().get(&fingerprint) {
            return life.clone();
        }
        let life = if self.offline { Life::NotAsked } else { self.ask(user) };
        self.lives.borrow_mut().insert(fingerprint, life.clone());
        life
    }

    fn ask(&self, user: &UserFile) -> Life {
        let down = self.lives.borrow().values().find_map(|life| match life {
            // who waited once for nothing needn't wait again
            Life::Unreachable(transport) => Some(Life::Unreachable(transport.clone())),
            _ => None,
        });
        if let Some(down) = down {
            return down;
        }
        let (Some(id), Some(secret), Some(token)) =
            (&user.client_id, &user.client_secret, &user.refresh_token)
        else {
            return Life::NotAsked;
        };
        let endpoints = Endpoints::google();
        let google = Google::at(&endpoints);
        match google.refresh(id, secret, token) {
            Ok(fresh) => {
                self.clock_offset.set(fresh.clock_offset.or(self.clock_offset.get()));
                let mut account = fresh.identity.and_then(|identity| identity.email);
                let mut scopes = fresh.scopes;
                if account.is_none() || scopes.is_none() {
                    let told = google.identify(&fresh.access_token).ok().flatten().unwrap_or_default();
                    account = account.or(told.email);
                    scopes = scopes.or(told.scopes);
                }
                Life::Alive { account, scopes }
            }
            Err(failure) => failed(failure),
        }
    }

    /// Whose an access token is, if Google says.
    pub(super) fn whose(&self, token: &Secret) -> Option<String> {
        if self.offline {
            return None;
        }
        Google::at(&Endpoints::google()).identify(token).ok().flatten()?.email
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
        let asked = match self.life(user) {
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

    /// Whether the current profile's credential was refused, or is not there.
    pub(crate) fn needs_login(&self) -> bool {
        let Some(fingerprint) = &self.person.fingerprint else { return true };
        matches!(self.lives.borrow().get(fingerprint), Some(Life::Refused(..)))
    }

    /// Whether the current profile's credential is one that Google refuses.
    pub(crate) fn is_refused(&self) -> bool {
        self.person.profile.is_some() && self.needs_login()
    }
}

impl Person {
    /// Whether a prediction is this person. With no profile to compare with, any person will do.
    pub(super) fn is(&self, prediction: &Prediction) -> bool {
        let account = match &prediction.identity {
            Identity::Person(account) => account,
            Identity::AccessToken(account) if account.is_some() => account,
            _ => return false,
        };
        match (&self.account, account) {
            (Some(mine), Some(theirs)) => mine.eq_ignore_ascii_case(theirs),
            (Some(_), None) => self.adc.is_some() && self.adc == prediction.file,
            (None, _) => true,
        }
    }
}

fn failed(failure: Failure) -> Life {
    match failure {
        Failure::Refused(reason) => Life::Refused(reason.code().to_owned(), reason.words()),
        Failure::Unreachable(transport) => Life::Unreachable(transport),
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
    crate::private_file::read(path, crate::private_file::Content::Foreign)
        .ok()
        .flatten()
        .is_some_and(|name| name.trim_ascii_start().starts_with(b"Google"))
}

/// The home folder in `/etc/passwd`.
fn login_home() -> Option<PathBuf> {
    let path = Path::new("/etc/passwd");
    let text = crate::private_file::read(path, crate::private_file::Content::Foreign).ok().flatten()?;
    let uid = rustix::process::getuid().as_raw().to_string();
    std::str::from_utf8(&text)
        .ok()?
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&uid.as_str()))
        .and_then(|fields| fields.get(5).map(PathBuf::from))
        .filter(|home| home.is_absolute())
}
