//! A login in two steps: `--start` prints the address and ends, `--finish` takes the answer.
//!
//! For notebook cells and scripts, where nobody can be asked. Between the two steps a private file
//! holds what the answer is checked with; it is good for ten minutes and for one answer.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::Plan;
use crate::app::App;
use crate::credential::client::Client;
use crate::credential::profile::StoreKind;
use crate::credential::profile_name::ProfileName;
use crate::lifecycle::save::Kept;
use crate::oauth::{Answer, Endpoints, Loopback};
use crate::output::error::{Error, Kind, Result};
use crate::output::secret::{Secret, SecretBytes};
use crate::output::ui;
use crate::store::Store;
use crate::system::clock::Time;
use crate::system::private_file::{self, Content, Lock};

/// Google's codes live for ten minutes; so does what waits for them.
const LIFE: u64 = 600;
/// More than any address that is pasted.
const PASTE_LIMIT: u64 = 64 * 1024;

#[derive(Deserialize)]
struct Wire {
    state: Secret,
    verifier: Secret,
    port: u16,
    started: Time,
    account: Option<String>,
    project: Option<String>,
    quota_project: Option<String>,
    scopes: Vec<String>,
    store: StoreKind,
    client_id: String,
    client_secret: Secret,
    endpoints: Option<Endpoints>,
    #[serde(default)]
    rotation: Option<Vec<String>>,
}

/// Starts a login and gives the address to open. An earlier start of the same profile is void.
pub(crate) fn start(app: &App, plan: &Plan, port: u16) -> Result<String> {
    let consent = plan.consent(app, port)?;
    let text = Secret::new(
        serde_json::json!({
            "state": consent.state.expose(),
            "verifier": consent.verifier.expose(),
            "port": port,
            "started": Time::now(),
            "account": plan.account,
            "project": plan.project,
            "quota_project": plan.quota_project,
            "scopes": plan.scopes,
            "store": plan.store,
            "client_id": plan.client.id,
            "client_secret": plan.client.secret.expose(),
            "endpoints": plan.client.endpoints,
            "rotation": plan.rotation.as_ref().map(|names| names.iter().map(ProfileName::as_str).collect::<Vec<_>>()),
        })
        .to_string(),
    );
    sweep(app);
    let lock = lock(app, &plan.name)?;
    private_file::write(&lock, &app.paths.pending_login(&plan.name), text.expose().as_bytes())?;
    Ok(consent.url)
}

/// Completes a login that was started. An answer that belongs to another login leaves this one
/// waiting; one that the server has judged uses it up.
pub(crate) fn finish(app: &App, name: &ProfileName, pasted: &str) -> Result<Kept> {
    let answer = Answer::from_pasted(pasted)?;
    let start = format!("{} --start", app.login_command(name));
    let wire = take(app, name, &start, |wire| {
        let ours = answer.state.as_ref().is_none_or(|state| state.expose() == wire.state.expose());
        if ours {
            // a keyring that was locked meanwhile must not cost the answer, which is good once
            return Store::of(wire.store, &app.paths).probe(name);
        }
        Err(Error::other(format!(
            "this answer belongs to another login than the one that waits for profile {name}"
        ))
        .hint(format!("paste the address that the last `{start}` led to, or start again")))
    })?;
    let bytes = wire.1;
    let wire = wire.0;
    let plan = Plan {
        name: name.clone(),
        account: wire.account,
        suggestion: None,
        project: wire.project,
        quota_project: wire.quota_project,
        scopes: wire.scopes,
        store: wire.store,
        client: Client {
            id: wire.client_id,
            secret: wire.client_secret,
            project: None,
            endpoints: wire.endpoints.map(Endpoints::checked).transpose().map_err(Error::other)?,
        },
        rotation: wire
            .rotation
            .map(|names| names.iter().map(|name| ProfileName::parse(name)).collect::<Result<_>>())
            .transpose()?,
    };
    let result = plan.complete(app, answer, &wire.verifier, wire.port);
    if result.as_ref().is_err_and(|error| error.kind() == Kind::Network) {
        // the server has not judged: the same answer may be given again
        if let Err(problem) = put_back(app, name, &bytes) {
            ui::note(&format!("the same answer can't be given again: {problem}"));
        }
    }
    result
}

/// A login that waits for its answer.
pub(crate) struct Waiting {
    /// Since when.
    pub(crate) since: Time,
    /// Whether it completes a rotation.
    pub(crate) is_rotation: bool,
}

/// The login of this profile that waits for its answer, if one does.
pub(crate) fn waiting(app: &App, name: &ProfileName) -> Option<Waiting> {
    let bytes = private_file::read(&app.paths.pending_login(name), Content::Secret).ok()??;
    let wire: Wire = serde_json::from_slice(&bytes).ok()?;
    (Time::now().since(wire.started) <= LIFE)
        .then_some(Waiting { since: wire.started, is_rotation: wire.rotation.is_some() })
}

/// Tells how to open the address and to complete `verb` (`login`, `rotate`) where nobody can be asked.
pub(crate) fn explain(app: &App, name: &ProfileName, verb: &str) {
    ui::tell(
        "Open this address in a browser and sign in. The browser then says that 127.0.0.1 can't be reached,\n\
         which is fine: copy the whole address from its address bar.\n",
    );
    ui::tell(&match app.in_notebook() {
        true => format!(
            "Then run this in a cell; what you paste is not shown and not saved:\n\n\
             import subprocess, getpass\n\
             subprocess.run([\"bqcred\", \"{verb}\", \"--profile\", \"{name}\", \"--finish\", \"-\"], \
             input=getpass.getpass(\"Paste the address: \"), text=True);\n\n\
             In R:\n\n\
             cat(system2(\"bqcred\", c(\"{verb}\", \"--profile\", \"{name}\", \"--finish\", \"-\"), \
             input = getPass(\"Paste the address: \"), stdout = TRUE, stderr = TRUE), sep = \"\\n\")\n\n"
        ),
        false => format!(
            "Then, within 10 minutes, with the address on stdin:\n\n  bqcred {verb} --profile {name} --finish -\n\n"
        ),
    });
}

/// What `--finish` was given: the answer itself, or `-` for stdin.
pub(crate) fn pasted(answer: &str) -> Result<String> {
    if answer != "-" {
        return Ok(answer.to_owned());
    }
    let mut text = String::new();
    std::io::stdin()
        .take(PASTE_LIMIT)
        .read_to_string(&mut text)
        .map_err(|_| Error::usage("what came on stdin is no text"))?;
    Ok(text)
}

/// The port that the answer will name, where nobody listens; `wanted` is 0 for any.
pub(crate) fn port(wanted: u16) -> Result<u16> {
    match wanted {
        0 => Ok(Loopback::bind(0)?.port()),
        port => Ok(port),
    }
}

/// Removes the logins that waited too long for their answer: their verifiers are of no use any more.
pub(crate) fn sweep(app: &App) {
    for name in started(app) {
        // one that is being completed at this moment is not in the way of anybody
        if let Ok(Some(_lock)) = Lock::acquire_within(&lock_path(app, &name), Duration::ZERO) {
            let path = app.paths.pending_login(&name);
            let wire = private_file::read(&path, Content::Secret).ok().flatten();
            let wire = wire.and_then(|bytes| serde_json::from_slice::<Wire>(&bytes).ok());
            if wire.is_some_and(|wire| Time::now().since(wire.started) > LIFE) {
                let _ = private_file::remove(&path); // tried again next time
            }
        }
    }
}

/// The profiles of which a login was started.
fn started(app: &App) -> impl Iterator<Item = ProfileName> {
    let entries = std::fs::read_dir(&app.paths.state).into_iter().flatten().flatten();
    entries.filter_map(|entry| ProfileName::parse(entry.file_name().to_str()?.strip_suffix(".login")?).ok())
}

/// No login of this profile was started. Where another's waits, that one may be meant.
fn nothing_waits(app: &App, name: &ProfileName, start: &str) -> Error {
    let error = Error::new(Kind::Missing, format!("no login of profile {name} waits for an answer"));
    match started(app).find_map(|other| waiting(app, &other).map(|waiting| (other, waiting))) {
        Some((other, waiting)) => {
            let verb = if waiting.is_rotation { "rotate" } else { "login" };
            error.hint(format!("one of profile {other} does: `bqcred {verb} --profile {other} --finish -`"))
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

/// Takes what waits away, so that of two who finish at once one wins.
fn take(
    app: &App,
    name: &ProfileName,
    start: &str,
    check: impl FnOnce(&Wire) -> Result<()>,
) -> Result<(Wire, SecretBytes)> {
    let path = app.paths.pending_login(name);
    let none = || nothing_waits(app, name, start);
    // no folder: nothing was ever started, and nothing needs to be made to say so
    if !app.paths.state.exists() {
        return Err(none());
    }
    let lock = lock(app, name)?;
    let Some(bytes) = private_file::read(&path, Content::Secret)? else { return Err(none()) };
    let Ok(wire) = serde_json::from_slice::<Wire>(&bytes) else {
        let aside = private_file::set_aside(&lock, &path)?;
        let what = format!("could not be understood, and is kept as {}", aside.display());
        return Err(Error::content(&path, what).hint(format!("`{start}`")));
    };
    let age = Time::now().since(wire.started);
    if age > LIFE {
        private_file::remove(&path)?;
        return Err(Error::other(format!(
            "the login was started {} ago; its answer is good for 10 min",
            crate::system::clock::span(age)
        ))
        .hint(format!("`{start}`")));
    }
    check(&wire)?;
    private_file::remove(&path)?;
    Ok((wire, bytes))
}

fn put_back(app: &App, name: &ProfileName, bytes: &[u8]) -> Result<()> {
    let path = app.paths.pending_login(name);
    let lock = lock(app, name)?;
    if private_file::read(&path, Content::Secret)?.is_none() {
        private_file::write(&lock, &path, bytes)?;
    }
    Ok(())
}
