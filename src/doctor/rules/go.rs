//! Go (`golang.org/x/oauth2/google`, `cloud.google.com/go/auth/credentials`): the variable, the
//! well-known file, the VM. `CLOUDSDK_CONFIG` means nothing to it.

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
    trace.into_prediction(Library::Go, identity)
}

fn default(s: &Surroundings, trace: &mut Trace) -> Identity {
    if let Some(path) = s.variables.filled(ADC).map(PathBuf::from) {
        adc::named(trace, &path);
        return adc::identity(s, trace, &path, READER);
    }
    trace.passed(format!("{ADC} is not set"));
    let well_known = s.home.join(".config/gcloud/application_default_credentials.json");
    if s.variables.filled("CLOUDSDK_CONFIG").is_some() {
        trace.note("Go does not read CLOUDSDK_CONFIG");
    }
    if well_known.is_file() {
        return adc::identity(s, trace, &well_known, READER);
    }
    trace.passed(format!("gcloud keeps no credential at {}", well_known.display()));
    // a variable that names a metadata server is taken for the proof that there is one
    let named = metadata::go(&s.variables);
    let host = named.clone().unwrap_or_else(|| metadata::IP.to_owned());
    match s.metadata(&host) {
        Metadata::Present { account: Some(account), .. } => {
            trace.decided(format!("this is a Google VM ({host})"), Identity::VmAccount(Some(account)))
        }
        Metadata::NotAsked if named.is_some() || s.google_hardware => {
            trace.decided("this is taken for a Google VM; it was not asked", Identity::VmAccount(None))
        }
        _ if named.is_some() || s.google_hardware => trace.decided(
            format!("this is taken for a Google VM, but {host} gives no token"),
            Identity::Fails(Problem::NoMetadata),
        ),
        _ => trace.decided(adc::no_vm(s, &host), Identity::Fails(Problem::NothingFound)),
    }
}
