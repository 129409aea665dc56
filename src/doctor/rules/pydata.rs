//! pydata-google-auth, and what is built on it: google-auth first; if that fails in almost any way, a cache
//! of its own, which may be of another account; then a sign-in of its own.

use std::path::Path;

use crate::credential::other_tools::PythonCache;
use crate::doctor::facts::Facts;
use crate::doctor::facts::credential_file::FileState;
use crate::doctor::facts::user_credential::UserCredential;
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::library::Library;
use crate::doctor::prediction::problem::LibraryProblem;
use crate::doctor::prediction::steps::Steps;
use crate::doctor::rules::google_auth;
use crate::doctor::rules::shared::adc_file::{self, AdcReader};
use crate::doctor::rules::shared::fix;

/// pydata-google-auth: `%%bigquery`.
pub(crate) static PYDATA: Library = Library {
    name: "pydata-google-auth",
    title: "Python (%%bigquery)",
    aliases: &["python", "bigquery-magics", "magics"],
    is_covered: true,
    rule: |facts, steps| default(facts, steps, PythonCache::Pydata),
    fix: fix::env,
};

/// pandas-gbq.
pub(crate) static PANDAS_GBQ: Library = Library {
    name: "pandas-gbq",
    title: "Python (pandas-gbq)",
    aliases: &["python"],
    is_covered: true,
    rule: |facts, steps| default(facts, steps, PythonCache::PandasGbq),
    fix: fix::env,
};

/// Ibis.
pub(crate) static IBIS: Library = Library {
    name: "ibis",
    title: "Python (Ibis)",
    aliases: &["python"],
    is_covered: true,
    rule: |facts, steps| default(facts, steps, PythonCache::Ibis),
    fix: fix::env,
};

/// `pydata_google_auth.default()`.
fn default(facts: &Facts, steps: &mut Steps, library: PythonCache) -> LibraryIdentity {
    match google_auth::default(facts, steps) {
        LibraryIdentity::Fails(problem) if is_swallowed(&problem) => {
            steps.reconsider();
            from_cache(facts, steps, library)
        }
        identity => identity,
    }
}

/// It catches google-auth's own errors and those of the file system; a crash, or no network, ends it.
fn is_swallowed(problem: &LibraryProblem) -> bool {
    !matches!(
        problem,
        LibraryProblem::NotAnObject
            | LibraryProblem::TooDeep
            | LibraryProblem::CrashingValue
            | LibraryProblem::StrictMtls
            | LibraryProblem::TokenRefused
            | LibraryProblem::Unreachable
            | LibraryProblem::NotGoogle
    )
}

fn from_cache(facts: &Facts, steps: &mut Steps, library: PythonCache) -> LibraryIdentity {
    let path = library.file(&facts.home.of_python());
    let state = facts.file(&path, AdcReader::PydataCache.parser());
    let crash = match *state {
        FileState::NotAnObject => Some(("is JSON, but not an object", LibraryProblem::NotAnObject)),
        FileState::TooDeep => Some(("is nested too deeply for the library", LibraryProblem::TooDeep)),
        _ => None,
    };
    if let Some((what, problem)) = crash {
        return steps.decided(format!("{} {what}", path.display()), LibraryIdentity::Fails(problem));
    }
    let Some(user) = state.user() else {
        steps.passed(format!("it has no usable cache at {}", path.display()));
        return prompt(steps, library);
    };
    match cached(facts, steps, &path, user) {
        LibraryIdentity::Fails(problem) if is_swallowed(&problem) => {
            steps.reconsider();
            prompt(steps, library)
        }
        identity => {
            steps.uses_file(&path);
            steps.note(format!("{} is the cache of an earlier sign-in of its own", path.display()));
            identity
        }
    }
}

/// Unlike google-auth it asks the server that its cache names.
fn cached(facts: &Facts, steps: &mut Steps, path: &Path, user: &UserCredential) -> LibraryIdentity {
    let shown = path.display();
    match user.token_uri.as_deref() {
        None if user.endless_token.is_none() => steps.decided(
            format!("its cache {shown} lacks token_uri"),
            LibraryIdentity::Fails(LibraryProblem::Incomplete),
        ),
        Some(_) if !user.is_of_google() => steps.decided(
            format!("its cache {shown} is of another server than Google's"),
            LibraryIdentity::User(user.account.clone()),
        ),
        _ => adc_file::user(facts, steps, path, user, AdcReader::PydataCache),
    }
}

fn prompt(steps: &mut Steps, library: PythonCache) -> LibraryIdentity {
    let how = match library {
        PythonCache::Pydata => {
            "it prints an address and waits for a code; in a notebook the cell hangs or fails"
        }
        PythonCache::PandasGbq | PythonCache::Ibis => {
            "it opens a browser on this machine, and fails where there is none"
        }
    };
    steps.decided(how, LibraryIdentity::Prompt)
}
