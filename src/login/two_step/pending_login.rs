//! The file of a sign-in that was started: what its answer is checked with, and what to do with it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::waiting::{StartedBy, Waiting};
use crate::app::App;
use crate::credential::client::Client;
use crate::credential::profile::StoreKind;
use crate::credential::profile_name::ProfileName;
use crate::login::gcloud::Kept;
use crate::login::{LoginRequest, belongs_to};
use crate::oauth::{Answer, Consent, Endpoints};
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
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
    /// Where the credential will be kept.
    pub(super) store: StoreKind,
    started: Time,
    account: Option<String>,
    project: Option<String>,
    quota_project: Option<String>,
    scopes: Vec<String>,
    #[serde(default)]
    rotation: Option<Vec<ProfileName>>,
    /// Who runs it.
    #[serde(flatten)]
    pub(super) runner: Runner,
}

/// Who runs a sign-in that waits, and what completes it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Runner {
    /// gcloud, which waits for the code.
    Gcloud {
        /// What it is found by.
        gcloud: Kept,
    },
    /// bqcred, under this client.
    OwnClient(OwnClient),
}

/// What the answer of bqcred's own sign-in is checked and exchanged with.
#[derive(Deserialize)]
pub(super) struct OwnClient {
    /// Ties the answer to this sign-in.
    pub(super) state: Secret,
    /// PKCE's (RFC 7636).
    pub(super) verifier: Secret,
    /// The port in the redirect address.
    pub(super) port: u16,
    client_id: String,
    client_secret: Secret,
    endpoints: Option<Endpoints>,
}

impl OwnClient {
    /// The client to complete it under.
    pub(super) fn client(&self) -> Result<Client> {
        Ok(Client {
            id: self.client_id.clone(),
            secret: self.client_secret.clone(),
            project: None,
            endpoints: self.endpoints.clone().map(Endpoints::checked).transpose().map_err(Error::other)?,
        })
    }
}

impl PendingLogin {
    /// What was asked for.
    pub(super) fn request(&self, name: &ProfileName) -> LoginRequest {
        LoginRequest {
            name: name.clone(),
            account: self.account.clone(),
            suggestion: None,
            project: self.project.clone(),
            quota_project: self.quota_project.clone(),
            scopes: self.scopes.clone(),
            store: self.store,
            siblings: self.rotation.clone(),
        }
    }

    /// Whether this answer can be the one to it; a bare code names none.
    pub(super) fn is_answered_by(&self, answer: &Answer) -> bool {
        match &self.runner {
            Runner::OwnClient(own) => belongs_to(answer, &own.state),
            Runner::Gcloud { gcloud } => gcloud.is_answered_by(answer),
        }
    }

    /// Whether its answer can still be given.
    fn is_waiting(&self, app: &App) -> bool {
        let is_kept = match &self.runner {
            Runner::OwnClient(_) => true,
            Runner::Gcloud { gcloud } => gcloud.is_waiting(app),
        };
        is_kept && !self.is_too_old()
    }

    /// Ends what waits for the answer.
    fn stop(&self, app: &App) {
        if let Runner::Gcloud { gcloud } = &self.runner {
            gcloud.stop(app);
        }
    }

    /// The same without what is secret.
    pub(super) fn waiting(&self) -> Waiting {
        let started_by = if self.rotation.is_some() { StartedBy::Rotate } else { StartedBy::Login };
        Waiting { since: self.started, started_by, account: self.account.clone() }
    }

    /// The error of an answer that comes too late.
    fn too_old(&self) -> Error {
        let (now, started) = (Time::now(), self.started);
        Error::other(match started.since(now) {
            0 => format!(
                "the sign-in was started {} ago; its answer is valid for {}",
                span(now.since(started)),
                span(self.valid_for())
            ),
            ahead => format!("the sign-in was started when the clock was {} ahead", span(ahead)),
        })
    }

    /// What the user should know of it when another sign-in takes its place. What waits for its answer is ended.
    fn replaced(&self, app: &App, name: &ProfileName) -> Notes {
        let mut notes = Notes::none();
        if self.is_waiting(app) {
            notes.add(format!(
                "this replaces the sign-in of profile {name} that was started {} ago: its address is of no use any more",
                span(Time::now().since(self.started))
            ));
        }
        self.stop(app);
        notes
    }

    fn valid_for(&self) -> u64 {
        match &self.runner {
            Runner::OwnClient(_) => VALID_FOR,
            Runner::Gcloud { gcloud } => gcloud.valid_for,
        }
    }

    /// Whether its answer can't come any more. One that was started in the future, by a clock that was ahead, counts
    /// as old: it would wait for as long as the clock was wrong.
    fn is_too_old(&self) -> bool {
        let now = Time::now();
        now.since(self.started) > self.valid_for() || self.started.since(now) > CLOCK_JITTER
    }
}

/// Writes the file of a sign-in that begins now, under the user's client. The notes name one that it replaces.
pub(super) fn write(
    app: &App,
    request: &LoginRequest,
    client: &Client,
    consent: &Consent,
    port: u16,
) -> Result<Notes> {
    let own = serde_json::json!({
        "state": consent.state.expose(),
        "verifier": consent.verifier.expose(),
        "port": port,
        "client_id": client.id,
        "client_secret": client.secret.expose(),
        "endpoints": client.endpoints,
    });
    write_with(app, request, Time::now(), own)
}

/// Writes the file of a sign-in that gcloud runs since that time. The notes name one that it replaces.
pub(super) fn write_gclouds(app: &App, request: &LoginRequest, since: Time, gcloud: &Kept) -> Result<Notes> {
    write_with(app, request, since, serde_json::json!({ "gcloud": gcloud }))
}

fn write_with(
    app: &App,
    request: &LoginRequest,
    since: Time,
    mut content: serde_json::Value,
) -> Result<Notes> {
    let common = [
        ("started", serde_json::json!(since)),
        ("account", serde_json::json!(request.account)),
        ("project", serde_json::json!(request.project)),
        ("quota_project", serde_json::json!(request.quota_project)),
        ("scopes", serde_json::json!(request.scopes)),
        ("store", serde_json::json!(request.store)),
        ("rotation", serde_json::json!(request.siblings)),
    ];
    if let Some(content) = content.as_object_mut() {
        content.extend(common.map(|(name, value)| (name.to_owned(), value)));
    }
    let text = Secret::new(content.to_string());
    let path = app.paths.pending_login(&request.name);
    let write = |lock: &Lock| {
        let earlier = read(app, &request.name);
        private_file::write(lock, &path, text.expose().as_bytes())?;
        Ok(earlier)
    };
    let earlier = lock(app, &request.name)
        .and_then(|lock| write(&lock))
        .map_err(|error| place::suggest(&app.paths, error))?;
    Ok(earlier.map_or_else(Notes::none, |earlier| earlier.replaced(app, &request.name)))
}

/// Takes the file away, so that of two processes that finish at once one wins. `start` is the command that starts
/// a sign-in; if `check` fails, the file stays. The third value is what `check` gave.
pub(super) fn take<T>(
    app: &App,
    name: &ProfileName,
    start: &str,
    check: impl FnOnce(&PendingLogin) -> Result<T>,
) -> Result<(PendingLogin, SecretBytes, T)> {
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
        pending.stop(app);
        private_file::remove(&path)?;
        return Err(pending.too_old().hint(format!("`{start}`")));
    }
    let checked = check(&pending)?;
    private_file::remove(&path)?;
    Ok((pending, bytes, checked))
}

/// Ends a sign-in that waits, and removes its file.
pub(crate) fn discard(app: &App, name: &ProfileName) -> Result<()> {
    if let Some(pending) = read(app, name) {
        pending.stop(app);
    }
    private_file::remove(&app.paths.pending_login(name)).map(drop)
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
    read(app, name).filter(|pending| pending.is_waiting(app)).map(|pending| pending.waiting())
}

/// Whether this is the file of a sign-in at another server than Google's, whoever could have changed it.
pub(crate) fn is_foreign(path: &Path) -> bool {
    let bytes = private_file::read(path, Content::Foreign).ok().flatten();
    let pending = bytes.and_then(|bytes| serde_json::from_slice::<PendingLogin>(&bytes).ok());
    match pending.map(|pending| pending.runner) {
        Some(Runner::OwnClient(own)) => {
            own.endpoints.and_then(|endpoints| endpoints.foreign_host()).is_some()
        }
        Some(Runner::Gcloud { .. }) | None => false,
    }
}

/// Removes the files of sign-ins that waited too long: their verifiers are of no use any more.
pub(crate) fn sweep(app: &App) {
    for name in started(app) {
        // one that is being completed at this moment can stay
        if let Ok(Some(_lock)) = Lock::acquire_within(&lock_path(app, &name), Duration::ZERO)
            && let Some(pending) = read(app, &name).filter(PendingLogin::is_too_old)
        {
            pending.stop(app);
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
        None => match just_signed_in(app, name) {
            Some(done) => done.hint(format!(
                "`{}` shows it; `{start}` starts another sign-in",
                app.command("status", name)
            )),
            None => error.hint(format!("`{start}`")),
        },
    }
}

/// The error of an answer that is given twice; `None` if the profile's last sign-in was completed too long ago.
fn just_signed_in(app: &App, name: &ProfileName) -> Option<Error> {
    let profile = app.known_profile(name).ok()??;
    let age = Time::now().since(profile.signed_in?);
    (age <= VALID_FOR).then(|| {
        let what = format!(
            "no sign-in of profile {name} waits for an answer: the last one was completed {} ago, as {}, and an answer \
             can be used once",
            span(age),
            profile.account_or_unknown()
        );
        Error::new(Kind::Missing, what).unchanged()
    })
}

fn lock(app: &App, name: &ProfileName) -> Result<Lock> {
    Lock::acquire(&lock_path(app, name))
}

fn lock_path(app: &App, name: &ProfileName) -> PathBuf {
    app.paths.state.join(format!(".{name}.lock"))
}
