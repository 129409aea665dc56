//! connectorx, and with it `polars.read_database_uri`: it takes the path of a service account's key in
//! the connection string, and nothing else (sfu-db/connector-x#499).

use crate::doctor::Library;
use crate::doctor::prediction::identity::{Identity, Problem};
use crate::doctor::prediction::steps::{Prediction, Trace};

pub(crate) fn predict() -> Prediction {
    let mut trace = Trace::default();
    let identity = trace.decided(
        "it reads a service account's key from the path in the connection string, and no environment",
        Identity::Fails(Problem::Unsupported),
    );
    trace.note(
        "read with google-cloud-bigquery or adbc-driver-bigquery instead: both use a person's credential",
    );
    trace.into_prediction(Library::Connectorx, identity)
}
