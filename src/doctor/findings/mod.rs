//! What is worth knowing beyond the libraries: files that others can read, old logins that wait to be
//! used, settings that lead requests astray, notebooks that were started otherwise.

use std::path::PathBuf;

use crate::doctor::facts::Surroundings;
use crate::doctor::facts::credential_file::FileState;
use crate::doctor::facts::validity::Life;
use crate::doctor::finding::Finding;
use crate::doctor::prediction::identity::Identity;
use crate::doctor::prediction::steps::Prediction;
use crate::doctor::rules::pydata::CACHES;
use crate::doctor::{Library, facts::kernels};
use crate::handover::parent_shell;
use crate::handover::variables::PROJECT;
use crate::oauth::Failure;
use crate::oauth::scopes;
use crate::output::shell_word::shell_word;

/// Tokens are refused when the clock is off by more than a few minutes.
const CLOCK_TOLERANCE: i64 = 120;

/// Everything that was found, in the order of weight.
pub(crate) fn findings(s: &Surroundings, predictions: &[Prediction]) -> Vec<Finding> {
    let mut found = Vec::new();
    network(s, &mut found);
    project(s, predictions, &mut found);
    start_up(s, predictions, &mut found);
    quota_project(predictions, &mut found);
    caches(s, &mut found);
    modes(s, predictions, &mut found);
    granted(s, &mut found);
    certificates(s, &mut found);
    clock(s, &mut found);
    found.extend(kernels::findings(s));
    found
}

fn network(s: &Surroundings, found: &mut Vec<Finding>) {
    if let Some(transport) = s.lives.unreachable() {
        let error = Failure::Unreachable(transport).into_error("");
        let hint = error.hint_text().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let what = format!("Google could not be asked whether credentials are alive: {}{hint}", error.what());
        found.push(Finding::new("unreachable", what, None));
    }
}

fn project(s: &Surroundings, predictions: &[Prediction], found: &mut Vec<Finding>) {
    let python = predictions.iter().find(|prediction| prediction.library == Library::GoogleAuth);
    if let Some(python) = python
        && matches!(python.identity, Identity::Person(_))
        && python.project.is_none()
    {
        let fix = match (&s.person.project, &s.person.profile) {
            (Some(_), _) => parent_shell::line(&s.person.env),
            (None, Some(name)) => format!("bqcred use {name} --project PROJECT"),
            (None, None) => format!("{} --project PROJECT", s.person.login),
        };
        found.push(Finding::new(
            "no_project",
            format!("Python finds no project: {PROJECT} is not set"),
            Some(fix),
        ));
    }
}

/// What `google.auth.default()` costs with gcloud's own file.
fn start_up(s: &Surroundings, predictions: &[Prediction], found: &mut Vec<Finding>) {
    let well_known = s.gcloud_folder().join("application_default_credentials.json");
    let python = predictions.iter().find(|prediction| prediction.library == Library::GoogleAuth);
    if s.has_gcloud && python.and_then(|python| python.file.as_deref()) == Some(&well_known) {
        found.push(Finding::new(
            "starts_gcloud",
            "Python starts gcloud whenever it looks for the credential, half a second each time: with gcloud's \
             own file it asks gcloud for the project",
            Some(parent_shell::line(&s.person.env)),
        ));
    }
}

fn quota_project(predictions: &[Prediction], found: &mut Vec<Finding>) {
    let told = predictions.iter().find_map(|prediction| prediction.quota_project.as_ref());
    if let Some(project) = told {
        found.push(Finding::new(
            "quota_project",
            format!(
                "Python's requests count against the project {project}, where you need the right to use it; \
                 R does not send it"
            ),
            None,
        ));
    }
}

/// Logins that pydata-google-auth and its like made by themselves, and that they fall back to.
fn caches(s: &Surroundings, found: &mut Vec<Finding>) {
    for (library, file) in CACHES {
        let path = s.home.join(file);
        let state = s.file(&path);
        let Some(user) = state.user() else { continue };
        let account = match s.lives.of(user) {
            Life::Refused(..) => continue,
            _ => s.account(user),
        };
        let stranger = match (&account, &s.person.account) {
            (Some(theirs), Some(mine)) => !mine.eq_ignore_ascii_case(theirs),
            _ => false,
        };
        let whose = account.as_deref().unwrap_or("an unknown account");
        let warning = if stranger { ", another account than yours" } else { "" };
        found.push(Finding::new(
            if stranger { "cache_of_another" } else { "cache" },
            format!(
                "{} keeps a login of {whose}{warning}, in {}: it is used whenever yours fails",
                library.title(),
                path.display()
            ),
            Some(format!("rm {}", shell_word(&path))),
        ));
    }
}

/// Credentials that other users of this machine can read.
fn modes(s: &Surroundings, predictions: &[Prediction], found: &mut Vec<Finding>) {
    let mut paths: Vec<PathBuf> =
        predictions.iter().filter_map(|prediction| prediction.file.clone()).collect();
    paths.extend(CACHES.map(|(_, file)| s.home.join(file)));
    paths.extend(s.person.adc.clone());
    paths.sort();
    paths.dedup();
    for path in paths {
        // `bqcred exec` keeps it in memory, where modes mean nothing
        if let FileState::Holds(holds) = &*s.file(&path)
            && holds.mode & 0o077 != 0
            && !path.starts_with("/proc")
        {
            found.push(Finding::new(
                "open_file",
                format!("others can read the credential in {} (mode {:04o})", path.display(), holds.mode),
                Some(format!("chmod 600 {}", shell_word(&path))),
            ));
        }
    }
}

/// What the person's credential may do.
fn granted(s: &Surroundings, found: &mut Vec<Finding>) {
    let Some(adc) = &s.person.adc else { return };
    let state = s.file(adc);
    let Some(Life::Alive { scopes: Some(granted), .. }) = state.user().map(|user| s.lives.of(user)) else {
        return;
    };
    if !scopes::allow_bigquery(&granted) {
        found.push(Finding::new(
            "no_bigquery_scope",
            "this credential may not query BigQuery: that was not granted",
            Some(s.person.login.clone()),
        ));
    } else if !has_drive(&granted) {
        found.push(Finding::new(
            "no_drive_scope",
            "tables that lie in Google Sheets or Drive can't be read with this credential",
            Some(format!("{} --scopes drive", s.person.login)),
        ));
    }
}

/// Whether tables in Sheets and Drive can be read.
pub(crate) fn has_drive(granted: &[String]) -> bool {
    granted.iter().any(|scope| matches!(scopes::short(scope), "drive" | "drive.readonly"))
}

/// Certificate files that the environment names and that are not there.
fn certificates(s: &Surroundings, found: &mut Vec<Finding>) {
    for (name, who) in [
        ("SSL_CERT_FILE", "Go and bqcred"),
        ("REQUESTS_CA_BUNDLE", "Python"),
        ("CURL_CA_BUNDLE", "Python"),
        ("NODE_EXTRA_CA_CERTS", "Node.js"),
    ] {
        if let Some(path) = s.variables.path(name)
            && !s.folder.join(&path).exists()
        {
            found.push(Finding::new(
                "no_certificates",
                format!("{name} names {}, which does not exist: {who} can't reach Google", path.display()),
                Some(format!("unset {name}")),
            ));
        }
    }
    let inspected = s.variables.filled("SSL_CERT_FILE").is_some();
    if inspected && s.variables.filled("REQUESTS_CA_BUNDLE").is_none() {
        found.push(Finding::new(
            "certificates_differ",
            "SSL_CERT_FILE is set, but Python's requests reads REQUESTS_CA_BUNDLE",
            s.variables
                .text("SSL_CERT_FILE")
                .map(|path| format!("export REQUESTS_CA_BUNDLE={}", shell_word(path.as_ref()))),
        ));
    }
}

fn clock(s: &Surroundings, found: &mut Vec<Finding>) {
    if let Some(offset) = s.lives.clock_offset().filter(|offset| offset.abs() > CLOCK_TOLERANCE) {
        let direction = if offset > 0 { "behind" } else { "ahead of" };
        found.push(Finding::new(
            "clock",
            format!(
                "this machine's clock is {} s {direction} Google's: tokens end at the wrong time",
                offset.abs()
            ),
            Some("timedatectl set-ntp true".to_owned()),
        ));
    }
}
