//! dbt-bigquery with `method: oauth`: google-auth; where that finds nothing, dbt starts gcloud's own
//! login.

use super::Library;
use super::google_auth;
use super::identity::{Identity, Problem};
use super::surroundings::Surroundings;
use super::trace::{Prediction, Trace};

pub(super) fn predict(s: &Surroundings) -> Prediction {
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
