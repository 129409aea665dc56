//! What on this machine stops working when a profile's grant is revoked: for the question before that.

use std::path::{Path, PathBuf};

use crate::app::{App, Loaded};
use crate::credential::adc::AuthorizedUser;
use crate::credential::client;
use crate::credential::other_tools::PythonCache;
use crate::credential::profile::{Origin, Profile};
use crate::credential::profile_name::ProfileName;
use crate::handover;
use crate::handover::broker::running::{self, TokenOnlyProgram};
use crate::handover::variables;
use crate::jupyter::changes::record::Record;
use crate::jupyter::locate::kernelspecs;
use crate::jupyter::locate::machine::Machine;
use crate::jupyter::locate::running as running_kernels;
use crate::lifecycle::grant;
use crate::oauth::{Failure, Google, Reason};
use crate::system::private_file::{self, Content};
use crate::system::processes::{Process, Processes};

/// Everything here that uses a profile's credential or shares its grant.
pub(crate) struct Dependents {
    /// Other profiles of the same grant.
    pub(crate) siblings: Vec<(ProfileName, Profile)>,
    /// Files of gcloud and the libraries that hold a credential of this grant, or may do.
    pub(crate) elsewhere: Vec<OtherFile>,
    /// Whether gcloud signs in with the same client, on other machines too.
    pub(crate) is_gclouds: bool,
    /// Kernelspecs (`kernel.json`) that point here.
    pub(crate) kernelspecs: Vec<PathBuf>,
    /// Running programs of this user that were started with this credential, or another of its grant:
    /// `python3 (4711)`, `Jupyter kernel python3 (4711)`.
    pub(crate) processes: Vec<String>,
    /// Running programs that ask for each access token, and get it by one of these profiles: `jupyter-lab (4711)`.
    pub(crate) token_only: Vec<String>,
}

/// A file of another tool with a credential of the same Cloud project.
pub(crate) struct OtherFile {
    /// The file.
    pub(crate) path: PathBuf,
    /// Whether it is of the same grant: of the same user, too. gcloud writes no account into its file.
    pub(crate) is_certain: bool,
}

/// Looks for them. What can't be read is left out: this informs, it protects nothing.
pub(crate) fn of(app: &App, loaded: &Loaded) -> Dependents {
    let siblings = grant::siblings(app, loaded);
    Dependents {
        is_gclouds: is_gclouds(app, loaded),
        elsewhere: others_files(app)
            .into_iter()
            .filter_map(|path| of_grant_elsewhere(path, loaded))
            .collect(),
        kernelspecs: kernelspecs(
            app,
            &loaded.name,
            &app.paths.credential_files(&loaded.name, loaded.profile.id.as_ref()),
        ),
        processes: processes_of_grant(app, loaded, &siblings),
        token_only: token_only_of_grant(app, loaded, &siblings),
        siblings,
    }
}

/// The running programs among them ([`Dependents::processes`]).
pub(crate) fn processes(app: &App, loaded: &Loaded) -> Vec<String> {
    processes_of_grant(app, loaded, &grant::siblings(app, loaded))
}

fn processes_of_grant(app: &App, loaded: &Loaded, siblings: &[(ProfileName, Profile)]) -> Vec<String> {
    let profiles =
        siblings.iter().map(|(name, profile)| (name, profile)).chain([(&loaded.name, &loaded.profile)]);
    let files =
        |(name, profile): (&ProfileName, &Profile)| app.paths.credential_files(name, profile.id.as_ref());
    let of_grant: Vec<PathBuf> = profiles.flat_map(files).collect();
    programs_using(|path| {
        of_grant.iter().any(|known| known == path)
            || (handover::is_handed_over(path) && of_project(path, loaded).is_some())
    })
}

/// The running programs of one profile that ask for each access token ([`Dependents::token_only`]). Those that were
/// started as another account get none anyway.
pub(crate) fn token_only(app: &App, name: &ProfileName, profile: &Profile) -> Vec<String> {
    let programs = running::of_profile(&app.paths, name);
    programs.iter().filter(|program| program.is_of(profile)).map(describe_token_only).collect()
}

/// The running programs that ask for each access token ([`Dependents::token_only`]) once the grant is a new one: those
/// that get one, then those that don't, with the reason. A profile that did not get the new credential is left out.
pub(crate) fn token_only_now(app: &App, loaded: &Loaded) -> (Vec<String>, Vec<String>) {
    let mut profiles = grant::siblings(app, loaded);
    profiles.retain(|(_, profile)| !profile.needs_sign_in());
    profiles.push((loaded.name.clone(), loaded.profile.clone()));
    let (mut served, mut refused) = (Vec::new(), Vec::new());
    for (name, profile) in &profiles {
        let programs = running::of_profile(&app.paths, name);
        for program in programs.iter().filter(|program| program.is_of(profile)) {
            let described = describe_token_only(program);
            match program.refusal(app, name, profile) {
                None => served.push(described),
                Some(why) => refused.push(format!("{described}: {why}")),
            }
        }
    }
    (served, refused)
}

fn token_only_of_grant(app: &App, loaded: &Loaded, siblings: &[(ProfileName, Profile)]) -> Vec<String> {
    let profiles = siblings.iter().map(|(name, profile)| (name, profile));
    let all = profiles.chain([(&loaded.name, &loaded.profile)]);
    all.flat_map(|(name, profile)| token_only(app, name, profile)).collect()
}

/// For people: the program, and what it gets.
pub(crate) fn describe_token_only(program: &TokenOnlyProgram) -> String {
    let about = &program.about;
    let name =
        program.process.as_ref().map_or_else(|| format!("a program of process {}", about.broker), describe);
    format!("{name}, {}", about.limits().describe())
}

/// The programs of this user whose credential file is such a one; this process is left out.
fn programs_using(is_meant: impl Fn(&Path) -> bool) -> Vec<String> {
    let me = rustix::process::geteuid().as_raw();
    let others = |process: &Process| process.uid == me && process.pid != std::process::id();
    Processes::here()
        .all()
        .filter(others)
        .filter(|process| process.variable(variables::ADC).is_some_and(|value| is_meant(Path::new(&value))))
        .map(|process| describe(&process))
        .collect()
}

fn describe(process: &Process) -> String {
    let kind = if running_kernels::is_kernel(process) { "Jupyter kernel " } else { "" };
    let name = process.name().filter(|name| !name.is_empty()).unwrap_or_else(|| "a program".to_owned());
    format!("{kind}{name} ({})", process.pid)
}

/// Where gcloud and the Python libraries keep credentials of their own, or of whoever imported them.
fn others_files(app: &App) -> Vec<PathBuf> {
    let libraries = PythonCache::ALL.map(|library| library.file(&app.paths.home));
    gclouds_files(app).chain(libraries).collect()
}

fn gclouds_files(app: &App) -> impl Iterator<Item = PathBuf> {
    let gcloud = app.gcloud_folder();
    std::iter::once(gcloud.adc()).chain(gcloud.account_adcs().into_iter().map(|(_, adc)| adc))
}

/// The credential in a file, if it is of the same Cloud project, and of the same user as far as the file says.
fn of_project(path: &Path, loaded: &Loaded) -> Option<AuthorizedUser> {
    let bytes = private_file::read(path, Content::Foreign).ok()??;
    let credential = AuthorizedUser::parse(&bytes).ok()?;
    let account = Some(credential.account.as_str()).filter(|account| !account.is_empty());
    let is_of_grant = credential.fingerprint() == loaded.credential.fingerprint()
        || (grant::same_project(&credential.client_id, &loaded.credential.client_id)
            && account
                .zip(loaded.profile.account.as_deref())
                .is_none_or(|(one, other)| one.eq_ignore_ascii_case(other)));
    is_of_grant.then_some(credential)
}

/// The file, unless its credential is of another grant. Where it does not say whose it is, the server is asked.
fn of_grant_elsewhere(path: PathBuf, loaded: &Loaded) -> Option<OtherFile> {
    let credential = of_project(&path, loaded)?;
    let is_same = credential.fingerprint() == loaded.credential.fingerprint();
    if is_same || (!credential.account.is_empty() && loaded.profile.account.is_some()) {
        return Some(OtherFile { path, is_certain: true });
    }
    match user_of(&credential, loaded) {
        Ok(Some(user)) if !grant::is_same_user(&loaded.profile, &user) => None,
        Ok(user) => Some(OtherFile { path, is_certain: user.is_some() }),
        Err(Failure::Refused(Reason::GrantEnded)) => None,
        Err(_) => Some(OtherFile { path, is_certain: false }),
    }
}

/// Whose credential it is, by the server; `None` if it can't be asked, or doesn't say.
fn user_of(credential: &AuthorizedUser, loaded: &Loaded) -> Result<Option<Profile>, Failure> {
    // another client's secrets are not for this client's server
    if credential.client_id != loaded.credential.client_id && loaded.profile.endpoints.is_some() {
        return Ok(None);
    }
    let endpoints = loaded.endpoints();
    let server = Google::at(&endpoints);
    let fresh =
        server.refresh(&credential.client_id, &credential.client_secret, &credential.refresh_token)?;
    let identity = match fresh.identity {
        Some(identity) => Some(identity),
        None => server.identify(&fresh.access_token)?,
    };
    let named = identity.filter(|identity| identity.sub.is_some() || identity.email.is_some());
    Ok(named.map(|named| Profile { account: named.email, sub: named.sub, ..Profile::default() }))
}

/// Whether gcloud's own credentials are of the same client: by its id, or because it came from gcloud.
fn is_gclouds(app: &App, loaded: &Loaded) -> bool {
    let fingerprint = loaded.credential.fingerprint();
    let is_same = |path: PathBuf| {
        let held = private_file::read(&path, Content::Foreign).ok().flatten();
        held.and_then(|bytes| AuthorizedUser::parse(&bytes).ok())
            .is_some_and(|held| held.fingerprint() == fingerprint)
    };
    match loaded.profile.origin {
        _ if client::is_gclouds(&loaded.credential.client_id) => true,
        Some(Origin::Gcloud) => true,
        // gcloud's file may be an export of bqcred's
        Some(Origin::Login) => false,
        Some(Origin::Import) | None => gclouds_files(app).any(is_same),
    }
}

/// The kernelspecs that bqcred changed for this profile, and those that name its path.
fn kernelspecs(app: &App, name: &ProfileName, paths: &[PathBuf]) -> Vec<PathBuf> {
    let changed = Record::load(&app.paths).unwrap_or_default().kernels.into_iter();
    let changed = changed.filter(|entry| entry.profile == name.as_str() && entry.file.is_file());
    let naming = kernelspecs::naming(&Machine::here(&app.paths.home), paths);
    let mut found: Vec<PathBuf> = changed.map(|entry| entry.file).chain(naming).collect();
    found.sort();
    found.dedup();
    found
}

impl Dependents {
    /// For people: what stops working with the grant, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let profiles = self
            .siblings
            .iter()
            .map(|(name, profile)| format!("profile {name} ({}), which shares the grant", profile.who()));
        let gcloud = self.is_gclouds.then(|| {
            "`gcloud auth application-default login` of this account, on every machine: gcloud uses the same client"
                .to_owned()
        });
        let files = self.elsewhere.iter().map(|other| match other.is_certain {
            true => format!("the same grant in {}", other.path.display()),
            false => format!("perhaps {}: it does not say whose credential it holds", other.path.display()),
        });
        let kernels = self.kernelspecs.iter().map(|path| format!("the kernelspec {}", path.display()));
        let running = self.processes.iter().chain(&self.token_only).cloned();
        profiles.chain(gcloud).chain(files).chain(kernels).chain(running).collect()
    }
}
