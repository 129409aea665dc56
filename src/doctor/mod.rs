//! What every library here would do to find a credential, foretold step by step: Google's
//! "application default credentials" (<https://google.aip.dev/auth/4110>) as each library really
//! implements them, which is different in each.
//!
//! The rules are files of their own, one for each family. They look at [`Surroundings`] and nothing
//! else, and send nothing themselves.

mod check;
mod facts;
mod finding;
mod findings;
mod prediction;
mod report;
mod rules;

pub(crate) use check::target::Target;
pub(crate) use check::{check, needs_network};
pub(crate) use facts::Surroundings;
pub(crate) use findings::findings;
pub(crate) use prediction::identity::Problem;
pub(crate) use prediction::steps::{Outcome, Prediction};
pub(crate) use report::text::{json, text};
use rules::shared::fix;
use rules::{connectorx, dbt, gargle, gcloud, go, google_auth, java, node, pydata};

/// A library or program that looks for a credential by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Library {
    /// google-auth: google-cloud-bigquery, SQLAlchemy, and most of Python.
    GoogleAuth,
    /// pydata-google-auth: `%%bigquery`.
    Pydata,
    /// pandas-gbq.
    PandasGbq,
    /// Ibis.
    Ibis,
    /// dbt-bigquery with `method: oauth`.
    Dbt,
    /// gargle: bigrquery, and most of R.
    Gargle,
    /// Go's `cloud.google.com/go/auth` and `golang.org/x/oauth2/google`; ADBC's driver.
    Go,
    /// google-auth-library-java: JDBC, Spark.
    Java,
    /// google-auth-library of Node.js.
    Node,
    /// The Google Cloud CLI.
    Gcloud,
    /// Its `bq`.
    Bq,
    /// Its `gsutil`.
    Gsutil,
    /// connectorx, which polars and others use.
    Connectorx,
}

impl Library {
    /// All of them, in the order that they are shown.
    pub(crate) const ALL: [Library; 13] = [
        Library::GoogleAuth,
        Library::Pydata,
        Library::PandasGbq,
        Library::Ibis,
        Library::Dbt,
        Library::Gargle,
        Library::Go,
        Library::Java,
        Library::Node,
        Library::Gcloud,
        Library::Bq,
        Library::Gsutil,
        Library::Connectorx,
    ];

    /// Its name in `--for` and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Library::GoogleAuth => "google-auth",
            Library::Pydata => "pydata-google-auth",
            Library::PandasGbq => "pandas-gbq",
            Library::Ibis => "ibis",
            Library::Dbt => "dbt",
            Library::Gargle => "gargle",
            Library::Go => "go",
            Library::Java => "java",
            Library::Node => "node",
            Library::Gcloud => "gcloud",
            Library::Bq => "bq",
            Library::Gsutil => "gsutil",
            Library::Connectorx => "connectorx",
        }
    }

    /// Its name and what it is known by, for people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Library::GoogleAuth => "Python (google-auth)",
            Library::Pydata => "Python (%%bigquery)",
            Library::PandasGbq => "Python (pandas-gbq)",
            Library::Ibis => "Python (Ibis)",
            Library::Dbt => "dbt",
            Library::Gargle => "R (bigrquery)",
            Library::Go => "Go",
            Library::Java => "Java",
            Library::Node => "Node.js",
            Library::Gcloud => "gcloud",
            Library::Bq => "bq",
            Library::Gsutil => "gsutil",
            Library::Connectorx => "connectorx",
        }
    }

    /// The libraries that a word of `--for` stands for.
    pub(crate) fn named(word: &str) -> Option<Vec<Library>> {
        Some(match word {
            "python" => vec![Library::GoogleAuth, Library::Pydata, Library::PandasGbq, Library::Ibis],
            "r" | "bigrquery" => vec![Library::Gargle],
            "bigquery-magics" | "magics" => vec![Library::Pydata],
            "nodejs" => vec![Library::Node],
            _ => vec![Library::ALL.into_iter().find(|library| library.name() == word)?],
        })
    }

    /// Whether `bqcred env` alone is meant to make it use the person's credential, so that it counts
    /// where no library is named. The others need more (`env --gcloud`), or can't.
    pub(crate) fn is_covered(self) -> bool {
        !matches!(self, Library::Gcloud | Library::Bq | Library::Gsutil | Library::Connectorx)
    }

    /// What it would do.
    pub(crate) fn predict(self, s: &Surroundings) -> Prediction {
        let mut prediction = match self {
            Library::GoogleAuth => google_auth::predict(s),
            Library::Pydata | Library::PandasGbq | Library::Ibis => pydata::predict(self, s),
            Library::Dbt => dbt::predict(s),
            Library::Gargle => gargle::predict(s),
            Library::Go => go::predict(s),
            Library::Java => java::predict(s),
            Library::Node => node::predict(s),
            Library::Gcloud => gcloud::predict(s),
            Library::Bq => gcloud::predict_bq(s),
            Library::Gsutil => gcloud::predict_gsutil(s),
            Library::Connectorx => connectorx::predict(),
        };
        prediction.is_you = s.person.is(&prediction);
        prediction.fix = fix::command(&prediction, s);
        prediction
    }
}
