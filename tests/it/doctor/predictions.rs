//! For every environment of the table, `doctor` predicts what the real libraries do.

use std::panic::catch_unwind;

use serde_json::Value;

use super::environments::{
    Environment, caches, content, gcloud, settings, validity, variable, vm, well_known,
};
use super::real::{Libraries, Observed};
use super::scene::Scene;

#[test]
fn credential_variable() {
    hold(variable::ALL);
}

#[test]
fn credential_file_content() {
    hold(content::ALL);
}

#[test]
fn credential_state_at_google() {
    hold(validity::ALL);
}

#[test]
fn cached_credentials_of_libraries() {
    hold(caches::ALL);
}

#[test]
fn gcloud_credential_file() {
    hold(well_known::ALL);
}

#[test]
fn r_and_project_settings() {
    hold(settings::ALL);
}

#[test]
fn vm_detection() {
    hold(vm::ALL);
}

#[test]
fn gcloud_settings() {
    hold(gcloud::ALL);
}

/// Panics, with all differences, unless doctor is right in each of these environments. Only those whose
/// name contains `BQCRED_TEST_ENVIRONMENT` are tested if that is set.
#[track_caller]
fn hold(environments: &[Environment]) {
    let libraries = Libraries::here();
    if libraries.count() == 0 {
        return;
    }
    let only = std::env::var("BQCRED_TEST_ENVIRONMENT").unwrap_or_default();
    let mut differences = Vec::new();
    for (name, arrange) in environments.iter().filter(|(name, _)| name.contains(&only)) {
        let found = catch_unwind(|| compare(libraries, name, *arrange));
        differences.extend(found.unwrap_or_else(|_| vec![format!("{name}: see the panic above")]));
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

/// Where the libraries behaved differently in this environment than doctor predicted.
fn compare(libraries: &Libraries, name: &str, arrange: fn(&mut Scene)) -> Vec<String> {
    let mut scene = Scene::new();
    arrange(&mut scene);
    let predicted = scene.doctor(&[]);
    // libraries send requests that no client should; that is not tested here
    scene.google.expect_unexpected();
    let observed = libraries.observe(&scene);
    let left_out = if scene.slow { 4 } else { 0 };
    assert!(observed.len() + left_out >= libraries.count(), "{name}: only {observed:?} were asked");
    observed.iter().filter_map(|one| difference(name, &predicted, one)).collect()
}

/// How a library differs from the prediction, if it does.
pub fn difference(name: &str, predicted: &Value, observed: &Observed) -> Option<String> {
    let one = predicted["libraries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == observed.library())
        .unwrap();
    // a token doesn't tell how somebody came by it
    let kind = one["identity"].as_str().map(|kind| if kind == "access_token" { "user" } else { kind });
    let same_identity =
        kind == Some(&observed.identity) && one["account"].as_str() == observed.account.as_deref();
    let same_projects = observed.projects.as_ref().is_none_or(|(project, quota)| {
        one["project"].as_str() == project.as_deref() && one["quota_project"].as_str() == quota.as_deref()
    });
    if same_identity && same_projects {
        return None;
    }
    let steps: Vec<&str> =
        one["steps"].as_array().unwrap().iter().filter_map(|step| step["what"].as_str()).collect();
    Some(format!(
        "{name}: {}\n  predicted {} {} {} project {} quota {}\n  observed {} {:?} {:?} {}\n  steps: {}",
        observed.name,
        one["identity"],
        one["account"],
        one["problem"],
        one["project"],
        one["quota_project"],
        observed.identity,
        observed.account,
        observed.projects,
        observed.error,
        steps.join(" | ")
    ))
}
