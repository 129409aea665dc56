//! The file of a sign-in that was started: what its answer is checked with, and what to do with it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::waiting::{StartedBy, Waiting};
use crate::app::App;
use crate::credential::client::Client;
use crate::credential::profile::StoreKind;
use crate::credential::profile_name::ProfileName;
use crate::login::LoginRequest;
use crate::oauth::{Consent, Endpoints};
use crate::output::error::{Error, Kind, Result};
use crate::output::secret::{Secret, SecretBytes};
use crate::store::place;
use crate::system::clock::{Time, span};
use crate::system::private_file::{self, Content, Lock};

/// Google's codes are valid for ten minutes, and so is what waits for them. In seconds.
const VALID_FOR: u64 = 600;

/// Clocks that are kept right are set back by less than this, in seconds.
const CLOCK_JITTER: u64 = 60;

/// A sign-in that waits for its answer.
#[derive(Deserialize)]
pub(super) struct PendingLogin {
    /// Ties the answer to this sign-in.
    pub(super) state: Secret,
    /// PKCE's (RFC 7636).
    pub(super) verifier: Secret,
    /// The port in the redirect address.
    pub(super) port: u16,
    /// Where the credential will be kept.
    pub(super) store: StoreKind,
    started: Time,
    account: Option<String>,
    project: Option<String>,
    quota_project: Option<String>,
    scopes: Vec<String>,
    client_id: String,
    client_secret: Secret,
    endpoints: Option<Endpoints>,
    #[serde(default)]
    rotation: Option<Vec<ProfileName>>,
}

impl PendingLogin {
    /// What was asked for, and the client to complete it under.
    pub(super) fn request(&self, name: &ProfileName) -> Result<(LoginRequest, Client)> {
        let request = LoginRequest {
            name: name.clone(),
            account: self.account.clone(),
            suggestion: None,
            project: self.project.clone(),
            quota_project: self.quota_project.clone(),
            scopes: self.scopes.clone(),
            store: self.store,
            siblings: self.rotation.clone(),
        };
        let client = Client {
            id: self.client_id.clone(),
            secret: self.client_secret.clone(),
            project: None,
            endpoints: self.endpoints.clone().map(Endpoints::checked).transpose().map_err(Error::other)?,
        };
        Ok((request, client))
    }

    /// The same without what is secret.
    pub(super) fn waiting(&self) -> Waiting {
        let started_by = if self.rotation.is_some() { StartedBy::Rotate } else { StartedBy::Login };
        Waiting { since: self.started, started_by, account: self.account.clone() }
    }

    /// Whether its answer can't come any more. One that was started in the future, by a clock that was ahead, counts
    /// as old: it would wait for as long as the clock was wrong.
    fn is_too_old(&self) -> bool {
        let now = Time::now();
        now.since(self.started) > VALID_FOR || self.started.since(now) > CLOCK_JITTER
    }
}

/// Writes the file of a sign-in that begins now.
pub(super) fn write(
    app: &App,
    request: &LoginRequest,
    client: &Client,
    consent: &Consent,
    port: u16,
) -> Result<()> {
    let text = Secret::new(
        serde_json::json!({
            "state": consent.state.expose(),
            "verifier": consent.verifier.expose(),
            "port": port,
            "started": Time::now(),
            "account": request.account,
            "project": request.project,
            "quota_project": request.quota_project,
            "scopes": request.scopes,
            "store": request.store,
            "client_id": client.id,
            "client_secret": client.secret.expose(),
            "endpoints": client.endpoints,
            "rotation": request.siblings,
        })
        .to_string(),
    );
    let path = app.paths.pending_login(&request.name);
    lock(app, &request.name)
        .and_then(|lock| private_file::write(&lock, &path, text.expose().as_bytes()))
        .map_err(|error| place::suggest(&app.paths, error))
}

/// Takes the file away, so that of two processes that finish at once one wins. `start` is the command that starts
/// a sign-in; if `check` fails, the file stays.
pub(super) fn take(
    app: &App,
    name: &ProfileName,
    start: &str,
    check: impl FnOnce(&PendingLogin) -> Result<()>,
) -> Result<(PendingLogin, SecretBytes)> {
    let path = app.paths.pending_login(name);
    let none = || no_pending_login(app, name, start);
    // no folder: nothing was ever started, and none needs to be created to say so
    if !app.paths.state.exists() {
        return Err(none());
    }
    let lock = lock(app, name)?;
    let Some(bytes) = private_file::read(&path, Content::Secret)? else { return Err(none()) };
    let Ok(pending) = serde_json::from_slice::<PendingLogin>(&bytes) else {
        let aside = private_file::set_aside(&lock, &path)?;
        let what = format!("invalid file; kept as {}", aside.display());
        return Err(Error::content(&path, what).hint(format!("`{start}`")));
    };
    if pending.is_too_old() {
        private_file::remove(&path)?;
        return Err(too_old(pending.started).hint(format!("`{start}`")));
    }
    check(&pending)?;
    private_file::remove(&path)?;
    Ok((pending, bytes))
}

fn too_old(started: Time) -> Error {
    let now = Time::now();
    Error::other(match started.since(now) {
        0 => format!(
            "the sign-in was started {} ago; its answer is valid for 10 min",
            span(now.since(started))
        ),
        ahead => format!("the sign-in was started when the clock was {} ahead", span(ahead)),
    })
}

/// Makes sure that the file can be written.
pub(super) fn probe(app: &App, name: &ProfileName) -> Result<()> {
    let path = app.paths.pending_login(name);
    lock(app, name)
        .and_then(|lock| private_file::probe(&lock, &path, Content::Secret))
        .map_err(|error| place::suggest(&app.paths, error))
}

/// Puts the file back, unless a newer sign-in was started meanwhile.
pub(super) fn put_back(app: &App, name: &ProfileName, bytes: &[u8]) -> Result<()> {
    let path = app.paths.pending_login(name);
    let lock = lock(app, name)?;
    if private_file::read(&path, Content::Secret)?.is_none() {
        private_file::write(&lock, &path, bytes)?;
    }
    Ok(())
}

/// The sign-in of this profile that waits for its answer, if there is one.
pub(crate) fn waiting(app: &App, name: &ProfileName) -> Option<Waiting> {
    let pending = read(app, name).filter(|pending| !pending.is_too_old())?;
    Some(pending.waiting())
}

/// Whether this is the file of a sign-in at another server than Google's, whoever could have changed it.
pub(crate) fn is_foreign(path: &Path) -> bool {
    let bytes = private_file::read(path, Content::Foreign).ok().flatten();
    let pending = bytes.and_then(|bytes| serde_json::from_slice::<PendingLogin>(&bytes).ok());
    pending.and_then(|pending| pending.endpoints?.foreign_host()).is_some()
}

/// Removes the files of sign-ins that waited too long: their verifiers are of no use any more.
pub(crate) fn sweep(app: &App) {
    for name in started(app) {
        // one that is being completed at this moment can stay
        if let Ok(Some(_lock)) = Lock::acquire_within(&lock_path(app, &name), Duration::ZERO)
            && read(app, &name).is_some_and(|pending| pending.is_too_old())
        {
            let _ = private_file::remove(&app.paths.pending_login(&name)); // tried again next time
        }
    }
}

fn read(app: &App, name: &ProfileName) -> Option<PendingLogin> {
    let bytes = private_file::read(&app.paths.pending_login(name), Content::Secret).ok()??;
    serde_json::from_slice(&bytes).ok()
}

/// The profiles for which a sign-in was started.
fn started(app: &App) -> impl Iterator<Item = ProfileName> {
    let entries = std::fs::read_dir(&app.paths.state).into_iter().flatten().flatten();
    entries.filter_map(|entry| ProfileName::parse(entry.file_name().to_str()?.strip_suffix(".login")?).ok())
}

/// No sign-in of this profile was started. Where another profile's waits, that one may be meant.
fn no_pending_login(app: &App, name: &ProfileName, start: &str) -> Error {
    let error = Error::new(Kind::Missing, format!("no sign-in of profile {name} waits for an answer"));
    match started(app).find_map(|other| waiting(app, &other).map(|waiting| (other, waiting))) {
        Some((other, waiting)) => {
            let command = waiting.started_by.command();
            error
                .hint(format!("one of profile {other} does: `bqcred {command} --profile {other} --finish -`"))
        }
        None => error.hint(format!("`{start}`")),
    }
}

fn lock(app: &App, name: &ProfileName) -> Result<Lock> {
    Lock::acquire(&lock_path(app, name))
}

fn lock_path(app: &App, name: &ProfileName) -> PathBuf {
    app.paths.state.join(format!(".{name}.lock"))
}
