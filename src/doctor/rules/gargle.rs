//! R's gargle, which bigrquery asks: the variable or gcloud's own file, then the VM, then a sign-in
//! of its own. A file that is not usable is not an error to it: it goes on to the VM's service account,
//! silently.

use std::path::{Path, PathBuf};

use crate::credential::other_tools::GcloudFolder;
use crate::doctor::facts::Facts;
use crate::doctor::facts::credential_file::FileState;
use crate::doctor::facts::credential_kind::CredentialKind;
use crate::doctor::facts::metadata_server::{self, Metadata};
use crate::doctor::facts::r::packages::Version;
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::library::Library;
use crate::doctor::prediction::problem::LibraryProblem;
use crate::doctor::prediction::steps::Steps;
use crate::doctor::rules::shared::adc_file::{self, AdcReader};
use crate::doctor::rules::shared::{fix, other_kinds, vm};
use crate::handover::variables::{ADC, NO_METADATA_SERVER};
use crate::oauth::Reason;
use crate::system::clock::Time;

/// gargle: bigrquery, and most of R.
pub(crate) static GARGLE: Library = Library {
    name: "gargle",
    title: "R (bigrquery)",
    aliases: &["r", "bigrquery"],
    is_covered: true,
    rule: token_fetch,
    fix: fix_of_r,
};

/// From this version on, a refused credential is kept and fails in use.
const KEEPS_REFUSED: Version = Version::new(1, 5, 0);

/// `gargle::token_fetch()`.
fn token_fetch(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    for file in &facts.r.environ_files {
        steps.passed(format!("R reads {}, which changes its environment", file.display()));
    }
    for profile in &facts.r.profiles {
        steps.passed(format!("R runs {}, which names {}", profile.path.display(), profile.names.join(", ")));
        if !profile.is_understood {
            steps.note("what R really does depends on that code, which was not run");
        }
    }
    let path = path(facts);
    if facts.r.variables.filled(ADC).is_some() {
        adc_file::named(steps, &path);
    }
    let identity = from_file(facts, steps, &path).unwrap_or_else(|| on_vm(facts, steps));
    let names_certificates = |name: &&str| -> bool { facts.r.variables.filled(name).is_some() };
    if ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"].iter().any(names_certificates) {
        steps.note("R trusts the system's certificates only: SSL_CERT_FILE means nothing to it");
    }
    if matches!(identity, LibraryIdentity::User(_)) {
        steps.note(
            "only for packages that ask for BigQuery or cloud-platform alone: googledrive and googlesheets4 \
             ignore this file",
        );
    }
    identity
}

/// gargle's `credentials_app_default_path()`; R expands `~` where Python doesn't.
fn path(facts: &Facts) -> PathBuf {
    let variables = &facts.r.variables;
    let home = facts.home.of_r();
    let path = variables
        .path(ADC)
        .unwrap_or_else(|| GcloudFolder::find(variables.get("CLOUDSDK_CONFIG"), &home).adc());
    facts.expanded(&path, &home)
}

/// `None`: on to the VM.
fn from_file(facts: &Facts, steps: &mut Steps, path: &Path) -> Option<LibraryIdentity> {
    let state = facts.file(path, AdcReader::Gargle.parser());
    let shown = path.display();
    if matches!(*state, FileState::Missing) {
        steps.passed(format!("{shown} does not exist, which is not an error to R"));
        return None;
    }
    let Some(CredentialKind::User(user)) = state.kind() else {
        return not_a_user(facts, steps, path, &state);
    };
    if !user.typed {
        steps.failed(format!("{shown} has no type, so that gargle ignores it"));
        return None;
    }
    match adc_file::user(facts, steps, path, user, AdcReader::Gargle) {
        LibraryIdentity::Fails(LibraryProblem::Refused(reason)) if !falls_through(facts, &reason) => {
            steps.uses_file(path);
            Some(LibraryIdentity::Fails(LibraryProblem::Refused(reason)))
        }
        // with xml2, httr reads the page as if it were an answer, and gargle keeps a token without content
        LibraryIdentity::Fails(LibraryProblem::NotGoogle) if facts.r.has_xml2 => {
            Some(LibraryIdentity::Fails(LibraryProblem::NotGoogle))
        }
        LibraryIdentity::Fails(_) => {
            steps.reconsider();
            None
        }
        identity => {
            steps.uses_file(path);
            Some(identity)
        }
    }
}

/// A refusal that OAuth has a word for is a warning to httr; from gargle 1.5.0 on, a warning no longer
/// counts as a failure.
fn falls_through(facts: &Facts, reason: &Reason) -> bool {
    let Some(version) = facts.r.gargle else { return true };
    version < KEEPS_REFUSED || !matches!(reason, Reason::GrantEnded | Reason::SignInAgain)
}

fn not_a_user(facts: &Facts, steps: &mut Steps, path: &Path, state: &FileState) -> Option<LibraryIdentity> {
    if matches!(state.kind(), Some(CredentialKind::TokenOnly)) {
        steps.passed(format!("{} is of a kind that gargle does not know", path.display()));
        return None;
    }
    let identity = adc_file::identity(facts, steps, path, AdcReader::Gargle);
    // it knows no other kind, save a workload identity on AWS
    let is_key = matches!(state.kind(), Some(CredentialKind::ServiceAccount(_)));
    if is_key && identity.has_credential() {
        return Some(identity);
    }
    steps.reconsider();
    None
}

fn on_vm(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    // an empty value is taken as it is
    let host = facts
        .r
        .variables
        .get("GCE_METADATA_URL")
        .map_or_else(|| metadata_server::NAME.to_owned(), |host| host.to_string_lossy().into_owned());
    if host == NO_METADATA_SERVER {
        steps.passed("the guard (GCE_METADATA_URL) keeps it from asking for the VM's service account");
        return prompt(facts, steps);
    }
    if facts.r.variables.proxies_http(&host, true) {
        steps.passed(format!("http_proxy keeps it from asking whether this is a VM ({host})"));
        return prompt(facts, steps);
    }
    // what follows the address may be a broker's secret
    let shown = host.split('/').next().unwrap_or_default();
    if let Some(program) = facts.token_only.as_ref().filter(|program| program.address == shown) {
        let what = format!("bqcred answers it at {shown}; {}", program.describe_token(Time::now()));
        return steps.decided(what, other_kinds::program_identity(program));
    }
    match facts.metadata(&host) {
        Metadata::Present { account: Some(account), .. } => vm::account(steps, shown, account),
        Metadata::NotAsked if facts.google_hardware => vm::not_asked(steps),
        _ => {
            steps.passed(vm::none(facts, shown));
            prompt(facts, steps)
        }
    }
}

/// Its own sign-in, from a cache of its own if there is one.
fn prompt(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    for account in facts.gargle_accounts() {
        steps.note(format!("gargle has a cached sign-in of {account}, and may use it"));
    }
    steps.decided("it opens a browser, and in a script it fails", LibraryIdentity::Prompt)
}

fn fix_of_r(facts: &Facts) -> String {
    let is_limited = facts.limited_line("").is_some();
    if facts.profile.acting_as.is_some() && !is_limited {
        return facts.profile.tokens_for_r.clone();
    }
    let Some(file) = &facts.r.sets_adc else { return fix::env(facts) };
    if is_limited {
        return format!("remove {ADC} from {}", file.display());
    }
    format!(
        "remove {ADC} from {}, or put there what `{} --format renviron` prints",
        file.display(),
        facts.profile.env
    )
}
