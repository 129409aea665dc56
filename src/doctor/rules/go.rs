//! Go (`golang.org/x/oauth2/google`, `cloud.google.com/go/auth/credentials`): the variable, gcloud's own
//! file, the VM. It does not read `CLOUDSDK_CONFIG`.

use std::path::PathBuf;

use crate::credential::other_tools::GcloudFolder;
use crate::doctor::facts::Facts;
use crate::doctor::facts::metadata_server::{self, Metadata};
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::library::Library;
use crate::doctor::prediction::steps::Steps;
use crate::doctor::rules::shared::adc_file::{self, AdcReader};
use crate::doctor::rules::shared::{fix, vm};
use crate::handover::variables::ADC;

/// Go's `cloud.google.com/go/auth` and `golang.org/x/oauth2/google`; ADBC's driver.
pub(crate) static GO: Library =
    Library { name: "go", title: "Go", aliases: &[], is_covered: true, rule: find_default, fix: fix::env };

/// `google.FindDefaultCredentials()`.
fn find_default(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    if let Some(path) = facts.environment.filled(ADC).map(PathBuf::from) {
        adc_file::named(steps, &path);
        return adc_file::identity(facts, steps, &path, AdcReader::Go);
    }
    adc_file::not_named(steps);
    let well_known = facts.folder.join(GcloudFolder::default_in(&facts.home.of_go()).adc());
    if facts.environment.filled("CLOUDSDK_CONFIG").is_some() {
        steps.note("Go does not read CLOUDSDK_CONFIG");
    }
    if facts.is_file(&well_known) {
        return adc_file::identity(facts, steps, &well_known, AdcReader::Go);
    }
    adc_file::no_well_known(steps, &well_known);
    on_vm(facts, steps)
}

/// A variable that names a metadata server is taken for the proof that there is one.
fn on_vm(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    let named = facts.environment.text("GCE_METADATA_HOST");
    let presumed = named.is_some() || facts.google_hardware;
    let host = named.unwrap_or_else(|| metadata_server::IP.to_owned());
    match facts.metadata(&host) {
        Metadata::Present { account: Some(account), .. } => vm::account(steps, &host, account),
        Metadata::NotAsked if presumed => vm::not_asked(steps),
        _ if presumed => vm::without_token(steps, &host),
        _ => vm::nothing_found(facts, steps, &host),
    }
}
