//! A sign-in that was started: what its answer is checked with, and what to do with it.

use serde::Deserialize;

use super::waiting::{StartedBy, Waiting};
use crate::app::App;
use crate::credential::client::Client;
use crate::credential::profile::StoreKind;
use crate::credential::profile_name::ProfileName;
use crate::login::gcloud::Kept;
use crate::login::{LoginRequest, belongs_to};
use crate::oauth::{Answer, Endpoints, Shown};
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::output::secret::Secret;
use crate::system::clock::{Time, span};

/// Google's codes are valid for ten minutes, and so is what waits for them. In seconds.
pub(super) const VALID_FOR: u64 = 600;

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
    /// The client's server, if it isn't Google.
    pub(super) endpoints: Option<Endpoints>,
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

    /// What the browser shows at its end.
    pub(super) fn shown(&self) -> Shown {
        match &self.runner {
            Runner::OwnClient(_) => Shown::Address,
            Runner::Gcloud { .. } => Shown::Code,
        }
    }

    /// Whether its answer can still be given.
    pub(super) fn is_waiting(&self, app: &App) -> bool {
        let is_kept = match &self.runner {
            Runner::OwnClient(_) => true,
            Runner::Gcloud { gcloud } => gcloud.is_waiting(app),
        };
        is_kept && !self.is_too_old()
    }

    /// Ends what waits for the answer.
    pub(super) fn stop(&self, app: &App) {
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
    pub(super) fn too_old(&self) -> Error {
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
    pub(super) fn replaced(&self, app: &App, name: &ProfileName) -> Notes {
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
    pub(super) fn is_too_old(&self) -> bool {
        let now = Time::now();
        now.since(self.started) > self.valid_for() || self.started.since(now) > CLOCK_JITTER
    }
}
