//! What on this machine stops working when a profile's grant is revoked: for the question before that.

use std::path::{Path, PathBuf};

use crate::app::{App, Loaded};
use crate::credential::adc::AuthorizedUser;
use crate::credential::other_tools::PythonCache;
use crate::credential::profile::{Origin, Profile};
use crate::credential::profile_name::ProfileName;
use crate::handover;
use crate::handover::variables;
use crate::jupyter::changes::record::Record;
use crate::jupyter::locate::kernelspecs;
use crate::jupyter::locate::machine::Machine;
use crate::jupyter::locate::running;
use crate::lifecycle::grant;
use crate::system::private_file::{self, Content};
use crate::system::processes::{Process, Processes};

/// Everything here that uses a profile's credential or shares its grant.
pub(crate) struct Dependents {
    /// Other profiles of the same grant.
    pub(crate) siblings: Vec<(ProfileName, Profile)>,
    /// Files of gcloud and the libraries that hold a credential of this grant.
    pub(crate) elsewhere: Vec<PathBuf>,
    /// Whether the credential is of gcloud's own client, which other machines use too.
    pub(crate) is_gclouds: bool,
    /// Kernelspecs (`kernel.json`) that point here.
    pub(crate) kernelspecs: Vec<PathBuf>,
    /// Running programs of this user that were started with this credential, or another of its grant:
    /// `python3 (4711)`, `Jupyter kernel python3 (4711)`.
    pub(crate) processes: Vec<String>,
}

/// Looks for them. What can't be read is left out: this informs, it protects nothing.
pub(crate) fn of(app: &App, loaded: &Loaded) -> Dependents {
    let paths = app.paths.credential_files(&loaded.name, loaded.profile.id.as_ref());
    let siblings = grant::siblings(app, loaded);
    let all = siblings.iter().map(|(name, profile)| (name, profile)).chain([(&loaded.name, &loaded.profile)]);
    let files =
        |(name, profile): (&ProfileName, &Profile)| app.paths.credential_files(name, profile.id.as_ref());
    let of_grant: Vec<PathBuf> = all.flat_map(files).collect();
    let uses_grant = |path: &Path| {
        of_grant.iter().any(|known| known == path)
            || (handover::is_handed_over(path) && is_of_grant(path, loaded))
    };
    Dependents {
        is_gclouds: loaded.profile.origin == Some(Origin::Gcloud),
        elsewhere: others_files(app).into_iter().filter(|file| is_of_grant(file, loaded)).collect(),
        kernelspecs: kernelspecs(app, &loaded.name, &paths),
        processes: programs_using(uses_grant),
        siblings,
    }
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
    let kind = if running::is_kernel(process) { "Jupyter kernel " } else { "" };
    let name = process.name().filter(|name| !name.is_empty()).unwrap_or_else(|| "a program".to_owned());
    format!("{kind}{name} ({})", process.pid)
}

/// Where gcloud and the Python libraries keep credentials of their own, or of whoever imported them.
fn others_files(app: &App) -> Vec<PathBuf> {
    let gcloud = app.gcloud_folder();
    let accounts = gcloud.account_adcs().into_iter().map(|(_, adc)| adc);
    let libraries = PythonCache::ALL.map(|library| library.file(&app.paths.home));
    std::iter::once(gcloud.adc()).chain(accounts).chain(libraries).collect()
}

/// Whether this file holds a credential of the same grant.
fn is_of_grant(path: &Path, loaded: &Loaded) -> bool {
    let Ok(Some(bytes)) = private_file::read(path, Content::Foreign) else { return false };
    let Ok(credential) = AuthorizedUser::parse(&bytes) else { return false };
    let account = Some(credential.account.as_str()).filter(|account| !account.is_empty());
    credential.fingerprint() == loaded.credential.fingerprint()
        || (grant::same_project(&credential.client_id, &loaded.credential.client_id)
            && account.zip(loaded.profile.account.as_deref()).is_none_or(|(a, b)| a.eq_ignore_ascii_case(b)))
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
        let profiles = self.siblings.iter().map(|(name, profile)| {
            format!("profile {name} ({}), which shares the grant", profile.account_or_unknown())
        });
        let gcloud = self.is_gclouds.then(|| {
            "`gcloud auth application-default login` of this account, on every machine: the client is gcloud's"
                .to_owned()
        });
        let files = self.elsewhere.iter().map(|path| format!("the same grant in {}", path.display()));
        let kernels = self.kernelspecs.iter().map(|path| format!("the kernelspec {}", path.display()));
        let running = self.processes.iter().cloned();
        profiles.chain(gcloud).chain(files).chain(kernels).chain(running).collect()
    }
}
