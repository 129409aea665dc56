//! bq, which asks gcloud for a credential, unless its own settings or the VM come first.

use std::path::Path;

use super::{credential, impersonation};
use crate::doctor::facts::Facts;
use crate::doctor::facts::bigqueryrc::{BigQueryRc, IdentitySetting};
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::problem::LibraryProblem;
use crate::doctor::prediction::steps::Steps;
use crate::doctor::rules::shared::adc_file::{self, AdcReader};
use crate::doctor::rules::shared::fix as usual;

/// gcloud's credential has to be there in any case. Where gcloud's account is the VM's, a file or a token in the
/// environment counts for nothing.
pub(super) fn bq(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    let gclouds = impersonation(&facts.gcloud, steps).unwrap_or_else(|| credential(facts, steps));
    let identity = match (&gclouds, &facts.bigqueryrc, facts.gcloud.vm_account()) {
        (LibraryIdentity::Fails(_), ..) => gclouds,
        (_, Some(file), _) => {
            steps.reconsider();
            by_own_settings(facts, steps, file)
        }
        (LibraryIdentity::VmAccount(_), ..) | (_, None, None) => gclouds,
        (_, None, Some(account)) => {
            steps.reconsider();
            steps.decided(
                format!("gcloud's account is the VM's ({account}), and that is what bq takes"),
                LibraryIdentity::VmAccount(Some(account)),
            )
        }
    };
    steps.project = facts.gcloud.project();
    identity
}

fn by_own_settings(facts: &Facts, steps: &mut Steps, file: &BigQueryRc) -> LibraryIdentity {
    let what = format!("{} sets {}", file.path.display(), file.setting.name());
    match &file.setting {
        IdentitySetting::AccessToken(token) => {
            let account = facts.validities.account_of_token(token);
            steps.decided(what, LibraryIdentity::AccessToken(account))
        }
        IdentitySetting::VmAccount => {
            steps.decided(what, LibraryIdentity::VmAccount(facts.gcloud.account_of_vm()))
        }
        IdentitySetting::File(path) => {
            steps.passed(what);
            adc_file::identity(facts, steps, Path::new(path), AdcReader::GoogleAuth)
        }
        IdentitySetting::Fails(_) => steps.decided(
            format!("{what}, which it refuses"),
            LibraryIdentity::Fails(LibraryProblem::RefusedSetting),
        ),
    }
}

/// Its own settings go before gcloud's.
pub(super) fn fix(facts: &Facts) -> String {
    match &facts.bigqueryrc {
        Some(file) => format!("remove {} from {}", file.setting.name(), file.path.display()),
        None => usual::env_for_gcloud(facts),
    }
}
