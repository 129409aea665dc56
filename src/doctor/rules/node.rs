//! google-auth-library of Node.js: the variable (in either case of letters), gcloud's own file, the
//! VM. It resolves links and wants a regular file behind them.

use std::path::Path;

use crate::credential::other_tools::GcloudFolder;
use crate::doctor::facts::Facts;
use crate::doctor::facts::credential_file::Content;
use crate::doctor::facts::metadata_server::{self, Metadata};
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::library::Library;
use crate::doctor::prediction::problem::LibraryProblem;
use crate::doctor::prediction::steps::Steps;
use crate::doctor::rules::shared::adc_file::{self, AdcReader};
use crate::doctor::rules::shared::{fix, vm};
use crate::handover::variables::{ADC, PROJECT};

/// google-auth-library of Node.js.
pub(crate) static NODE: Library = Library {
    name: "node",
    title: "Node.js",
    aliases: &["nodejs"],
    is_covered: true,
    rule: get_client,
    fix: fix::env,
};

/// `GoogleAuth.getClient()`.
fn get_client(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    let identity = application_default(facts, steps);
    let named = facts.environment.text("GCLOUD_PROJECT").or_else(|| facts.environment.text(PROJECT));
    if matches!(identity, LibraryIdentity::User(_)) && named.is_none() {
        if let Metadata::Present { project: Some(project), .. } = facts.metadata(&host(facts)) {
            steps.note(format!("without {PROJECT}, Node.js runs jobs in the VM's project {project}"));
            steps.project = Some(project);
        }
    } else {
        steps.project = named;
    }
    identity
}

fn application_default(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    let named =
        facts.environment.path(ADC).or_else(|| facts.environment.path("google_application_credentials"));
    if let Some(path) = named {
        adc_file::named(steps, &path);
        return from_file(facts, steps, &path);
    }
    adc_file::not_named(steps);
    let folder = GcloudFolder::find(
        facts.environment.get("CLOUDSDK_CONFIG"),
        &facts.home.of_node().unwrap_or_default(),
    );
    let well_known = facts.folder.join(folder.adc());
    if !matches!(*facts.content(&well_known), Content::Missing) {
        return from_file(facts, steps, &well_known);
    }
    adc_file::no_well_known(steps, &well_known);
    on_vm(facts, steps)
}

/// A memfd has no path that could be resolved, so `bqcred exec` needs `--file` for Node.js.
fn from_file(facts: &Facts, steps: &mut Steps, path: &Path) -> LibraryIdentity {
    let is_unnamed = path.starts_with("/proc") && !facts.resolves(path);
    if is_unnamed && !matches!(*facts.content(path), Content::Missing) {
        steps.note("Node.js can't use a credential that has no path on a disk: `bqcred exec --file`");
        let what = format!("{} is an open file without a path of its own", path.display());
        return steps.decided(what, LibraryIdentity::Fails(LibraryProblem::NotAFile));
    }
    let state = facts.file(path, AdcReader::Node.parser());
    if state.user().is_some_and(|user| user.typed && !user.is_complete()) {
        let what = format!("{} is incomplete", path.display());
        return steps.decided(what, LibraryIdentity::Fails(LibraryProblem::Incomplete));
    }
    adc_file::identity(facts, steps, path, AdcReader::Node)
}

fn host(facts: &Facts) -> String {
    facts
        .environment
        .text("GCE_METADATA_IP")
        .or_else(|| facts.environment.text("GCE_METADATA_HOST"))
        .unwrap_or_else(|| metadata_server::IP.to_owned())
}

fn on_vm(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    let detection = facts.environment.text("METADATA_SERVER_DETECTION");
    let detection = detection.map(|value| value.trim().to_lowercase());
    if detection.as_deref() == Some("none") {
        return vm::guarded(steps, "METADATA_SERVER_DETECTION=none");
    }
    let host = host(facts);
    let is_proxied = facts.environment.proxies_node(&host);
    if is_proxied {
        steps.note(format!("Node.js uses HTTPS_PROXY for {host} too: NO_PROXY has to name it"));
    }
    let presumed = facts.google_hardware || detection.as_deref() == Some("assume-present");
    match facts.metadata(&host) {
        Metadata::Present { account: Some(account), .. } if !is_proxied => vm::account(steps, &host, account),
        Metadata::NotAsked if presumed => vm::not_asked(steps),
        _ if presumed => vm::without_token(steps, &host),
        _ => vm::nothing_found(facts, steps, &host),
    }
}
