//! dbt-bigquery with `method: oauth`: google-auth; where that finds nothing, dbt starts gcloud's own
//! login.

use crate::doctor::facts::Facts;
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::library::Library;
use crate::doctor::prediction::problem::LibraryProblem;
use crate::doctor::prediction::steps::Steps;
use crate::doctor::rules::google_auth;
use crate::doctor::rules::shared::fix;

/// dbt-bigquery.
pub(crate) static DBT: Library =
    Library { name: "dbt", title: "dbt", aliases: &[], is_covered: true, rule: oauth, fix: fix::env };

fn oauth(facts: &Facts, steps: &mut Steps) -> LibraryIdentity {
    let mut identity = google_auth::default(facts, steps);
    let finds_nothing = matches!(
        &identity,
        LibraryIdentity::Fails(
            LibraryProblem::NothingFound
                | LibraryProblem::FileMissing
                | LibraryProblem::NotJson
                | LibraryProblem::UnknownType
                | LibraryProblem::Incomplete
        )
    );
    if finds_nothing && facts.has_gcloud {
        steps.reconsider();
        let what = "it runs `gcloud auth application-default login` by itself";
        identity = steps.decided(what, LibraryIdentity::Prompt);
    }
    steps.note("for `method: oauth` in profiles.yml; the other methods name their credential there");
    identity
}
