//! Signing in: what is asked for, how the answer comes back, and the credential that it gives. Nothing is saved
//! here; `lifecycle::save` does that.
//!
//! Three flows of a sign-in: at a terminal ([`terminal`]), in two steps where the user can't be asked ([`two_step`]),
//! and by gcloud where the user has no OAuth client ([`gcloud`]). [`ImportRequest`] imports a credential of another
//! tool.

mod browser;
pub(crate) mod gcloud;
mod imported;
mod request;
mod terminal;
pub(crate) mod two_step;
mod typed;

use std::path::PathBuf;
use std::time::Duration;

use crate::app::App;
use crate::credential::client::{Client, is_gclouds};
use crate::credential::new_credential::NewCredential;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::credential::settings::Settings;
use crate::oauth::{Answer, scopes};
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::output::secret::Secret;

pub(crate) use imported::ImportRequest;
pub(crate) use request::LoginRequest;

/// Which program runs a sign-in, and with whose OAuth client.
pub(crate) enum Flow {
    /// bqcred, with this client.
    OwnClient(Client),
    /// gcloud, with its own client.
    Gcloud {
        /// The program's file.
        program: PathBuf,
    },
}

impl Flow {
    /// The scopes of a sign-in that renews what is known of this profile; for gcloud those beyond its own.
    pub(crate) fn scopes_again(&self, profile: &Profile) -> Result<Vec<String>> {
        let known = profile.scopes_to_ask();
        match self {
            Flow::OwnClient(client) => scopes::again(&known, client.is_for_google()),
            // what another client got, Google may not give to gcloud's
            Flow::Gcloud { .. } if !profile.client_id.as_deref().is_some_and(is_gclouds) => Ok(Vec::new()),
            Flow::Gcloud { .. } if known.iter().all(|scope| scopes::gcloud_covers(scope)) => Ok(Vec::new()),
            Flow::Gcloud { .. } => scopes::again(&known, true),
        }
    }
}

/// How a sign-in is to be done.
pub(crate) struct LoginOptions {
    /// The port on 127.0.0.1 that the browser comes back to; 0 for any free one.
    pub(crate) port: u16,
    /// Whether to open this machine's browser.
    pub(crate) browser: bool,
    /// How long to wait for the answer.
    pub(crate) timeout: Duration,
    /// Whether to end with the address to open: requested, or the user can't be asked here.
    pub(crate) start_only: bool,
}

/// How far a sign-in has come.
pub(crate) enum Progress {
    /// The address to open; `--finish` takes the answer.
    Started {
        /// It holds no secret.
        url: String,
        /// What the user should know of it.
        notes: Notes,
    },
    /// The user has signed in.
    SignedIn(Box<SignedIn>),
}

/// What a sign-in gave.
pub(crate) struct SignedIn {
    /// The credential, to be saved.
    pub(crate) new: NewCredential,
    /// Other profiles to save it for, where the sign-in completes a rotation.
    pub(crate) siblings: Vec<ProfileName>,
    /// What the user should know of it.
    pub(crate) notes: Notes,
}

/// A sign-in of which all that can fail before the user is needed is done: the program that runs it has been started.
pub(crate) struct Ready(Option<gcloud::Started>);

/// Gets a sign-in ready.
pub(crate) fn prepare(
    app: &App,
    request: &LoginRequest,
    flow: &Flow,
    options: &LoginOptions,
) -> Result<Ready> {
    match flow {
        Flow::Gcloud { program } if options.start_only => {
            gcloud::start(app, request, program, options).map(|started| Ready(Some(started)))
        }
        Flow::OwnClient(_) | Flow::Gcloud { .. } => Ok(Ready(None)),
    }
}

/// Signs the user in. Whoever calls this has made sure that the result can be saved.
pub(crate) fn sign_in(
    app: &App,
    request: &LoginRequest,
    flow: &Flow,
    options: &LoginOptions,
    ready: Ready,
) -> Result<Progress> {
    match (flow, ready) {
        (_, Ready(Some(started))) => two_step::start_with_gcloud(app, request, started),
        (Flow::OwnClient(client), _) if options.start_only => {
            two_step::start(app, request, client, options.port)
        }
        (Flow::OwnClient(client), _) => terminal::run(app, request, client, options).map(Progress::signed_in),
        (Flow::Gcloud { program }, _) => gcloud::run(app, request, program, options).map(Progress::signed_in),
    }
}

impl Progress {
    fn signed_in(signed_in: SignedIn) -> Progress {
        Progress::SignedIn(Box::new(signed_in))
    }
}

/// The port to listen on: the one that the command line names, else the one that is set, else 0 for any.
pub(crate) fn port(named: Option<u16>, app: &App) -> Result<u16> {
    match named {
        Some(port) => Ok(port),
        None => Ok(Settings::load(&app.paths)?.port.unwrap_or(0)),
    }
}

/// Whether an answer is one to the sign-in with this state; a bare code names none.
fn belongs_to(answer: &Answer, state: &Secret) -> bool {
    answer.state.as_ref().is_none_or(|sent| sent.expose() == state.expose())
}

/// The user did not come back in time.
fn timed_out(timeout: Duration) -> Error {
    Error::other(format!("timed out after {} s", timeout.as_secs()))
        .unchanged()
        .hint("start again; `--timeout SECONDS` waits longer")
}
