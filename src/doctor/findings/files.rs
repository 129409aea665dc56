//! Credential files beside the profile's own.

use std::path::{Path, PathBuf};

use crate::credential::other_tools::PythonCache;
use crate::doctor::facts::Facts;
use crate::doctor::facts::credential_file::CredentialFile;
use crate::doctor::facts::credential_kind::CredentialKind;
use crate::doctor::facts::json::JsonParser;
use crate::doctor::facts::user_credential::UserCredential;
use crate::doctor::facts::validity::Validity;
use crate::doctor::finding::{Finding, FindingCode};
use crate::doctor::prediction::Prediction;
use crate::output::shell_word::shell_word;

/// Sign-ins that pydata-google-auth and its like made by themselves, and use when the profile's credential fails.
pub(super) fn cached_sign_ins(facts: &Facts) -> Vec<Finding> {
    PythonCache::ALL.into_iter().filter_map(|library| cached_sign_in(facts, library)).collect()
}

fn cached_sign_in(facts: &Facts, library: PythonCache) -> Option<Finding> {
    let path = library.file(&facts.home.of_python());
    let state = facts.file(&path, JsonParser::Python);
    let user = state.user()?;
    // a credential of another server is not sent to Google
    let account = if user.is_of_google() { account_at_google(facts, user)? } else { user.account.clone() };
    let is_another = match (&account, &facts.profile.account) {
        (Some(theirs), Some(mine)) => !mine.eq_ignore_ascii_case(theirs),
        _ => false,
    };
    let (code, warning) = match is_another {
        true => (FindingCode::CachedSignInOfAnother, ", which is not your account"),
        false => (FindingCode::CachedSignIn, ""),
    };
    let title = match library {
        PythonCache::Pydata => "%%bigquery",
        PythonCache::PandasGbq => "pandas-gbq",
        PythonCache::Ibis => "Ibis",
    };
    let what = format!(
        "{title} has a cached sign-in of {}{warning}, in {}: it is used whenever your credential fails",
        account.as_deref().unwrap_or("an unknown account"),
        path.display()
    );
    Some(Finding::new(code, what, Some(format!("rm {}", shell_word(&path)))))
}

/// `None` if Google refuses it: then nobody uses it.
fn account_at_google(facts: &Facts, user: &UserCredential) -> Option<Option<String>> {
    let is_refused = matches!(facts.validities.of(user), Validity::Refused(_));
    (!is_refused).then(|| facts.account(user))
}

/// Credentials that other users of this machine can read.
pub(super) fn readable_by_others(facts: &Facts, predictions: &[Prediction]) -> Vec<Finding> {
    let mut paths: Vec<PathBuf> =
        predictions.iter().filter_map(|prediction| prediction.file.clone()).collect();
    paths.extend(PythonCache::ALL.map(|library| library.file(&facts.home.of_python())));
    paths.extend(facts.profile.adc.clone());
    paths.sort();
    paths.dedup();
    paths.iter().filter_map(|path| readable(facts, path)).collect()
}

fn readable(facts: &Facts, path: &Path) -> Option<Finding> {
    let state = facts.file(path, JsonParser::Python);
    let CredentialFile { kind, mode, .. } = state.credential()?;
    // `bqcred exec` keeps it in memory, where modes mean nothing
    if mode & 0o077 == 0 || path.starts_with("/proc") {
        return None;
    }
    let secret = match kind {
        CredentialKind::Stub(_) => return None,
        CredentialKind::User(user) => match user.exported {
            Some(_) if user.token.is_none() => return None, // it has expired
            Some(_) => "access token",
            None => "credential",
        },
        _ => "credential",
    };
    let what = format!("other users can read the {secret} in {} (mode {mode:04o})", path.display());
    Some(Finding::new(FindingCode::ReadableByOthers, what, Some(format!("chmod 600 {}", shell_word(path)))))
}
