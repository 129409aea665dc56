//! From a credential file that is not a user account's to an identity. Whether Google accepts it is not asked.

use std::path::Path;

use crate::doctor::facts::Facts;
use crate::doctor::facts::credential_file::Content;
use crate::doctor::facts::credential_kind::{CredentialKind, ServiceAccountKey};
use crate::doctor::facts::private_key::PrivateKey;
use crate::doctor::facts::token_only::{HeldToken, TokenOnly};
use crate::doctor::facts::user_credential::UserCredential;
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::problem::LibraryProblem;
use crate::doctor::prediction::steps::Steps;
use crate::doctor::rules::shared::adc_file::{self, AdcReader};
use crate::system::clock::Time;

/// The identity that it gives.
pub(crate) fn identity(
    facts: &Facts,
    steps: &mut Steps,
    path: &Path,
    kind: &CredentialKind,
    reader: AdcReader,
) -> LibraryIdentity {
    let (what, identity) = match kind {
        CredentialKind::ServiceAccount(key) => service_account(key, reader),
        CredentialKind::Impersonated { source: Some(source), complete: true, account } => {
            return impersonated(facts, steps, path, source, account.clone());
        }
        CredentialKind::Impersonated { complete: true, account, .. } => {
            ("impersonates a service account", LibraryIdentity::ServiceAccount(account.clone()))
        }
        CredentialKind::External { complete: true, token_file: Some(file) }
            if !matches!(*facts.content(file), Content::Bytes(..)) =>
        {
            (
                "names a file with another provider's token, which can't be read",
                fails(LibraryProblem::Incomplete),
            )
        }
        CredentialKind::External { complete: true, .. } | CredentialKind::ExternalUser { complete: true } => {
            ("is a credential of another identity provider", LibraryIdentity::Federated)
        }
        CredentialKind::Impersonated { .. }
        | CredentialKind::External { .. }
        | CredentialKind::ExternalUser { .. } => ("is incomplete", fails(LibraryProblem::Incomplete)),
        CredentialKind::TokenOnly => return token_only(facts, steps, path),
        CredentialKind::DistributedCloud => {
            ("is a service account of Google Distributed Cloud", fails(LibraryProblem::OtherCloud))
        }
        CredentialKind::OAuthClient => (
            "is the file of an OAuth client, not a credential: `bqcred client set` takes it",
            fails(LibraryProblem::UnknownType),
        ),
        CredentialKind::WorkforceSignIn => (
            "says where users of a workforce pool sign in, and is no credential: \
             `gcloud auth application-default login --login-config` takes it",
            fails(LibraryProblem::UnknownType),
        ),
        CredentialKind::Stub(reason) => {
            let what = format!("{} holds no credential, and says why: {reason}", path.display());
            return steps.decided(what, fails(LibraryProblem::UnknownType));
        }
        CredentialKind::User(_) | CredentialKind::Unknown => {
            ("has a type that the library does not know", fails(LibraryProblem::UnknownType))
        }
    };
    steps.decided(format!("{} {what}", path.display()), identity)
}

/// Through the bqcred that started the program. Every current library asks it; old ones don't know the type, and fail.
fn token_only(facts: &Facts, steps: &mut Steps, path: &Path) -> LibraryIdentity {
    let shown = path.display();
    match facts.token_only(path) {
        Some(program) => {
            let limits = program.about.limits().describe();
            let token = program.describe_token(Time::now());
            let what = format!("{shown} is a session file of bqcred ({limits}); {token}");
            steps.decided(what, program_identity(&program))
        }
        None => steps.decided(format!("{shown} is incomplete"), fails(LibraryProblem::Incomplete)),
    }
}

/// Who a program of `exec --token-only` is.
pub(crate) fn program_identity(program: &TokenOnly) -> LibraryIdentity {
    match (&program.token, program.acting_as()) {
        (HeldToken::Refused(_) | HeldToken::NoAnswer, _) => fails(LibraryProblem::NoToken),
        (_, Some(account)) => LibraryIdentity::ServiceAccount(Some(account)),
        (_, None) => LibraryIdentity::User(program.account()),
    }
}

fn fails(problem: LibraryProblem) -> LibraryIdentity {
    LibraryIdentity::Fails(problem)
}

fn service_account(key: &ServiceAccountKey, reader: AdcReader) -> (&'static str, LibraryIdentity) {
    match key.private_key {
        _ if !key.complete => ("is a service account key, but incomplete", fails(LibraryProblem::Incomplete)),
        PrivateKey::Invalid => (
            "is a service account key, but its private key can't be read",
            fails(LibraryProblem::InvalidValue),
        ),
        PrivateKey::Other => {
            ("is a service account key without an RSA key", fails(LibraryProblem::CrashingValue))
        }
        PrivateKey::Rsa if reader == AdcReader::GoogleAuth && !key.google_universe => (
            "is a service account key of another universe than googleapis.com",
            fails(LibraryProblem::OtherUniverse),
        ),
        PrivateKey::Rsa => ("is a service account key", LibraryIdentity::ServiceAccount(key.account.clone())),
    }
}

/// It needs the other credential first.
fn impersonated(
    facts: &Facts,
    steps: &mut Steps,
    path: &Path,
    source: &UserCredential,
    account: Option<String>,
) -> LibraryIdentity {
    match adc_file::user(facts, steps, path, source, AdcReader::GoogleAuth) {
        LibraryIdentity::Fails(problem) => fails(problem),
        _ => {
            steps.reconsider();
            steps.uses_file(path);
            steps.decided(
                format!("{} impersonates a service account", path.display()),
                LibraryIdentity::ServiceAccount(account),
            )
        }
    }
}
