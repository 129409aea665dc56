//! dbt-bigquery with `method: oauth`: google-auth; where that finds nothing, dbt starts gcloud's own
//! login.

use crate::doctor::Library;
use crate::doctor::facts::Surroundings;
use crate::doctor::prediction::identity::{Identity, Problem};
use crate::doctor::prediction::steps::{Prediction, Trace};
use crate::doctor::rules::google_auth;

pub(crate) fn predict(s: &Surroundings) -> Prediction {
    let mut trace = Trace::default();
    let mut identity = google_auth::default(s, &mut trace);
    let nothing = matches!(
        &identity,
        Identity::Fails(
            Problem::NothingFound
                | Problem::FileMissing
                | Problem::NotJson
                | Problem::UnknownType
                | Problem::Incomplete
        )
    );
    if nothing && s.has_gcloud {
        trace.reconsider();
        identity =
            trace.decided("it runs `gcloud auth application-default login` by itself", Identity::Prompt);
    }
    trace.note("for `method: oauth` in profiles.yml; the other methods name their credential there");
    trace.into_prediction(Library::Dbt, identity)
}
