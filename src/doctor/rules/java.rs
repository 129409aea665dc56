//! google-auth-library-java (`DefaultCredentialsProvider`): the variable, the well-known file, the VM.
//! Its home folder is that of the user database, whatever `HOME` says.

use std::path::PathBuf;

use crate::doctor::Library;
use crate::doctor::facts::Surroundings;
use crate::doctor::facts::metadata_server::{self as metadata, Metadata};
use crate::doctor::prediction::identity::{Identity, Problem};
use crate::doctor::prediction::steps::{Prediction, Trace};
use crate::doctor::rules::shared::adc_file::{self as adc, Reader};
use crate::handover::variables::ADC;

const READER: Reader = Reader { python: false, cache: false };

pub(crate) fn predict(s: &Surroundings) -> Prediction {
    let mut trace = Trace::default();
    let identity = default(s, &mut trace);
    if s.variables.filled("HTTPS_PROXY").or_else(|| s.variables.filled("https_proxy")).is_some() {
        trace.note("Java does not read HTTPS_PROXY: it takes -Dhttps.proxyHost and -Dhttps.proxyPort");
    }
    trace.into_prediction(Library::Java, identity)
}

fn default(s: &Surroundings, trace: &mut Trace) -> Identity {
    if let Some(path) = s.variables.filled(ADC).map(PathBuf::from) {
        adc::named(trace, &path);
        return adc::identity(s, trace, &path, READER);
    }
    trace.passed(format!("{ADC} is not set"));
    let home = s.login_home.as_ref().unwrap_or(&s.home);
    let folder = match s.variables.get("CLOUDSDK_CONFIG") {
        Some(folder) => PathBuf::from(folder),
        None => home.join(".config/gcloud"),
    };
    let well_known = s.folder.join(folder).join("application_default_credentials.json");
    if well_known.is_file() {
        return adc::identity(s, trace, &well_known, READER);
    }
    trace.passed(format!("gcloud keeps no credential at {}", well_known.display()));
    on_vm(s, trace)
}

fn on_vm(s: &Surroundings, trace: &mut Trace) -> Identity {
    if s.variables.get("NO_GCE_CHECK").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return trace.decided(
            "NO_GCE_CHECK=true keeps it from asking for the VM's service account",
            Identity::Fails(Problem::NothingFound),
        );
    }
    let host = metadata::java(&s.variables);
    match s.metadata(&host) {
        Metadata::Present { account: Some(account), .. } => {
            trace.decided(format!("this is a Google VM ({host})"), Identity::VmAccount(Some(account)))
        }
        Metadata::NotAsked if s.google_hardware => trace
            .decided("this machine is made by Google, so a VM; it was not asked", Identity::VmAccount(None)),
        _ => trace.decided(adc::no_vm(s, &host), Identity::Fails(Problem::NothingFound)),
    }
}
