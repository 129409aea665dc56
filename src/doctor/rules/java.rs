//! google-auth-library-java (`DefaultCredentialsProvider`): the variable, gcloud's own file, the VM.
//! Its home folder is that of the user database, not `HOME`.

use std::path::PathBuf;

use crate::credential::other_tools::GcloudFolder;
use crate::doctor::facts::Facts;
use crate::doctor::facts::metadata_server::Metadata;
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::library::Library;
use crate::doctor::prediction::steps::Steps;
use crate::doctor::rules::shared::adc_file::{self, AdcReader};
use crate::doctor::rules::shared::{fix, vm};
use crate::handover::variables::ADC;

/// google-auth-library-java: JDBC, Spark.
pub(crate) static JAVA: Library = Library {
    name: "java",
    title: "Java",
    aliases: &[],
    is_covered: true,
    rule: default_credentials,
    fix: fix::env,
};

/// `GoogleCredentials.getApplicationDefault()`.
fn default_credentials(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    if facts.environment.filled("HTTPS_PROXY").or_else(|| facts.environment.filled("https_proxy")).is_some() {
        steps.note("Java does not read HTTPS_PROXY: it takes -Dhttps.proxyHost and -Dhttps.proxyPort");
    }
    if let Some(path) = facts.environment.filled(ADC).map(PathBuf::from) {
        adc_file::named(steps, &path);
        return adc_file::identity(facts, steps, &path, AdcReader::Java);
    }
    adc_file::not_named(steps);
    let folder = match facts.environment.get("CLOUDSDK_CONFIG") {
        Some(folder) => GcloudFolder::at(folder),
        None => GcloudFolder::default_in(facts.home.registered.as_ref().unwrap_or(&facts.own_home)),
    };
    let well_known = facts.folder.join(folder.adc());
    if facts.is_file(&well_known) {
        return adc_file::identity(facts, steps, &well_known, AdcReader::Java);
    }
    adc_file::no_well_known(steps, &well_known);
    on_vm(facts, steps)
}

fn on_vm(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    if facts.environment.get("NO_GCE_CHECK").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return vm::guarded(steps, "NO_GCE_CHECK=true");
    }
    let host = vm::host(facts, "GCE_METADATA_HOST");
    match facts.metadata(&host) {
        Metadata::Present { account: Some(account), .. } => vm::account(steps, &host, account),
        Metadata::NotAsked if facts.google_hardware => vm::not_asked(steps),
        _ => vm::nothing_found(facts, steps, &host),
    }
}
