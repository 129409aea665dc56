//! The report for programs. Keys may be added; none goes or changes its meaning.

use serde_json::{Value, json};

use super::{DoctorReport, ProfileSummary};
use crate::credential::state::CredentialState;
use crate::doctor::check::Checked;
use crate::doctor::facts::token_only::{HeldToken, TokenOnly};
use crate::doctor::finding::Finding;
use crate::doctor::prediction::Prediction;
use crate::doctor::prediction::problem::LibraryProblem;
use crate::doctor::servers::ServerPrediction;
use crate::output::error::Error;
use crate::system::json_path;

pub(super) fn render(report: &DoctorReport) -> Value {
    json!({
        "profile": report.profile.as_ref().map(profile),
        "profile_problem": report.profile_problem.as_ref().map(Error::what),
        "token_only": report.token_only.as_ref().map(token_only),
        "everywhere": report.is_you_everywhere(),
        "libraries": report.predictions.iter().map(library).collect::<Vec<_>>(),
        "servers": report.servers.iter().map(server).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "check": report.checked().map(check),
    })
}

fn profile(profile: &ProfileSummary) -> Value {
    json!({
        "name": profile.name,
        "account": profile.account,
        "acting_as": profile.acting_as,
        "state": profile.state.name(),
        "needs_login": profile.needs_login,
    })
}

fn token_only(program: &TokenOnly) -> Value {
    let (expires, problem) = match &program.token {
        HeldToken::Valid(_, expires) => (Some(expires), None),
        HeldToken::Refused(why) => (None, Some(why.as_str())),
        HeldToken::NoAnswer => (None, Some("no answer")),
        HeldToken::NotAsked => (None, None),
    };
    let about = &program.about;
    json!({
        "scopes": about.scopes,
        "narrowed": about.narrowed,
        "acting_as": about.acting_as,
        "broker": about.broker,
        "token_expires": expires,
        "problem": problem,
    })
}

fn library(prediction: &Prediction) -> Value {
    let problem = prediction.identity.problem();
    json!({
        "name": prediction.library.name,
        "covered": prediction.library.is_covered,
        "identity": prediction.identity.kind(),
        "account": prediction.identity.account(),
        "state": prediction.state.map(CredentialState::name),
        "problem": problem.map(LibraryProblem::name),
        "reason": problem.and_then(LibraryProblem::reason),
        "is_you": prediction.is_you,
        "file": prediction.file.as_deref().map(json_path::value),
        "project": prediction.project,
        "quota_project": prediction.quota_project,
        "steps": prediction.steps.iter().map(|step| json!({
            "what": step.what,
            "outcome": step.outcome.name(),
        })).collect::<Vec<_>>(),
        "notes": prediction.notes,
        "fix": prediction.fix,
    })
}

fn server(server: &ServerPrediction) -> Value {
    json!({
        "pid": server.pid,
        "plugins": library(&server.prediction),
        "needs_restart": server.changed.is_some(),
    })
}

fn check(checked: &Checked) -> Value {
    json!({
        "target": checked.target.to_string(),
        "job_project": checked.job_project,
        "account": checked.account,
        "allowed": checked.missing.is_empty(),
        "bytes": checked.bytes,
        "missing": checked.missing.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({"code": finding.code.name(), "what": finding.what, "fix": finding.fix})
}
