//! connectorx, and with it `polars.read_database_uri`: it takes the path of a service account key in
//! the connection string, and nothing else (sfu-db/connector-x#499).

use crate::doctor::facts::Facts;
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::library::Library;
use crate::doctor::prediction::problem::LibraryProblem;
use crate::doctor::prediction::steps::Steps;
use crate::doctor::rules::shared::fix;

/// connectorx, which polars and others use.
pub(crate) static CONNECTORX: Library = Library {
    name: "connectorx",
    title: "connectorx",
    aliases: &[],
    is_covered: false,
    rule: connection_string,
    fix: fix::env,
};

fn connection_string(_: &Facts, steps: &mut Steps) -> LibraryIdentity {
    steps.note(
        "read with google-cloud-bigquery or adbc-driver-bigquery instead: both use a user account's credential",
    );
    steps.decided(
        "it reads a service account key from the path in the connection string, and no environment",
        LibraryIdentity::Fails(LibraryProblem::Unsupported),
    )
}
