//! A login that gcloud runs with its own OAuth client, for people who have no client of their own.
//!
//! gcloud works in a private, empty configuration that is removed afterwards, whatever happens. Its
//! log files are switched off: they would hold the refresh token in clear text (gcloud 528).

use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::check_account;
use crate::app::App;
use crate::credential::adc::AuthorizedUser;
use crate::credential::profile::StoreKind;
use crate::credential::profile_name::ProfileName;
use crate::lifecycle::save::{self, Arrival, Kept};
use crate::oauth::{Endpoints, Google};
use crate::output::error::{Error, Kind, Result, reason};
use crate::system::clock::Time;
use crate::system::env;
use crate::system::private_file::{self, Content, Lock};
use crate::system::processes;
use crate::system::trust;

/// gcloud demands it, and will not ask for BigQuery's scope alone.
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

/// Variables that would make gcloud refuse the login, ask about it, or sign in as somebody else.
const DISTURBING: [&str; 8] = [
    "GOOGLE_APPLICATION_CREDENTIALS",
    "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
    "CLOUDSDK_AUTH_ACCESS_TOKEN",
    "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
    "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT",
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "CLOUDSDK_CORE_ACCOUNT",
    "CLOUDSDK_CORE_DISABLE_PROMPTS",
];

/// What a login by gcloud is for.
pub(crate) struct ViaGcloud {
    /// The gcloud program.
    pub(crate) program: PathBuf,
    /// The profile that it fills.
    pub(crate) name: ProfileName,
    /// The account that it has to be; any if `None`.
    pub(crate) account: Option<String>,
    /// The project to keep with it.
    pub(crate) project: Option<String>,
    /// The quota project to keep with it.
    pub(crate) quota_project: Option<String>,
    /// Scopes beyond gcloud's own; whole.
    pub(crate) scopes: Vec<String>,
    /// Where the credential goes.
    pub(crate) store: StoreKind,
    /// Whether gcloud may open this machine's browser.
    pub(crate) browser: bool,
    /// How long to wait for the person.
    pub(crate) timeout: Duration,
    /// Profiles that get the same credential, where the login completes a rotation.
    pub(crate) along: Vec<ProfileName>,
}

/// The gcloud that can run a login here and now; `port_or_start` says that one of those is demanded.
pub(crate) fn find(app: &App, port_or_start: bool) -> Result<PathBuf> {
    let Some(program) = env::find_program("gcloud") else {
        return Err(Error::new(
            Kind::Missing,
            "there is no OAuth client to sign in under, and no gcloud on the PATH to do it",
        )
        .hint("`bqcred client guide` shows how to make a client, `bqcred client set FILE` keeps it"));
    };
    if let Some(open) = trust::open_to_others(&program) {
        return Err(Error::other(format!(
            "gcloud would be run from {}, but others can change {}: it may be anybody's program",
            program.display(),
            open.display()
        ))
        .hint("take write access from others (`chmod o-w`), or use an OAuth client of your own: `bqcred client guide`"));
    }
    if port_or_start {
        return Err(Error::usage("gcloud runs this login, and it knows neither --start nor --port")
            .hint("with an OAuth client of your own both work: `bqcred client guide`"));
    }
    if app.in_notebook() {
        return Err(Error::usage("gcloud would ask, and nobody can answer in a notebook's cell")
            .hint("do it in a terminal, or with an OAuth client of your own: `bqcred client guide`"));
    }
    Ok(program)
}

impl ViaGcloud {
    /// Lets gcloud sign the person in, and adopts the credential.
    pub(crate) fn run(&self, app: &App) -> Result<Kept> {
        let workplace = Workplace::new(app)?;
        self.let_gcloud_work(&workplace)?;
        let adc = workplace.folder.path().join("application_default_credentials.json");
        let Some(bytes) = private_file::read(&adc, Content::Secret)? else {
            return Err(Error::other("gcloud ended without a credential")
                .hint("`gcloud --version`: is it a recent one?"));
        };
        let credential = AuthorizedUser::parse(&bytes)
            .map_err(|problem| Error::other(format!("gcloud's credential {}", problem.problem())))?;
        let login = app.login_command(&self.name);
        let endpoints = Endpoints::google();
        let server = Google::at(&endpoints);
        let fresh = server
            .refresh(&credential.client_id, &credential.client_secret, &credential.refresh_token)
            .map_err(|failure| failure.into_error(&login))?;
        let identity = match fresh.identity {
            Some(identity) => identity,
            None => server
                .identify(&fresh.access_token)
                .map_err(|failure| failure.into_error(&login))?
                .unwrap_or_default(),
        };
        check_account(app, &self.name, self.account.as_deref(), &identity)?;
        let arrival = Arrival {
            credential,
            scopes: fresh.scopes.or_else(|| identity.scopes.clone()).unwrap_or_default(),
            identity: Some(identity),
            project: self.project.clone(),
            quota_project: self.quota_project.clone(),
            store: self.store,
            endpoints: None,
            origin: "gcloud",
            signed_in: Some(Time::now()),
            refresh_token_expires: fresh.refresh_token_expires,
        };
        let kept = save::keep(app, &self.name, arrival.clone())?;
        save::bring_along(app, &self.along, &arrival);
        Ok(kept)
    }

    /// Runs gcloud at this terminal. Ctrl-C reaches it too; it is waited for either way.
    fn let_gcloud_work(&self, workplace: &Workplace) -> Result<()> {
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&interrupted))
                .map_err(|error| Error::other(format!("can't listen for signals: {error}")))?;
        }
        let failed = |error: &std::io::Error| {
            Error::other(format!("{} can't be run: {}", self.program.display(), reason(error)))
        };
        // Without a terminal nobody sends gcloud our signals, and it is a script that starts Python: in a
        // group of its own all of it can be ended.
        let own_group = !std::io::stdin().is_terminal();
        let mut command = self.command(workplace.folder.path())?;
        if own_group {
            command.process_group(0);
        }
        let mut child = command.spawn().map_err(|error| failed(&error))?;
        let deadline = Instant::now() + self.timeout;
        let mut patience = 40; // two seconds for gcloud to end by itself: at a terminal it got the signal too
        let mut too_late = false;
        let status = loop {
            let stop = interrupted.load(Ordering::SeqCst) && (patience <= 0 || own_group);
            match child.try_wait().map_err(|error| failed(&error))? {
                Some(status) => break status,
                None if stop || Instant::now() > deadline => {
                    too_late = !stop;
                    end(&mut child, own_group);
                }
                None => {
                    patience -= i32::from(interrupted.load(Ordering::SeqCst));
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        };
        if interrupted.load(Ordering::SeqCst) {
            return Err(Error::new(Kind::Interrupted, "stopped; nothing was changed"));
        }
        if too_late && !status.success() {
            return Err(super::nobody_came(self.timeout));
        }
        if status.success() {
            return Ok(());
        }
        let own_client = "with an OAuth client of your own gcloud isn't needed: `bqcred client guide`";
        let failure =
            Error::other("gcloud did not complete the login (it says why above); nothing was changed");
        Err(match own_group {
            true => failure
                .hint(format!("gcloud asks, and stdin is no terminal here: log in at one\n{own_client}")),
            false => failure.hint(own_client),
        })
    }

    fn command(&self, folder: &Path) -> Result<Command> {
        let mut command = Command::new(&self.program);
        command.args(["auth", "application-default", "login", "--disable-quota-project"]);
        if !self.browser {
            command.arg("--no-launch-browser");
        }
        if !self.scopes.is_empty() {
            let mut scopes = self.scopes.clone();
            if !scopes.iter().any(|scope| scope == CLOUD_PLATFORM) {
                scopes.push(CLOUD_PLATFORM.to_owned());
            }
            command.arg(format!("--scopes={}", scopes.join(",")));
        }
        if let Some(account) = &self.account {
            command.args(["--", account]);
        }
        for name in DISTURBING {
            command.env_remove(name);
        }
        command
            .env("CLOUDSDK_CONFIG", folder)
            .env("CLOUDSDK_CORE_DISABLE_FILE_LOGGING", "1")
            .env("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "1")
            .env("CLOUDSDK_CORE_CHECK_GCE_METADATA", "false") // else it waits for the metadata server
            .env("CLOUDSDK_CORE_VERBOSITY", "warning")
            .env("CLOUDSDK_SURVEY_DISABLE_PROMPTS", "1")
            .env("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "1");
        // our stdout is the product of the verb; gcloud's prompts are for people
        let stderr = rustix::stdio::stderr();
        let stdout =
            rustix::io::dup(stderr).map_err(|error| Error::other(format!("can't use stderr: {error}")))?;
        command.stdout(Stdio::from(stdout));
        Ok(command)
    }
}

/// Ends gcloud, which is a script that starts Python: both.
fn end(child: &mut Child, own_group: bool) {
    for pid in processes::started_by(child.id()) {
        if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
    let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).filter(|_| own_group);
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
}

/// gcloud's private, empty configuration; removed with everything in it.
struct Workplace {
    folder: tempfile::TempDir,
    _lock: Lock,
}

const PREFIX: &str = "gcloud-";

impl Workplace {
    fn new(app: &App) -> Result<Workplace> {
        private_file::create_dir(&app.paths.state)?;
        let _newborn = Lock::acquire(&app.paths.state.join(".+gcloud.lock"))?; // no sweep before it has its lock
        sweep(&app.paths.state);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(&app.paths.state) // 0700 from birth
            .map_err(|error| Error::file(&app.paths.state, "write to", &error))?;
        let lock = Lock::acquire(&lock_of(folder.path()))?;
        // gcloud keeps here for ten minutes whether this is a VM. On a VM it would ask whether the
        // person really wants a credential of their own, and refuse where it can't ask (gcloud 528).
        private_file::write(&lock, &folder.path().join("gce"), b"False")?;
        Ok(Workplace { folder, _lock: lock })
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        let _ = private_file::remove(&lock_of(self.folder.path()));
    }
}

fn lock_of(folder: &Path) -> PathBuf {
    folder.with_extension("lock")
}

/// Removes what a killed login left: a folder whose lock nobody holds.
fn sweep(state: &Path) {
    for entry in std::fs::read_dir(state).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_ours {
            continue;
        }
        if let Ok(Some(_lock)) = Lock::acquire_within(&lock_of(&path), Duration::ZERO) {
            let _ = std::fs::remove_dir_all(&path);
            let _ = private_file::remove(&lock_of(&path));
        }
    }
}
