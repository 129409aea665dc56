//! What the rules look at: the environment, files, programs, the metadata server, and whether Google accepts a
//! credential. Gathered once, or asked when a rule first needs it and then remembered. Rules, findings and the report
//! see nothing but [`Facts`].

pub(crate) mod bigqueryrc;
pub(crate) mod boto;
pub(crate) mod credential_file;
pub(crate) mod credential_kind;
pub(crate) mod current_profile;
pub(crate) mod environment;
pub(crate) mod gargle_cache;
pub(crate) mod gcloud;
pub(crate) mod home;
pub(crate) mod json;
pub(crate) mod kernels;
pub(crate) mod long_running;
pub(crate) mod machine;
#[cfg(test)]
mod made_up;
pub(crate) mod metadata_server;
pub(crate) mod private_key;
pub(crate) mod r;
pub(crate) mod servers;
pub(crate) mod token_only;
pub(crate) mod user_credential;
pub(crate) mod validity;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::app::App;
use crate::credential::state::CredentialState;
use crate::credential::token_only_file::IssuedFor;
use crate::doctor::facts::bigqueryrc::BigQueryRc;
use crate::doctor::facts::credential_file::{Content, FileState};
use crate::doctor::facts::current_profile::CurrentProfile;
use crate::doctor::facts::environment::Variables;
use crate::doctor::facts::gcloud::Gcloud;
use crate::doctor::facts::home::Home;
use crate::doctor::facts::json::JsonParser;
use crate::doctor::facts::kernels::Kernels;
use crate::doctor::facts::long_running::LongRunning;
use crate::doctor::facts::metadata_server::{Metadata, MetadataServers};
use crate::doctor::facts::r::R;
use crate::doctor::facts::servers::ServerFacts;
use crate::doctor::facts::token_only::{HeldToken, TokenOnly};
use crate::doctor::facts::user_credential::UserCredential;
use crate::doctor::facts::validity::{Validities, Validity};
use crate::handover::broker::inside::Inside;
use crate::handover::delivery::{self, WayOn};
use crate::handover::parent_shell;
use crate::handover::variables::ADC;
use crate::jupyter::locate::machine::Machine;
use crate::store::items::{self, Item};
use crate::system::env;
use crate::system::users;

/// Everything that a library may look at.
pub(crate) struct Facts {
    /// The environment of this process, which the libraries would inherit.
    pub(crate) environment: Variables,
    /// R as it starts here.
    pub(crate) r: R,
    /// The home folder, as each library finds it.
    pub(crate) home: Home,
    /// The home folder, as bqcred finds it.
    pub(crate) own_home: PathBuf,
    /// The folder with bqcred's lock files.
    pub(crate) locks: PathBuf,
    /// What hands out no more than the exported file that the environment names.
    pub(crate) exported: Option<WayOn>,
    /// The working folder, where relative paths begin.
    pub(crate) folder: PathBuf,
    /// gcloud's folder and properties.
    pub(crate) gcloud: Gcloud,
    /// What bq's own settings say of the identity, if they do.
    pub(crate) bigqueryrc: Option<BigQueryRc>,
    /// Whether gcloud is on the PATH.
    pub(crate) has_gcloud: bool,
    /// Whether the firmware names Google as the maker of this machine.
    pub(crate) google_hardware: bool,
    /// The current profile of bqcred, which the libraries' identities are compared with.
    pub(crate) profile: CurrentProfile,
    /// What this program gets, if `bqcred exec --token-only` started it.
    pub(crate) token_only: Option<TokenOnly>,
    /// Credentials in the keyring that no profile here uses.
    pub(crate) unused_items: Vec<Item>,
    /// `--offline`: neither Google nor a metadata server is asked.
    pub(crate) offline: bool,
    /// What Google says of the credentials.
    pub(crate) validities: Validities,
    metadata: MetadataServers,
    contents: RefCell<BTreeMap<PathBuf, Rc<Content>>>,
    files: RefCell<BTreeMap<(PathBuf, JsonParser), Rc<FileState>>>,
}

impl Facts {
    /// Reads the environment and the files, and asks the metadata servers and, about the current profile, Google.
    pub(crate) fn gather(app: &App, offline: bool) -> Facts {
        let environment = Variables::from(env::all());
        let folder = std::env::current_dir().unwrap_or_default();
        let registered = users::registered_home(rustix::process::getuid().as_raw());
        let home = Home::new(&environment, registered);
        let r = R::start(&environment, &home, &folder);
        let validities = Validities::new(offline);
        // one that was killed leaves its session file as it was
        let ended = Inside::ended().map(|ended| TokenOnly::ended(ended.about().clone()));
        let at = |path: PathBuf| TokenOnly::read(&folder.join(path), offline);
        let token_only = ended.or_else(|| environment.path(ADC).and_then(at));
        let broker = token_only.as_ref().map(|program| program.address.as_str());
        let metadata = MetadataServers::ask([&environment, &r.variables], broker, offline);
        let exported = environment.path(ADC).and_then(|path| exported(app, &folder.join(path)));
        let mut profile = CurrentProfile::load(app, &validities);
        if let Some(token_only) = &token_only {
            profile.become_program(app, token_only);
        }
        validities.of_other_servers(app);
        Facts {
            profile,
            token_only,
            unused_items: items::unused_if_unlocked(&app.paths),
            gcloud: Gcloud::read(&environment, &home.of_python(), &folder, &metadata),
            bigqueryrc: BigQueryRc::read(environment.path("BIGQUERYRC"), &home.of_python(), &folder),
            has_gcloud: env::find_program("gcloud").is_some(),
            google_hardware: machine::is_made_by_google(),
            contents: RefCell::default(),
            files: RefCell::default(),
            validities,
            metadata,
            environment,
            r,
            home,
            own_home: app.paths.home.clone(),
            locks: app.paths.state.clone(),
            exported,
            folder,
            offline,
        }
    }

    /// The credential file at a path as this parser reads it, or why there is none.
    pub(crate) fn file(&self, path: &Path, parser: JsonParser) -> Rc<FileState> {
        let key = (self.folder.join(path), parser);
        if let Some(known) = self.files.borrow().get(&key) {
            return Rc::clone(known);
        }
        let state = Rc::new(FileState::of(&self.content(path), parser));
        self.files.borrow_mut().insert(key, Rc::clone(&state));
        state
    }

    /// A path as R and its fs package expand it: `~` is this home folder, `~NAME` that user's.
    pub(crate) fn expanded(&self, path: &Path, home: &Path) -> PathBuf {
        let mut parts = path.components();
        let first = parts.next().and_then(|part| part.as_os_str().to_str()).unwrap_or_default();
        let folder = match first.strip_prefix('~') {
            Some("") => Some(home.to_owned()),
            Some(name) => users::home_of_name(name),
            None => None,
        };
        folder.map_or_else(|| path.to_owned(), |folder| folder.join(parts.as_path()))
    }

    /// What is at a path, read once.
    pub(crate) fn content(&self, path: &Path) -> Rc<Content> {
        let path = self.folder.join(path);
        let known = self.contents.borrow().get(&path).cloned();
        known.unwrap_or_else(|| {
            let content = Rc::new(Content::read(&path));
            self.contents.borrow_mut().insert(path, Rc::clone(&content));
            content
        })
    }

    /// The session file of `exec --token-only` at a path, if that is one.
    pub(crate) fn token_only(&self, path: &Path) -> Option<TokenOnly> {
        let path = self.folder.join(path);
        let is_own = self.environment.path(ADC).is_some_and(|own| self.folder.join(own) == path);
        match is_own {
            true => self.token_only.clone(),
            false => TokenOnly::read(&path, self.offline),
        }
    }

    /// Whether something is at a path, links followed.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        self.folder.join(path).exists()
    }

    /// Whether a regular file is at a path, links followed.
    pub(crate) fn is_file(&self, path: &Path) -> bool {
        matches!(*self.content(path), Content::Unreadable | Content::Bytes(..))
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
        if let Some(token_only) = &self.token_only {
            // of another account's profile, a sign-in would bring that account's tokens
            return matches!(token_only.token, HeldToken::Refused(_)) && !self.profile.is_anothers;
        }
        self.profile.fingerprint.is_none() || self.profile_validity().is_some_and(|known| known.is_refused())
    }

    fn profile_validity(&self) -> Option<Validity> {
        self.validities.known(self.profile.fingerprint.as_deref()?)
    }

    /// What makes programs here use the profile: in a notebook its cell, else the line that makes the shell above this
    /// process take over what `bqcred env` prints. A program that gets access tokens only is started again instead,
    /// with what it gets.
    pub(crate) fn env_line(&self) -> String {
        if let Some(start) = self.limited_line("") {
            return start;
        }
        self.profile.cell.clone().unwrap_or_else(|| parent_shell::line(&self.profile.env))
    }

    /// The same for gcloud and bq, which have variables of their own. No cell sets those.
    pub(crate) fn gcloud_line(&self) -> String {
        match (self.limited_line(" --gcloud"), &self.profile.cell) {
            (Some(start), _) => start,
            (None, Some(_)) => self.profile.exec_gcloud.clone(),
            (None, None) => parent_shell::line(&format!("{} --gcloud", self.profile.env)),
        }
    }

    /// The command that gives kernels a credential: no more than programs here get.
    pub(crate) fn kernel_install(&self) -> String {
        let words = ["bqcred", "kernel", "install"].map(str::to_owned).into_iter();
        let limits = self.token_only.iter().flat_map(|program| program.about.limits().to_options());
        let unknown = self.token_only.as_ref().map_or("", |program| program.about.unknown_limits());
        words.chain(limits).collect::<Vec<_>>().join(" ") + unknown
    }

    /// The command that starts a program with what programs here get, if that is access tokens only.
    pub(crate) fn limited_line(&self, options: &str) -> Option<String> {
        let program = self.token_only.as_ref().map(|program| program.start_line(options));
        program.or_else(|| self.exported.as_ref().map(|file| file.start_line(options)))
    }

    /// The commands that add a scope to what programs here get: a sign-in, where the account did not grant it, and the
    /// start of a program that was narrowed without it.
    pub(crate) fn scope_line(&self, sign_in: Option<String>, scope: &str) -> String {
        let program = self.token_only.as_ref();
        // what the user granted is not what a service account's tokens allow
        let sign_in = sign_in.filter(|_| program.is_none_or(|program| program.about.acting_as.is_none()));
        let start = program.and_then(|program| program.widened(scope));
        sign_in.into_iter().chain(start).collect::<Vec<_>>().join(" && ")
    }

    /// Whether a bqcred of this user renews this file, on this machine.
    pub(crate) fn is_renewed(&self, path: &Path) -> bool {
        delivery::is_renewed(&self.folder.join(path), &self.locks)
    }

    /// Kernelspecs and running kernels, with what decides their credential.
    pub(crate) fn kernels(&self) -> Kernels {
        Kernels::find(&self.machine(), &self.own_home)
    }

    /// The Jupyter servers that run, with the environment of their plugins.
    pub(crate) fn servers(&self) -> Vec<ServerFacts> {
        servers::find(&self.machine())
    }

    /// What these facts are for a program with another environment and working folder.
    pub(crate) fn seen_from<T>(
        &mut self,
        environment: Variables,
        folder: PathBuf,
        look: impl FnOnce(&Facts) -> T,
    ) -> T {
        let home = Home::new(&environment, self.home.registered.clone());
        let gcloud = Gcloud::read(&environment, &home.of_python(), &folder, &self.metadata);
        let own_environment = std::mem::replace(&mut self.environment, environment);
        let own_folder = std::mem::replace(&mut self.folder, folder);
        let own_home = std::mem::replace(&mut self.home, home);
        let own_gcloud = std::mem::replace(&mut self.gcloud, gcloud);
        let seen = look(self);
        (self.environment, self.folder) = (own_environment, own_folder);
        (self.home, self.gcloud) = (own_home, own_gcloud);
        seen
    }

    /// Servers and clusters that run, with the credential of their environment.
    pub(crate) fn long_running(&self) -> Vec<LongRunning> {
        long_running::find(&self.machine(), &self.own_home)
    }

    fn machine(&self) -> Machine {
        Machine::new(self.environment.environ().clone(), self.own_home.clone(), self.folder.clone())
    }

    /// The accounts that gargle has signed in on its own.
    pub(crate) fn gargle_accounts(&self) -> Vec<String> {
        gargle_cache::accounts(&self.r.variables, &self.home.of_r())
    }

    /// The first configuration file of gsutil's own that holds a refresh token.
    pub(crate) fn boto_with_sign_in(&self) -> Option<PathBuf> {
        boto::with_sign_in(&self.environment, &self.home.of_python(), &self.folder)
    }
}

/// What leads on from a file, if `bqcred export --token-only` wrote it.
fn exported(app: &App, file: &Path) -> Option<WayOn> {
    match Content::read(file) {
        Content::Bytes(bytes, _) => Some(WayOn::find(app, IssuedFor::read(&bytes)?)),
        _ => None,
    }
}
