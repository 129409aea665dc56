//! The file of a sign-in that was started: written by the first step, taken by the second.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::pending_login::{PendingLogin, Runner};
use crate::app::App;
use crate::credential::client::Client;
use crate::credential::profile_name::ProfileName;
use crate::credential::waiting::{self, Kept, VALID_FOR};
use crate::login::LoginRequest;
use crate::oauth::{Consent, Shown};
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::output::secret::{Secret, SecretBytes};
use crate::store::place;
use crate::system::clock::{Time, span};
use crate::system::private_file::{self, Content, Lock};

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
    if pending.waiting.is_too_old() {
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

/// What the browser shows at the end of this profile's sign-in.
pub(super) fn shown(app: &App, name: &ProfileName) -> Shown {
    read(app, name).map_or(Shown::Unknown, |pending| pending.shown())
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
            && let Some(pending) = read(app, &name).filter(|pending| pending.waiting.is_too_old())
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
    match started(app).find_map(|other| waiting::find(&app.paths, &other).map(|waiting| (other, waiting))) {
        Some((other, waiting)) => {
            let command = waiting.started_by().command();
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
