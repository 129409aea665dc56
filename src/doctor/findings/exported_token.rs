//! The file that the variable names, if `bqcred export --token-only` wrote it.

use std::path::Path;

use crate::doctor::facts::Facts;
use crate::doctor::facts::credential_kind::CredentialKind;
use crate::doctor::facts::json::JsonParser;
use crate::doctor::facts::user_credential::{ExportedToken, UserCredential};
use crate::doctor::finding::{Finding, FindingCode};
use crate::handover::variables::ADC;
use crate::system::clock::{Time, span};

/// Until when it is renewed, or that it is not any more.
pub(super) fn of(facts: &Facts) -> Vec<Finding> {
    let Some(path) = facts.environment.path(ADC) else { return Vec::new() };
    let state = facts.file(&path, JsonParser::Python);
    let finding = match state.kind() {
        Some(CredentialKind::User(user)) => user.exported.map(|file| of_file(facts, &path, user, file)),
        Some(CredentialKind::Stub(reason)) => Some(Finding::new(
            FindingCode::NoCredential,
            format!("{} holds no credential, and says why: {reason}", path.display()),
            facts.exports.renewing(&path),
        )),
        _ => None,
    };
    finding.into_iter().collect()
}

fn of_file(facts: &Facts, path: &Path, user: &UserCredential, file: ExportedToken) -> Finding {
    let (shown, now) = (path.display(), Time::now());
    let account = user.account.as_deref().unwrap_or("an unknown account");
    let again = facts.exports.renewing(path);
    let (what, fix) = match file.until {
        Some(until) if until > now => {
            let by = match facts.is_renewed(path) {
                true => "by a bqcred on this machine",
                false => "and by no bqcred of yours on this machine: if none elsewhere does, it fails then",
            };
            let (then, left) = (until.local(now), span(until.since(now)));
            let what = format!(
                "{shown} holds an access token of {account} alone, renewed until {then} ({left}), {by}"
            );
            (what, None)
        }
        Some(until) => {
            let then = until.local(now);
            let what = format!(
                "{shown} holds an access token of {account} that expired at {then}: the renewing has stopped"
            );
            (what, again)
        }
        None => (format!("{shown} holds an access token of {account} alone, without its expiry"), again),
    };
    Finding::new(FindingCode::ExportedToken, what, fix)
}
