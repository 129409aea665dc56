//! A sign-in that was started: what its answer is checked with, and what to do with it.

use serde::Deserialize;

use crate::app::App;
use crate::credential::client::Client;
use crate::credential::profile::StoreKind;
use crate::credential::profile_name::ProfileName;
use crate::credential::waiting::{Kept, Waiting};
use crate::login::{LoginRequest, belongs_to};
use crate::oauth::{Answer, Endpoints, Shown};
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::output::secret::Secret;
use crate::system::clock::{Time, span};

/// A sign-in that waits for its answer.
#[derive(Deserialize)]
pub(super) struct PendingLogin {
    /// Where the credential will be kept.
    pub(super) store: StoreKind,
    project: Option<String>,
    quota_project: Option<String>,
    scopes: Vec<String>,
    /// Who runs it.
    #[serde(flatten)]
    pub(super) runner: Runner,
    /// What is not secret of it. Declared last: it takes its fields, and `runner` shares one.
    #[serde(flatten)]
    pub(super) waiting: Waiting,
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
            account: self.waiting.account.clone(),
            suggestion: None,
            project: self.project.clone(),
            quota_project: self.quota_project.clone(),
            scopes: self.scopes.clone(),
            store: self.store,
            siblings: self.waiting.siblings.clone(),
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

    /// Ends what waits for the answer.
    pub(super) fn stop(&self, app: &App) {
        if let Runner::Gcloud { gcloud } = &self.runner {
            gcloud.stop(app);
        }
    }

    /// The error of an answer that comes too late.
    pub(super) fn too_old(&self) -> Error {
        let (now, started) = (Time::now(), self.waiting.since);
        Error::other(match started.since(now) {
            0 => format!(
                "the sign-in was started {} ago; its answer is valid for {}",
                span(now.since(started)),
                span(self.waiting.valid_for())
            ),
            ahead => format!("the sign-in was started when the clock was {} ahead", span(ahead)),
        })
    }

    /// What the user should know of it when another sign-in takes its place. What waits for its answer is ended.
    pub(super) fn replaced(&self, app: &App, name: &ProfileName) -> Notes {
        let mut notes = Notes::none();
        if self.waiting.is_answerable(&app.paths) {
            notes.add(format!(
                "this replaces the sign-in of profile {name} that was started {} ago: its address is of no use any more",
                span(Time::now().since(self.waiting.since))
            ));
        }
        self.stop(app);
        notes
    }
}
