//! pydata-google-auth, and what is built on it: google-auth first; whatever goes wrong there, a cache
//! of its own, which may be another person's; then a sign-in of its own.

use std::path::{Path, PathBuf};

use crate::doctor::Library;
use crate::doctor::facts::Surroundings;
use crate::doctor::facts::credential_file::{FileState, UserFile};
use crate::doctor::prediction::identity::{Identity, Problem};
use crate::doctor::prediction::steps::{Prediction, Trace};
use crate::doctor::rules::google_auth;
use crate::doctor::rules::shared::adc_file::{self as adc, Reader};

/// What it does with its cache.
const READER: Reader = Reader { python: true, cache: true };
/// Where tokens come from, as these caches spell it.
const GOOGLE: [&str; 3] = [
    "https://oauth2.googleapis.com/token",
    "https://accounts.google.com/o/oauth2/token",
    "https://www.googleapis.com/oauth2/v3/token",
];

/// The cache of each, below the home folder (whatever `XDG_CONFIG_HOME` says).
pub(crate) const CACHES: [(Library, &str); 3] = [
    (Library::Pydata, ".config/pydata/pydata_google_credentials.json"),
    (Library::PandasGbq, ".config/pandas_gbq/bigquery_credentials.dat"),
    (Library::Ibis, ".config/pydata/ibis.json"),
];

pub(crate) fn predict(library: Library, s: &Surroundings) -> Prediction {
    let mut trace = Trace::default();
    let mut identity = google_auth::default(s, &mut trace);
    if matches!(&identity, Identity::Fails(problem) if is_swallowed(problem)) {
        trace.reconsider();
        identity = from_cache(library, s, &mut trace);
    }
    trace.into_prediction(library, identity)
}

/// It catches google-auth's own errors and those of the file system; a crash, or no network, ends it.
fn is_swallowed(problem: &Problem) -> bool {
    !matches!(problem, Problem::NotAnObject | Problem::Unreachable | Problem::NotGoogle)
}

fn from_cache(library: Library, s: &Surroundings, trace: &mut Trace) -> Identity {
    let path = cache(library, s);
    let state = s.file(&path);
    if matches!(*state, FileState::NotAnObject) {
        let what = format!("{} holds no JSON object", path.display());
        return trace.decided(what, Identity::Fails(Problem::NotAnObject));
    }
    let Some(user) = state.user() else {
        trace.passed(format!("it has no cache at {}", path.display()));
        return prompt(library, trace);
    };
    match cached(s, trace, &path, user) {
        Identity::Fails(problem) if is_swallowed(&problem) => {
            trace.reconsider();
            prompt(library, trace)
        }
        identity => {
            trace.file(&path);
            trace.note(format!("{} is a login of its own, made earlier", path.display()));
            identity
        }
    }
}

/// Unlike google-auth it asks the server that its cache names.
fn cached(s: &Surroundings, trace: &mut Trace, path: &Path, user: &UserFile) -> Identity {
    let shown = path.display();
    match user.token_uri.as_deref() {
        None if user.endless_token.is_none() => {
            trace.decided(format!("its cache {shown} lacks token_uri"), Identity::Fails(Problem::Incomplete))
        }
        Some(uri) if !GOOGLE.contains(&uri) => trace.decided(
            format!("its cache {shown} is of another server than Google's"),
            Identity::Person(user.account.clone()),
        ),
        _ => adc::user(s, trace, path, user, READER),
    }
}

/// The cache of this library.
fn cache(library: Library, s: &Surroundings) -> PathBuf {
    let file = CACHES.iter().find(|(owner, _)| *owner == library).map_or("", |(_, file)| file);
    s.home.join(file)
}

fn prompt(library: Library, trace: &mut Trace) -> Identity {
    let how = match library {
        Library::Pydata => {
            "it prints an address and waits for a code; a notebook's cell hangs or fails there"
        }
        _ => "it opens a browser on this machine, and fails where there is none",
    };
    trace.decided(how, Identity::Prompt)
}
