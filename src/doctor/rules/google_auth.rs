//! Python's google-auth, in the order of `google.auth.default()`: the variable, gcloud's own file,
//! the VM. A file that the variable names and that is not usable ends the search.

mod mtls;

use std::path::{Path, PathBuf};

use crate::credential::other_tools::GcloudFolder;
use crate::doctor::facts::Facts;
use crate::doctor::facts::credential_kind::CredentialKind;
use crate::doctor::facts::metadata_server::{self, Metadata};
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::library::Library;
use crate::doctor::prediction::steps::Steps;
use crate::doctor::rules::shared::adc_file::{self, AdcReader};
use crate::doctor::rules::shared::{fix, vm};
use crate::handover::variables::{ADC, PROJECT, QUOTA_PROJECT};

/// google-auth: google-cloud-bigquery, SQLAlchemy, and most of Python.
pub(crate) static GOOGLE_AUTH: Library = Library {
    name: "google-auth",
    title: "Python (google-auth)",
    aliases: &["python"],
    is_covered: true,
    rule: default,
    fix: fix::env,
};

/// `google.auth.default()`, and a refresh of what it found.
pub(crate) fn default(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    let well_known = well_known(facts);
    mtls::of_bigquery(facts, steps, well_known.parent().unwrap_or(Path::new("")));
    match facts.environment.filled(ADC).map(PathBuf::from) {
        None => adc_file::not_named(steps),
        // string-equal, not the same file: this is how google-auth compares
        Some(path) if path.as_os_str() == well_known.as_os_str() => {
            steps.passed(format!("{ADC} is gcloud's own path, which counts as not set"));
        }
        Some(path) => {
            if path.starts_with("~") {
                steps.note("Python does not expand ~: write the whole path");
            }
            adc_file::named(steps, &path);
            let identity = adc_file::identity(facts, steps, &path, AdcReader::GoogleAuth);
            steps.project = explicit_project(facts).or_else(|| project_in(facts, &path));
            steps.quota_project = quota_project(facts, &path);
            return identity;
        }
    }
    if !facts.is_file(&well_known) {
        adc_file::no_well_known(steps, &well_known);
        return on_vm(facts, steps);
    }
    let identity = adc_file::identity(facts, steps, &well_known, AdcReader::GoogleAuth);
    if facts.has_gcloud {
        steps.note("google.auth.default() starts gcloud each time, to ask for the project: half a second");
    }
    let gclouds = || facts.has_gcloud.then(|| facts.gcloud.project()).flatten();
    steps.project = explicit_project(facts).or_else(|| project_in(facts, &well_known)).or_else(gclouds);
    steps.quota_project = quota_project(facts, &well_known);
    identity
}

/// Where it looks for gcloud's own file. An empty `CLOUDSDK_CONFIG` is taken as it is.
pub(crate) fn well_known(facts: &Facts) -> PathBuf {
    match facts.environment.get("CLOUDSDK_CONFIG") {
        Some(folder) => GcloudFolder::at(folder),
        None => GcloudFolder::default_in(&facts.home.of_python()),
    }
    .adc()
}

/// `GOOGLE_CLOUD_PROJECT`, or its older name where that is not set at all.
fn explicit_project(facts: &Facts) -> Option<String> {
    let value = facts.environment.get(PROJECT).or_else(|| facts.environment.get("GCLOUD_PROJECT"))?;
    Some(value.to_string_lossy().into_owned()).filter(|project| !project.is_empty())
}

/// A service account key names a project; a user credential doesn't.
fn project_in(facts: &Facts, path: &Path) -> Option<String> {
    match facts.file(path, AdcReader::GoogleAuth.parser()).kind()? {
        CredentialKind::ServiceAccount(key) => key.project.clone(),
        _ => None,
    }
}

fn quota_project(facts: &Facts, path: &Path) -> Option<String> {
    let state = facts.file(path, AdcReader::GoogleAuth.parser());
    // that of a service account key is not read
    let in_file = || match state.kind()? {
        CredentialKind::ServiceAccount(_) => None,
        _ => state.credential()?.quota_project.clone(),
    };
    facts.environment.text(QUOTA_PROJECT).or_else(in_file)
}

/// The last resort: the VM's service account. The address that is pinged and the one that is asked have two
/// variables, so that they may be two servers.
fn on_vm(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    let environment = &facts.environment;
    if environment.get("NO_GCE_CHECK").is_some_and(|value| value == "true") {
        return vm::guarded(steps, "NO_GCE_CHECK=true");
    }
    if let Some(identity) = mtls::of_metadata(facts, steps) {
        return identity;
    }
    let lossy = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
    let ping = environment.get("GCE_METADATA_IP").map_or_else(|| metadata_server::IP.to_owned(), lossy);
    let host = environment
        .text("GCE_METADATA_HOST")
        .or_else(|| environment.get("GCE_METADATA_ROOT").map(lossy))
        .unwrap_or_else(|| metadata_server::NAME.to_owned());
    let pinged =
        !environment.proxies_http(&ping, false) && matches!(facts.metadata(&ping), Metadata::Present { .. });
    if !pinged && !facts.google_hardware {
        return vm::nothing_found(facts, steps, &ping);
    }
    match facts.metadata(&host) {
        Metadata::Present { account: Some(account), project } if !environment.proxies_http(&host, false) => {
            steps.project = explicit_project(facts).or(project);
            steps.quota_project = environment.text(QUOTA_PROJECT);
            vm::account(steps, &host, account)
        }
        Metadata::NotAsked => vm::not_asked(steps),
        _ => vm::without_token(steps, &host),
    }
}
