//! What the rules look at: the environment, files, programs, the metadata server, and whether Google accepts a
//! credential. Gathered once, or asked when a rule first needs it and then remembered. Rules, findings and the report
//! see nothing but [`Facts`].

pub(crate) mod boto;
pub(crate) mod credential_file;
pub(crate) mod current_profile;
pub(crate) mod environment;
pub(crate) mod gargle_cache;
pub(crate) mod gcloud;
pub(crate) mod kernels;
pub(crate) mod machine;
#[cfg(test)]
mod made_up;
pub(crate) mod metadata_server;
pub(crate) mod r_packages;
pub(crate) mod renviron;
pub(crate) mod user_credential;
pub(crate) mod validity;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::app::App;
use crate::credential::state::CredentialState;
use crate::doctor::facts::credential_file::FileState;
use crate::doctor::facts::current_profile::CurrentProfile;
use crate::doctor::facts::environment::Variables;
use crate::doctor::facts::gcloud::Gcloud;
use crate::doctor::facts::kernels::Kernels;
use crate::doctor::facts::metadata_server::{Metadata, MetadataServers};
use crate::doctor::facts::r_packages::Version;
use crate::doctor::facts::user_credential::UserCredential;
use crate::doctor::facts::validity::{Validities, Validity};
use crate::handover::parent_shell;
use crate::store::items::{self, Item};
use crate::system::env;
use crate::system::users;

/// Everything that a library may look at.
pub(crate) struct Facts {
    /// The environment of this process, which the libraries would inherit.
    pub(crate) environment: Variables,
    /// The environment that R makes of it by `.Renviron` files.
    pub(crate) r: renviron::REnvironment,
    /// gargle's version, if R has it.
    pub(crate) gargle: Option<Version>,
    /// Whether R has the package xml2.
    pub(crate) r_has_xml2: bool,
    /// The home folder, as `HOME` names it.
    pub(crate) home: PathBuf,
    /// The home folder of the user database, which Java takes instead.
    pub(crate) login_home: Option<PathBuf>,
    /// The working folder, where relative paths begin.
    pub(crate) folder: PathBuf,
    /// gcloud's folder and properties.
    pub(crate) gcloud: Gcloud,
    /// Whether gcloud is on the PATH.
    pub(crate) has_gcloud: bool,
    /// Whether the firmware names Google as the maker of this machine.
    pub(crate) google_hardware: bool,
    /// The current profile of bqcred, which the libraries' identities are compared with.
    pub(crate) profile: CurrentProfile,
    /// Credentials in the keyring that no profile here uses.
    pub(crate) unused_items: Vec<Item>,
    /// `--offline`: neither Google nor a metadata server is asked.
    pub(crate) offline: bool,
    /// What Google says of the credentials.
    pub(crate) validities: Validities,
    metadata: MetadataServers,
    files: RefCell<BTreeMap<PathBuf, Rc<FileState>>>,
}

impl Facts {
    /// Reads the environment and the files, and asks the metadata servers and, about the current profile, Google.
    pub(crate) fn gather(app: &App, offline: bool) -> Facts {
        let environment = Variables::from(env::all());
        let folder = std::env::current_dir().unwrap_or_default();
        let home = app.paths.home.clone();
        let r = renviron::REnvironment::read(&environment, &home, &folder);
        let validities = Validities::new(offline);
        let metadata = MetadataServers::ask([&environment, &r.variables], offline);
        Facts {
            profile: CurrentProfile::load(app, &validities),
            unused_items: items::unused_if_unlocked(&app.paths),
            gargle: Version::of("gargle", &r.variables, &home),
            r_has_xml2: Version::of("xml2", &r.variables, &home).is_some(),
            login_home: users::registered_home(rustix::process::getuid().as_raw()),
            gcloud: Gcloud::read(&environment, &home, &folder, &metadata),
            has_gcloud: env::find_program("gcloud").is_some(),
            google_hardware: machine::is_made_by_google(),
            files: RefCell::default(),
            validities,
            metadata,
            environment,
            r,
            home,
            folder,
            offline,
        }
    }

    /// The credential file at a path, or why there is none.
    pub(crate) fn file(&self, path: &Path) -> Rc<FileState> {
        let path = self.folder.join(path);
        if let Some(known) = self.files.borrow().get(&path) {
            return Rc::clone(known);
        }
        let state = Rc::new(FileState::read(&path));
        self.files.borrow_mut().insert(path, Rc::clone(&state));
        state
    }

    /// Whether something is at a path, links followed.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        self.folder.join(path).exists()
    }

    /// Whether a regular file is at a path, links followed.
    pub(crate) fn is_file(&self, path: &Path) -> bool {
        self.file(path).is_file()
    }

    /// Whether a path leads to a file by names alone. That of an open file in /proc may not: the file has none.
    pub(crate) fn resolves(&self, path: &Path) -> bool {
        self.folder.join(path).canonicalize().is_ok()
    }

    /// What a metadata server at this address (`HOST[:PORT]`) says.
    pub(crate) fn metadata(&self, host: &str) -> Metadata {
        self.metadata.at(host)
    }

    /// The account of a user credential: as Google says, else as the profile or the file says.
    pub(crate) fn account(&self, user: &UserCredential) -> Option<String> {
        let confirmed = match self.validities.of(user) {
            Validity::Valid { account, .. } => account,
            _ => None,
        };
        let profile = || {
            let same = user.fingerprint().is_some() && user.fingerprint() == self.profile.fingerprint;
            self.profile.account.clone().filter(|_| same)
        };
        confirmed.or_else(profile).or_else(|| user.account.clone())
    }

    /// The state of the current profile's credential.
    pub(crate) fn profile_state(&self) -> CredentialState {
        self.profile_validity().map_or(CredentialState::Unknown, |validity| validity.state())
    }

    /// Whether the current profile's credential was refused, or there is none.
    pub(crate) fn needs_login(&self) -> bool {
        self.profile.fingerprint.is_none() || self.profile_validity().is_some_and(|known| known.is_refused())
    }

    fn profile_validity(&self) -> Option<Validity> {
        self.validities.known(self.profile.fingerprint.as_deref()?)
    }

    /// The line that makes the shell above this process take over what `bqcred env`, with these options, prints.
    pub(crate) fn env_line(&self, options: &str) -> String {
        parent_shell::line(&format!("{}{options}", self.profile.env))
    }

    /// Kernelspecs and running kernels, with what decides their credential.
    pub(crate) fn kernels(&self) -> Kernels {
        Kernels::find(&self.environment, &self.home, &self.folder)
    }

    /// The accounts that gargle has signed in on its own.
    pub(crate) fn gargle_accounts(&self) -> Vec<String> {
        gargle_cache::accounts(&self.r.variables, &self.home)
    }

    /// The first configuration file of gsutil's own that holds a refresh token.
    pub(crate) fn boto_with_sign_in(&self) -> Option<PathBuf> {
        boto::with_sign_in(&self.environment, &self.home, &self.folder)
    }
}
