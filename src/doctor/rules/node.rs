//! google-auth-library of Node.js: the variable (in either case of letters), the well-known file, the
//! VM. It resolves links and wants a regular file behind them.

use crate::doctor::Library;
use crate::doctor::facts::Surroundings;
use crate::doctor::facts::credential_file::{FileKind, FileState};
use crate::doctor::facts::metadata_server::{self as metadata, Metadata};
use crate::doctor::prediction::identity::{Identity, Problem};
use crate::doctor::prediction::steps::{Prediction, Trace};
use crate::doctor::rules::shared::adc_file::{self as adc, Reader};
use crate::handover::variables::{ADC, PROJECT};

const READER: Reader = Reader { python: false, cache: false };

pub(crate) fn predict(s: &Surroundings) -> Prediction {
    let mut trace = Trace::default();
    let identity = default(s, &mut trace);
    let has_project = s.variables.text("GCLOUD_PROJECT").or_else(|| s.variables.text(PROJECT));
    if matches!(identity, Identity::Person(_)) && has_project.is_none() {
        let host = metadata::node(&s.variables);
        if let Metadata::Present { project: Some(project), .. } = s.metadata(&host) {
            trace.note(format!("without {PROJECT}, Node.js runs jobs in the VM's project {project}"));
            trace.project(Some(project));
        }
    } else {
        trace.project(has_project);
    }
    trace.into_prediction(Library::Node, identity)
}

fn default(s: &Surroundings, trace: &mut Trace) -> Identity {
    let named = s.variables.path(ADC).or_else(|| s.variables.path("google_application_credentials"));
    if let Some(path) = named {
        adc::named(trace, &path);
        return from_file(s, trace, &path);
    }
    trace.passed(format!("{ADC} is not set"));
    let folder = s.variables.path("CLOUDSDK_CONFIG").unwrap_or_else(|| s.home.join(".config/gcloud"));
    let well_known = s.folder.join(folder).join("application_default_credentials.json");
    if well_known.exists() {
        return from_file(s, trace, &well_known);
    }
    trace.passed(format!("gcloud keeps no credential at {}", well_known.display()));
    on_vm(s, trace)
}

/// A memfd has no path that could be resolved, so `bqcred exec` needs `--file` for Node.js.
fn from_file(s: &Surroundings, trace: &mut Trace, path: &std::path::Path) -> Identity {
    let deleted = path.starts_with("/proc") && s.folder.join(path).canonicalize().is_err();
    if deleted && !matches!(*s.file(path), FileState::Missing) {
        trace.note("Node.js can't use a credential without a path: `bqcred exec --file`");
        return trace.decided(
            format!("{} has no path on any disk", path.display()),
            Identity::Fails(Problem::NotAFile),
        );
    }
    let state = s.file(path);
    if let Some(FileKind::User(user)) = state.holds().map(|holds| &holds.kind)
        && user.typed
        && !user.is_whole()
    {
        return trace
            .decided(format!("{} lacks a part", path.display()), Identity::Fails(Problem::Incomplete));
    }
    adc::identity(s, trace, path, READER)
}

fn on_vm(s: &Surroundings, trace: &mut Trace) -> Identity {
    let detection = s.variables.text("METADATA_SERVER_DETECTION").map(|value| value.trim().to_lowercase());
    if detection.as_deref() == Some("none") {
        return trace.decided(
            "METADATA_SERVER_DETECTION=none keeps it from asking for the VM's service account",
            Identity::Fails(Problem::NothingFound),
        );
    }
    let host = metadata::node(&s.variables);
    if s.variables.proxies_node(&host) {
        trace.note(format!("HTTPS_PROXY is taken for {host} too: NO_PROXY has to name it"));
    }
    let presumed = s.google_hardware || detection.as_deref() == Some("assume-present");
    match s.metadata(&host) {
        Metadata::Present { account: Some(account), .. } if !s.variables.proxies_node(&host) => {
            trace.decided(format!("this is a Google VM ({host})"), Identity::VmAccount(Some(account)))
        }
        Metadata::NotAsked if presumed => {
            trace.decided("this is taken for a Google VM; it was not asked", Identity::VmAccount(None))
        }
        _ if presumed => trace.decided(
            format!("this is taken for a Google VM, but {host} gives no token"),
            Identity::Fails(Problem::NoMetadata),
        ),
        _ => trace.decided(adc::no_vm(s, &host), Identity::Fails(Problem::NothingFound)),
    }
}
