//! gcloud, bq and gsutil, which read none of the libraries' variables
//! (`googlecloudsdk/core/credentials/store.py`, `bin/bootstrapping/{bq,gsutil}.py`).

mod bq;

use std::path::Path;

use crate::doctor::facts::Facts;
use crate::doctor::facts::credential_file::FileState;
use crate::doctor::facts::gcloud::Gcloud;
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::library::Library;
use crate::doctor::prediction::problem::LibraryProblem;
use crate::doctor::prediction::steps::Steps;
use crate::doctor::rules::shared::adc_file::{self, AdcReader};
use crate::doctor::rules::shared::fix;
use crate::output::secret::Secret;

/// The Google Cloud CLI.
pub(crate) static GCLOUD: Library = Library {
    name: "gcloud",
    title: "gcloud",
    aliases: &[],
    is_covered: false,
    rule: gcloud,
    fix: fix::env_for_gcloud,
};

/// Its `bq`.
pub(crate) static BQ: Library =
    Library { name: "bq", title: "bq", aliases: &[], is_covered: false, rule: bq::bq, fix: bq::fix };

/// Its `gsutil`.
pub(crate) static GSUTIL: Library = Library {
    name: "gsutil",
    title: "gsutil",
    aliases: &[],
    is_covered: false,
    rule: gsutil,
    fix: |facts| format!("{}, then `gcloud storage`", fix::env_for_gcloud(facts)),
};

fn gcloud(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    steps.project = facts.gcloud.project();
    impersonation(&facts.gcloud, steps).unwrap_or_else(|| credential(facts, steps))
}

fn gsutil(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    steps.note("gsutil reads no ADC file and no token; `gcloud storage` uses what gcloud uses");
    let gcloud = &facts.gcloud;
    let passes =
        !gcloud.is_off("core", "pass_credentials_to_gsutil") && !gcloud.is_on("auth", "disable_credentials");
    if passes && let Some(account) = gcloud.vm_account() {
        return steps.decided(
            format!("gcloud's account is the VM's ({account})"),
            LibraryIdentity::VmAccount(Some(account)),
        );
    }
    if passes
        && let Some(account) = gcloud.account()
        && let Some(boto) = gcloud.boto_of(&account)
    {
        steps.uses_file(&boto);
        return steps.decided(format!("gcloud keeps a sign-in of {account} for it"), of_address(account));
    }
    boto(facts, steps)
}

fn impersonation(gcloud: &Gcloud, steps: &mut Steps) -> Option<LibraryIdentity> {
    let account = gcloud.get("auth", "impersonate_service_account")?;
    Some(steps.decided(
        "gcloud impersonates a service account (auth/impersonate_service_account)",
        LibraryIdentity::ServiceAccount(account.split(',').next_back().map(str::to_owned)),
    ))
}

/// `store._Load()`.
fn credential(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    if let Some(token) = facts.environment.text("CLOUDSDK_AUTH_ACCESS_TOKEN") {
        let account = facts.validities.account_of_token(&Secret::new(token.trim()));
        return steps.decided("CLOUDSDK_AUTH_ACCESS_TOKEN is set", LibraryIdentity::AccessToken(account));
    }
    steps.passed("CLOUDSDK_AUTH_ACCESS_TOKEN is not set");
    if let Some(file) = facts.gcloud.get("auth", "access_token_file") {
        return steps
            .decided(format!("it takes the access token in {file}"), LibraryIdentity::AccessToken(None));
    }
    if let Some(file) = facts.gcloud.get("auth", "credential_file_override") {
        return adc_file::identity(facts, steps, Path::new(&file), AdcReader::GoogleAuth);
    }
    steps.passed("no file is set (auth/credential_file_override)");
    stored(facts, steps)
}

/// The active account, and the credential that gcloud keeps of it.
fn stored(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    let gcloud = &facts.gcloud;
    let Some(account) = gcloud.account() else {
        return steps.decided("it has no account", LibraryIdentity::Fails(LibraryProblem::NoAccount));
    };
    if gcloud.has_credential_of(&account) {
        let adc = gcloud.folder.account_adc(&account);
        steps.uses_file(&adc);
        return match &*facts.file(&adc, AdcReader::GoogleAuth.parser()) {
            FileState::Credential(_) => {
                match adc_file::identity(facts, steps, &adc, AdcReader::GoogleAuth) {
                    // the file may lack the address, but gcloud keeps it by the address
                    LibraryIdentity::User(None) => of_address(account),
                    identity => identity,
                }
            }
            _ => steps.decided(format!("it keeps a sign-in of {account}"), of_address(account)),
        };
    }
    match gcloud.vm_account() {
        Some(account) => steps.decided(
            format!("this is a Google VM, with {account}"),
            LibraryIdentity::VmAccount(Some(account)),
        ),
        None => steps.decided(
            format!("its account is {account}, but it keeps no credential of that"),
            LibraryIdentity::Fails(LibraryProblem::NoAccount),
        ),
    }
}

/// gcloud keeps user accounts and service accounts alike.
fn of_address(account: String) -> LibraryIdentity {
    match account.ends_with(".gserviceaccount.com") {
        true => LibraryIdentity::ServiceAccount(Some(account)),
        false => LibraryIdentity::User(Some(account)),
    }
}

/// gsutil's own configuration.
fn boto(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    if let Some(path) = facts.boto_with_sign_in() {
        steps.uses_file(&path);
        let what = format!("{} holds a refresh token", path.display());
        return steps.decided(what, LibraryIdentity::User(None));
    }
    steps.passed("gcloud passes no account to it, and no .boto file holds one");
    steps.decided("it goes on without a credential, and does not say so", LibraryIdentity::Anonymous)
}
