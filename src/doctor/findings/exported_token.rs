//! The file that the variable names, if `bqcred export --token-only` wrote it.

use std::path::Path;

use crate::doctor::facts::Facts;
use crate::doctor::facts::credential_kind::CredentialKind;
use crate::doctor::facts::json::JsonParser;
use crate::doctor::facts::user_credential::{ExportedToken, UserCredential};
use crate::doctor::finding::{Finding, FindingCode};
use crate::handover::variables::ADC;
use crate::system::clock::{Time, span};

/// Until when it is valid, and whether it is renewed.
pub(super) fn of(facts: &Facts) -> Vec<Finding> {
    let Some(path) = facts.environment.path(ADC) else { return Vec::new() };
    let state = facts.file(&path, JsonParser::Python);
    let finding = match state.kind() {
        Some(CredentialKind::User(user)) => user.exported.map(|file| of_file(facts, &path, user, file)),
        Some(CredentialKind::Stub(reason)) => Some(Finding::new(
            FindingCode::NoCredential,
            format!("{} holds no credential, and says why: {reason}", path.display()),
            renewing(facts, &path),
        )),
        _ => None,
    };
    finding.into_iter().collect()
}

/// It would be refused while a bqcred renews the file.
fn renewing(facts: &Facts, path: &Path) -> Option<String> {
    facts.exported.as_ref()?.renewing(path).filter(|_| !facts.is_renewed(path))
}

fn of_file(facts: &Facts, path: &Path, user: &UserCredential, file: ExportedToken) -> Finding {
    let (shown, now) = (path.display(), Time::now());
    let account = user.account.as_deref().unwrap_or("an unknown account");
    let is_renewed = facts.is_renewed(path);
    let again = renewing(facts, path);
    let by = match is_renewed {
        true => "a bqcred on this machine renews it",
        false => "no bqcred of yours on this machine renews it",
    };
    let (what, fix) = match file.until {
        Some(until) if until > now => {
            let (then, left) = (until.local(now), span(until.since(now)));
            let then = format!("valid until {then} ({left}), and {by}");
            let after = if is_renewed { "" } else { ": if none elsewhere does, it fails then" };
            (format!("{shown} holds an access token of {account} alone, {then}{after}"), None)
        }
        Some(until) => {
            let then = until.local(now);
            (format!("{shown} holds an access token of {account} that expired at {then}, and {by}"), again)
        }
        None => (format!("{shown} holds an access token of {account} alone, without its expiry"), again),
    };
    Finding::new(FindingCode::ExportedToken, what, fix)
}
