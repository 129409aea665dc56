//! Projects and scopes.

use crate::doctor::facts::Facts;
use crate::doctor::facts::bigqueryrc::BigQueryRc;
use crate::doctor::facts::json::JsonParser;
use crate::doctor::facts::r::rprofile;
use crate::doctor::facts::validity::Validity;
use crate::doctor::finding::{Finding, FindingCode};
use crate::doctor::prediction::Prediction;
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::rules::google_auth::{self, GOOGLE_AUTH};
use crate::handover::variables::PROJECT;
use crate::oauth::scopes;

/// Python's libraries find no project.
pub(super) fn no_project(facts: &Facts, predictions: &[Prediction]) -> Vec<Finding> {
    let Some(python) = google_auth(predictions) else { return Vec::new() };
    if !matches!(python.identity, LibraryIdentity::User(_)) || python.project.is_some() {
        return Vec::new();
    }
    let profile = &facts.profile;
    let fix = match (&profile.project, &profile.name) {
        (Some(_), _) => facts.env_line(),
        (None, Some(name)) => format!("bqcred use {name} --project PROJECT"),
        (None, None) => format!("{} --project PROJECT", profile.login),
    };
    let what = format!("Python finds no project: {PROJECT} is not set");
    vec![Finding::new(FindingCode::NoProject, what, Some(fix))]
}

/// `google.auth.default()` starts gcloud where the credential is gcloud's own file.
pub(super) fn starts_gcloud(facts: &Facts, predictions: &[Prediction]) -> Vec<Finding> {
    let file = google_auth(predictions).and_then(|python| python.file.as_deref());
    if !facts.has_gcloud || file != Some(&google_auth::well_known(facts)) {
        return Vec::new();
    }
    let what = "Python starts gcloud each time it looks for the credential, which takes half a second: with \
                gcloud's own file it asks gcloud for the project";
    vec![Finding::new(FindingCode::StartsGcloud, what, Some(facts.env_line()))]
}

/// A quota project is sent.
pub(super) fn quota_project(predictions: &[Prediction]) -> Vec<Finding> {
    let named = predictions.iter().find_map(|prediction| prediction.quota_project.as_ref());
    let finding = |project: &String| {
        let what = format!(
            "Python's requests count against the quota project {project}, where you need the right to use it; \
             R does not send it"
        );
        Finding::new(FindingCode::QuotaProject, what, None)
    };
    named.map(finding).into_iter().collect()
}

/// bq's own settings decide who it runs as.
pub(super) fn bigqueryrc(facts: &Facts) -> Vec<Finding> {
    let finding = |file: &BigQueryRc| {
        let fix = format!("remove {} from {}", file.setting.name(), file.path.display());
        Finding::new(FindingCode::Bigqueryrc, file.describe(), Some(fix))
    };
    facts.bigqueryrc.iter().map(finding).collect()
}

/// Code that R runs when it starts names what decides the identity.
pub(super) fn r_profiles(facts: &Facts) -> Vec<Finding> {
    let finding = |profile: &rprofile::Profile| {
        let but = match profile.is_understood {
            true => "",
            false => "; that code was not run, and may change what is said of R here",
        };
        let what = format!(
            "R runs {} when it starts, which names {}{but}",
            profile.path.display(),
            profile.names.join(", ")
        );
        Finding::new(FindingCode::RProfile, what, None)
    };
    facts.r.profiles.iter().map(finding).collect()
}

/// The profile's credential lacks a scope.
pub(super) fn missing_scopes(facts: &Facts) -> Vec<Finding> {
    // of another account's profile, a sign-in would widen that account's grant
    if facts.profile.is_anothers {
        return Vec::new();
    }
    let Some(adc) = &facts.profile.adc else { return Vec::new() };
    let state = facts.file(adc, JsonParser::Python);
    let Some(Validity::Valid { scopes: Some(granted), .. }) =
        state.user().map(|user| facts.validities.of(user))
    else {
        return Vec::new();
    };
    let service_account = facts.token_only.as_ref().filter(|program| program.about.acting_as.is_some());
    let granted = match service_account {
        Some(program) => program.about.scopes.clone(),
        // its tokens allow what the libraries ask for
        None if facts.profile.acting_as.is_some() => return Vec::new(),
        None => granted,
    };
    let login = &facts.profile.login;
    if !scopes::allow_bigquery(&granted) {
        let what = "your credential can't query BigQuery: that scope was not granted";
        return vec![Finding::new(
            FindingCode::NoBigqueryScope,
            what,
            Some(facts.scope_line(Some(login.clone()), "bigquery")),
        )];
    }
    if !has_drive(&granted) {
        let what = "your credential can't read tables that are stored in Google Drive or Sheets: that scope was \
                    not granted";
        let fix = facts.scope_line(Some(facts.profile.with_drive.clone()), "drive");
        return vec![Finding::new(FindingCode::NoDriveScope, what, Some(fix))];
    }
    Vec::new()
}

/// Whether these scopes allow to read tables that are stored in Google Drive or Sheets.
pub(crate) fn has_drive(granted: &[String]) -> bool {
    granted.iter().any(|scope| matches!(scopes::short(scope), "drive" | "drive.readonly"))
}

fn google_auth(predictions: &[Prediction]) -> Option<&Prediction> {
    predictions.iter().find(|prediction| *prediction.library == GOOGLE_AUTH)
}
