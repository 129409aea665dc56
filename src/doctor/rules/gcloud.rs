//! gcloud, bq and gsutil, which read none of the libraries' variables
//! (`googlecloudsdk/core/credentials/store.py`, `bin/bootstrapping/{bq,gsutil}.py`).

use std::path::{Path, PathBuf};

use crate::doctor::Library;
use crate::doctor::facts::Surroundings;
use crate::doctor::facts::credential_file::FileState;
use crate::doctor::facts::gcloud::Properties;
use crate::doctor::prediction::identity::{Identity, Problem};
use crate::doctor::prediction::steps::{Prediction, Trace};
use crate::doctor::rules::google_auth::READER;
use crate::doctor::rules::shared::adc_file as adc;
use crate::output::secret::Secret;
use crate::system::private_file::{self, Content};

pub(crate) fn predict(s: &Surroundings) -> Prediction {
    let mut trace = Trace::default();
    let properties = Properties::read(s);
    let identity =
        impersonation(&properties, &mut trace).unwrap_or_else(|| credential(s, &properties, &mut trace));
    trace.project(properties.project());
    trace.into_prediction(Library::Gcloud, identity)
}

/// bq asks gcloud, but first looks whether gcloud's account is the VM's: then a file or a token in the
/// environment counts for nothing.
pub(crate) fn predict_bq(s: &Surroundings) -> Prediction {
    let mut trace = Trace::default();
    let properties = Properties::read(s);
    let identity = match impersonation(&properties, &mut trace) {
        Some(identity) => identity,
        None => {
            let gclouds = credential(s, &properties, &mut trace);
            match (&gclouds, vm_account(&properties)) {
                (Identity::Fails(_), _) | (_, None) => gclouds,
                (Identity::VmAccount(_), Some(_)) => gclouds,
                (_, Some(account)) => {
                    trace.reconsider();
                    trace.decided(
                        format!("gcloud's account is the VM's ({account}), and that is what bq takes"),
                        Identity::VmAccount(Some(account)),
                    )
                }
            }
        }
    };
    trace.project(properties.project());
    trace.into_prediction(Library::Bq, identity)
}

pub(crate) fn predict_gsutil(s: &Surroundings) -> Prediction {
    let mut trace = Trace::default();
    let properties = Properties::read(s);
    let passes = !properties.is_off("core", "pass_credentials_to_gsutil")
        && !properties.is_on("auth", "disable_credentials");
    let identity = match (passes, vm_account(&properties), properties.account()) {
        (true, Some(account), _) => trace
            .decided(format!("gcloud's account is the VM's ({account})"), Identity::VmAccount(Some(account))),
        (true, None, Some(account)) if boto_of(&properties, &account).is_file() => {
            trace.file(&boto_of(&properties, &account));
            trace.decided(format!("gcloud keeps a login of {account} for it"), person(account))
        }
        _ => boto(s, &mut trace),
    };
    trace.note("gsutil reads no ADC file and no token: `gcloud storage` does, where gcloud does");
    trace.into_prediction(Library::Gsutil, identity)
}

fn impersonation(properties: &Properties<'_>, trace: &mut Trace) -> Option<Identity> {
    let account = properties.get("auth", "impersonate_service_account")?;
    Some(trace.decided(
        "gcloud is told to act as a service account (auth/impersonate_service_account)",
        Identity::ServiceAccount(account.split(',').next_back().map(str::to_owned)),
    ))
}

/// `store._Load()`.
fn credential(s: &Surroundings, properties: &Properties<'_>, trace: &mut Trace) -> Identity {
    if let Some(token) = s.variables.text("CLOUDSDK_AUTH_ACCESS_TOKEN") {
        let account = s.lives.whose(&Secret::new(token.trim()));
        return trace.decided("CLOUDSDK_AUTH_ACCESS_TOKEN is set", Identity::AccessToken(account));
    }
    trace.passed("CLOUDSDK_AUTH_ACCESS_TOKEN is not set");
    if let Some(file) = properties.get("auth", "access_token_file") {
        return trace.decided(format!("it takes the access token in {file}"), Identity::AccessToken(None));
    }
    if let Some(file) = properties.get("auth", "credential_file_override") {
        return adc::identity(s, trace, Path::new(&file), READER);
    }
    trace.passed("no file is set (auth/credential_file_override)");
    stored(s, properties, trace)
}

/// The active account, and what gcloud keeps of it.
fn stored(s: &Surroundings, properties: &Properties<'_>, trace: &mut Trace) -> Identity {
    let Some(account) = properties.account() else {
        return trace.decided("it has no account", Identity::Fails(Problem::NoAccount));
    };
    let legacy = legacy_folder(properties, &account).join("adc.json");
    if keeps(properties, &account) {
        trace.file(&legacy);
        return match &*s.file(&legacy) {
            FileState::Holds(_) => match adc::identity(s, trace, &legacy, READER) {
                // the file may lack the address, but gcloud keeps it by the address
                Identity::Person(None) => person(account),
                identity => identity,
            },
            _ => trace.decided(format!("it keeps a login of {account}"), person(account)),
        };
    }
    match vm_account(properties) {
        Some(account) => {
            trace.decided(format!("this is a Google VM, of {account}"), Identity::VmAccount(Some(account)))
        }
        None => trace.decided(
            format!("its account is {account}, but it keeps no credential of that"),
            Identity::Fails(Problem::NoAccount),
        ),
    }
}

fn person(account: String) -> Identity {
    match account.ends_with(".gserviceaccount.com") {
        true => Identity::ServiceAccount(Some(account)),
        false => Identity::Person(Some(account)),
    }
}

/// The VM's account, if that is gcloud's account too.
fn vm_account(properties: &Properties<'_>) -> Option<String> {
    let account = properties.account()?;
    let (theirs, _) = properties.vm()?;
    theirs.filter(|theirs| *theirs == account)
}

/// Whether gcloud keeps a credential of this account. Its database is SQLite; the address of an
/// account stands in it as it is.
fn keeps(properties: &Properties<'_>, account: &str) -> bool {
    let database = private_file::read(&properties.folder.join("credentials.db"), Content::Foreign);
    let named = database
        .ok()
        .flatten()
        .is_some_and(|bytes| bytes.windows(account.len()).any(|part| part == account.as_bytes()));
    // the database of a removed account may still hold its address in a free page
    named && legacy_folder(properties, account).is_dir()
}

fn legacy_folder(properties: &Properties<'_>, account: &str) -> PathBuf {
    properties.folder.join("legacy_credentials").join(account.replace([':', '/'], ""))
}

fn boto_of(properties: &Properties<'_>, account: &str) -> PathBuf {
    legacy_folder(properties, account).join(".boto")
}

/// gsutil's own configuration.
fn boto(s: &Surroundings, trace: &mut Trace) -> Identity {
    let own = s.variables.path("BOTO_CONFIG").map(|path| vec![path]);
    let listed = || s.variables.filled("BOTO_PATH").map(|list| std::env::split_paths(list).collect());
    let usual = || vec![PathBuf::from("/etc/boto.cfg"), s.home.join(".boto")];
    for path in own.or_else(listed).unwrap_or_else(usual) {
        let Ok(Some(bytes)) = private_file::read(&s.folder.join(&path), Content::Foreign) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        if text.lines().any(|line| line.trim_start().starts_with("gs_oauth2_refresh_token")) {
            trace.file(&path);
            return trace
                .decided(format!("{} holds a refresh token", path.display()), Identity::Person(None));
        }
    }
    trace.passed("gcloud passes no account to it, and no .boto file holds one");
    trace.decided("it goes on without any credential, and without a word", Identity::Anonymous)
}
