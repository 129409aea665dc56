//! Python's google-auth, in the order of `google.auth.default()`: the variable, the well-known file,
//! the VM. A file that the variable names and that is of no use ends the search.

use std::path::{Path, PathBuf};

use crate::doctor::Library;
use crate::doctor::facts::Surroundings;
use crate::doctor::facts::credential_file::FileKind;
use crate::doctor::facts::gcloud::Properties;
use crate::doctor::facts::metadata_server::{self as metadata, Metadata};
use crate::doctor::prediction::identity::{Identity, Problem};
use crate::doctor::prediction::steps::{Prediction, Trace};
use crate::doctor::rules::shared::adc_file::{self as adc, Reader};
use crate::handover::variables::{ADC, PROJECT, QUOTA_PROJECT};

/// What it does with files.
pub(crate) const READER: Reader = Reader { python: true, cache: false };
const WELL_KNOWN: &str = "application_default_credentials.json";

pub(crate) fn predict(s: &Surroundings) -> Prediction {
    let mut trace = Trace::default();
    let identity = default(s, &mut trace);
    trace.into_prediction(Library::GoogleAuth, identity)
}

/// `google.auth.default()`, and a refresh of what it found.
pub(crate) fn default(s: &Surroundings, trace: &mut Trace) -> Identity {
    let well_known = s.gcloud_folder().join(WELL_KNOWN);
    match s.variables.filled(ADC).map(PathBuf::from) {
        None => trace.passed(format!("{ADC} is not set")),
        // string-equal, not the same file: this is how google-auth compares
        Some(path) if path.as_os_str() == well_known.as_os_str() => {
            trace.passed(format!("{ADC} is gcloud's own path, which counts as not set"));
        }
        Some(path) => {
            if path.starts_with("~") {
                trace.note("Python takes ~ for the name of a folder: write the whole path");
            }
            adc::named(trace, &path);
            let identity = adc::identity(s, trace, &path, READER);
            let project = explicit_project(s).or_else(|| project_in(s, &path));
            trace.project(project);
            trace.quota_project(quota_project(s, &path));
            return identity;
        }
    }
    if !s.folder.join(&well_known).is_file() {
        trace.passed(format!("gcloud keeps no credential at {}", well_known.display()));
        return on_vm(s, trace);
    }
    let identity = adc::identity(s, trace, &well_known, READER);
    if s.has_gcloud {
        trace.note("starts gcloud at each google.auth.default(), to ask for the project: half a second");
    }
    let gclouds = || s.has_gcloud.then(|| Properties::read(s).project()).flatten();
    let project = explicit_project(s).or_else(|| project_in(s, &well_known)).or_else(gclouds);
    trace.project(project);
    trace.quota_project(quota_project(s, &well_known));
    identity
}

/// `GOOGLE_CLOUD_PROJECT`, or its older name where that is not set at all.
fn explicit_project(s: &Surroundings) -> Option<String> {
    let value = s.variables.get(PROJECT).or_else(|| s.variables.get("GCLOUD_PROJECT"))?;
    Some(value.to_string_lossy().into_owned()).filter(|project| !project.is_empty())
}

/// A service account's key names a project; a person's credential doesn't.
fn project_in(s: &Surroundings, path: &Path) -> Option<String> {
    match &s.file(path).holds()?.kind {
        FileKind::ServiceAccount { project, .. } => project.clone(),
        _ => None,
    }
}

fn quota_project(s: &Surroundings, path: &Path) -> Option<String> {
    s.variables.text(QUOTA_PROJECT).or_else(|| s.file(path).holds()?.quota_project.clone())
}

/// The last resort: the VM's service account.
fn on_vm(s: &Surroundings, trace: &mut Trace) -> Identity {
    if s.variables.get("NO_GCE_CHECK").is_some_and(|value| value == "true") {
        return trace.decided(
            "NO_GCE_CHECK=true keeps it from asking for the VM's service account",
            Identity::Fails(Problem::NothingFound),
        );
    }
    let (ping, host) = metadata::python(&s.variables);
    let pinged = !s.variables.proxies_http(&ping, false) && is_present(&s.metadata(&ping));
    if !pinged && !s.google_hardware {
        return trace.decided(adc::no_vm(s, &ping), Identity::Fails(Problem::NothingFound));
    }
    match s.metadata(&host) {
        Metadata::Present { account: Some(account), project } if !s.variables.proxies_http(&host, false) => {
            trace.project(explicit_project(s).or(project));
            trace.quota_project(s.variables.text(QUOTA_PROJECT));
            trace.decided(format!("this is a Google VM ({host})"), Identity::VmAccount(Some(account)))
        }
        Metadata::NotAsked => trace
            .decided("this machine is made by Google, so a VM; it was not asked", Identity::VmAccount(None)),
        _ => trace.decided(
            format!("this looks like a Google VM, but {host} gives no token"),
            Identity::Fails(Problem::NoMetadata),
        ),
    }
}

fn is_present(metadata: &Metadata) -> bool {
    matches!(metadata, Metadata::Present { .. })
}
