//! What the doctor found, and how it is shown: to people, to programs, and by the exit code. Pure rendering.

mod json;
mod text;

use serde_json::Value;

use crate::credential::state::CredentialState;
use crate::doctor::check::Checked;
use crate::doctor::facts::Facts;
use crate::doctor::facts::token_only::TokenOnly;
use crate::doctor::finding::Finding;
use crate::doctor::prediction::Prediction;
use crate::doctor::servers::ServerPrediction;
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;

/// All that the doctor found.
pub(crate) struct DoctorReport {
    /// The current profile; `None` if there is none with a credential.
    profile: Option<ProfileSummary>,
    /// Why the current profile can't be used, where there is one.
    profile_problem: Option<Error>,
    /// What this program gets, if `bqcred exec --token-only` started it.
    token_only: Option<TokenOnly>,
    predictions: Vec<Prediction>,
    /// The plugins of Jupyter servers.
    servers: Vec<ServerPrediction>,
    findings: Vec<Finding>,
    /// What `--check` found, or why it could not be made; `None` if it wasn't asked for.
    check: Option<Result<Checked>>,
    /// Whether libraries were named: then each of them counts.
    is_selection: bool,
    /// What is to be said of the requests that were made.
    pub(crate) notes: Notes,
}

/// The current profile, as the report shows it.
struct ProfileSummary {
    name: String,
    account: Option<String>,
    acting_as: Option<String>,
    state: CredentialState,
    /// Only another sign-in helps.
    needs_login: bool,
    /// This program was started of a profile that there is not any more.
    is_gone: bool,
}

impl DoctorReport {
    /// From what was found.
    pub(crate) fn new(
        facts: &Facts,
        predictions: Vec<Prediction>,
        servers: Vec<ServerPrediction>,
        findings: Vec<Finding>,
        check: Option<Result<Checked>>,
        is_selection: bool,
    ) -> DoctorReport {
        let profile = facts.profile.name.as_ref().map(|name| ProfileSummary {
            name: name.clone(),
            account: facts.profile.account.clone(),
            acting_as: facts.profile.acting_as.clone(),
            state: facts.profile_state(),
            needs_login: facts.needs_login(),
            is_gone: facts.profile.is_gone,
        });
        let notes = facts.validities.take_notes();
        let profile_problem = facts.profile.problem.clone();
        let token_only = facts.token_only.clone();
        DoctorReport {
            profile,
            profile_problem,
            token_only,
            predictions,
            servers,
            findings,
            check,
            is_selection,
            notes,
        }
    }

    /// For people; with the steps of all libraries, or only of those that need a fix.
    pub(crate) fn text(&self, all_steps: bool, columns: text::Columns) -> String {
        text::render(self, all_steps || self.is_selection, columns)
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        json::render(self)
    }

    /// Why `--check` could not be made.
    pub(crate) fn check_error(&self) -> Option<&Error> {
        self.check.as_ref().and_then(|check| check.as_ref().err())
    }

    /// 0 if every library that counts would use the profile's account, and nothing that `--check` asked is missing.
    pub(crate) fn exit_code(&self) -> u8 {
        let is_refused = self.profile.as_ref().is_some_and(|profile| profile.needs_login);
        match (self.check_error(), self.is_you_everywhere() && self.is_allowed(), is_refused) {
            (Some(error), ..) => error.kind().code(),
            (None, true, _) => 0,
            (None, false, true) => Kind::Refused.code(),
            (None, false, false) => Kind::Other.code(),
        }
    }

    /// Whether every library that counts would use the profile's account.
    fn is_you_everywhere(&self) -> bool {
        self.predictions
            .iter()
            .filter(|prediction| self.is_selection || prediction.library.is_covered)
            .all(|prediction| prediction.is_you)
    }

    /// What `--check` found.
    fn checked(&self) -> Option<&Checked> {
        self.check.as_ref().and_then(|check| check.as_ref().ok())
    }

    fn is_allowed(&self) -> bool {
        self.checked().is_none_or(|checked| checked.missing.is_empty())
    }
}
