//! R's gargle, which bigrquery asks: the variable or the well-known file, then the VM, then a sign-in
//! of its own. Whatever goes wrong with a file is no error to it: it goes on to the VM's service
//! account, silently.

use std::path::{Path, PathBuf};

use crate::doctor::Library;
use crate::doctor::facts::Surroundings;
use crate::doctor::facts::credential_file::{FileKind, FileState};
use crate::doctor::facts::metadata_server::{self as metadata, Metadata};
use crate::doctor::facts::r_packages::Version;
use crate::doctor::prediction::identity::{Identity, Problem};
use crate::doctor::prediction::steps::{Prediction, Trace};
use crate::doctor::rules::shared::adc_file::{self as adc, Reader};
use crate::handover::variables::ADC;

const READER: Reader = Reader { python: false, cache: false };
/// From this version on, a refused credential is kept and fails in use.
const KEEPS_REFUSED: Version = Version::new(1, 5, 0);

pub(crate) fn predict(s: &Surroundings) -> Prediction {
    let mut trace = Trace::default();
    for file in &s.r.files {
        trace.passed(format!("R reads {}, which changes its environment", file.display()));
    }
    let path = path(s);
    if s.r.variables.filled(ADC).is_some() {
        adc::named(&mut trace, &path);
    }
    let identity = from_file(s, &mut trace, &path).unwrap_or_else(|| on_vm(s, &mut trace));
    if ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"].iter().any(|name| s.r.variables.filled(name).is_some()) {
        trace.note("R trusts the system's certificates alone: SSL_CERT_FILE means nothing to it");
    }
    if matches!(identity, Identity::Person(_)) {
        trace.note(
            "only for packages that ask for BigQuery or cloud-platform alone: googledrive and googlesheets4 \
             pass this file over",
        );
    }
    trace.into_prediction(Library::Gargle, identity)
}

/// gargle's `credentials_app_default_path()`, which expands `~` where Python doesn't.
fn path(s: &Surroundings) -> PathBuf {
    let variables = &s.r.variables;
    let expanded = |path: PathBuf| match path.strip_prefix("~") {
        Ok(rest) => s.home.join(rest),
        Err(_) => path,
    };
    match variables.path(ADC) {
        Some(path) => expanded(path),
        None => variables
            .path("CLOUDSDK_CONFIG")
            .unwrap_or_else(|| s.home.join(".config/gcloud"))
            .join("application_default_credentials.json"),
    }
}

/// `None`: on to the VM.
fn from_file(s: &Surroundings, trace: &mut Trace, path: &Path) -> Option<Identity> {
    let state = s.file(path);
    let shown = path.display();
    if matches!(*state, FileState::Missing) {
        trace.passed(format!("{shown} does not exist, which is no error to R"));
        return None;
    }
    let Some(FileKind::User(user)) = state.holds().map(|holds| &holds.kind) else {
        return others(s, trace, path, &state);
    };
    if !user.typed {
        trace.failed(format!("{shown} is of no type that gargle knows"));
        return None;
    }
    match adc::user(s, trace, path, user, READER) {
        Identity::Fails(Problem::Refused(code)) if !falls_through(s, &code) => {
            Some(Identity::Fails(Problem::Refused(code)))
        }
        // with xml2, httr reads the page as if it were an answer, and gargle keeps a token without content
        Identity::Fails(Problem::NotGoogle) if s.r_has_xml2 => Some(Identity::Fails(Problem::NotGoogle)),
        Identity::Fails(_) => {
            trace.reconsider();
            None
        }
        identity => {
            trace.file(path);
            Some(identity)
        }
    }
}

/// A refusal that OAuth has a word for is a warning to httr; from gargle 1.5.0 on, a warning no longer
/// counts as a failure.
fn falls_through(s: &Surroundings, code: &str) -> bool {
    let Some(version) = s.gargle else { return true };
    version < KEEPS_REFUSED || !matches!(code, "revoked_or_expired" | "reauthentication_required")
}

fn others(s: &Surroundings, trace: &mut Trace, path: &Path, state: &FileState) -> Option<Identity> {
    let usable = matches!(
        state.holds().map(|holds| &holds.kind),
        Some(FileKind::ServiceAccount { complete: true, .. })
    );
    let identity = adc::identity(s, trace, path, READER);
    if usable {
        return Some(identity);
    }
    trace.reconsider();
    None
}

fn on_vm(s: &Surroundings, trace: &mut Trace) -> Identity {
    let host = metadata::r(&s.r.variables);
    if host == "127.0.0.1:9" {
        trace.passed("the guard (GCE_METADATA_URL) keeps it from asking for the VM's service account");
        return prompt(s, trace);
    }
    if s.r.variables.proxies_http(&host, true) {
        trace.passed(format!("http_proxy keeps it from asking whether this is a VM ({host})"));
        return prompt(s, trace);
    }
    match s.metadata(&host) {
        Metadata::Present { account: Some(account), .. } => {
            trace.decided(format!("this is a Google VM ({host})"), Identity::VmAccount(Some(account)))
        }
        Metadata::NotAsked if s.google_hardware => trace
            .decided("this machine is made by Google, so a VM; it was not asked", Identity::VmAccount(None)),
        _ => {
            trace.passed(adc::no_vm(s, &host));
            prompt(s, trace)
        }
    }
}

/// Its own sign-in, from a cache of its own if there is one.
fn prompt(s: &Surroundings, trace: &mut Trace) -> Identity {
    for account in cached_accounts(s) {
        trace.note(format!("gargle keeps a login of its own here, of {account}, and may take it"));
    }
    trace.decided("it opens a browser, and in a script it fails", Identity::Prompt)
}

/// The files of gargle's cache are named `HASH_ADDRESS`.
fn cached_accounts(s: &Surroundings) -> Vec<String> {
    let cache = s.r.variables.path("XDG_CACHE_HOME").unwrap_or_else(|| s.home.join(".cache"));
    let mut accounts: Vec<String> =
        [cache.join("gargle"), cache.join("R/gargle"), s.home.join(".R/gargle/gargle-oauth")]
            .iter()
            .flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten())
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let (_, account) = name.split_once('_')?;
                account.contains('@').then(|| account.to_owned())
            })
            .collect();
    accounts.sort();
    accounts.dedup();
    accounts
}
