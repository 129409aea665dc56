//! The commands that show profiles and what libraries do with them, and that set the current one.

use clap::Args;

use crate::doctor;
use crate::system::clock;

/// Show your account, whether the credential is valid, and where it is stored
#[derive(Debug, Args)]
#[command(after_help = "Example, in a script:\n  bqcred status --exit-code || bqcred login")]
pub(crate) struct Status {
    /// Don't ask Google
    #[arg(long)]
    pub(crate) offline: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing, or only the JSON with --json: the exit code is the answer
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Fail unless the credential stays valid for this long (30m, 8h), as far as that is known
    #[arg(long, value_name = "DURATION", value_parser = clock::parse_span)]
    pub(crate) valid_for: Option<u64>,
}

/// List all profiles
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred list --json")]
pub(crate) struct List {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Set the current profile
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred use work\n  bqcred use work --project my-project")]
pub(crate) struct Use {
    /// Profile to use when none is named
    #[arg(value_name = "PROFILE")]
    pub(crate) name: String,
    /// Also change the profile's project, which queries run in and are charged to; needs no sign-in
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
}

/// Foretell as whom every library here would act, and why
///
/// Ends with 0 if all of them (but gcloud, bq, gsutil and connectorx, unless named) would act as you.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred doctor --for python,r --check my-project.my_dataset.my_table")]
pub(crate) struct Doctor {
    /// Only these, step by step: python, r, go, java, node, dbt, gcloud, bq, gsutil, connectorx, or one
    /// Python library: google-auth, pydata-google-auth, pandas-gbq, ibis
    #[arg(long = "for", value_name = "LIBRARIES", value_delimiter = ',', value_parser = parse_libraries)]
    pub(crate) libraries: Vec<Libraries>,
    /// Ask BigQuery, by a dry run, whether you may query this
    #[arg(long, value_name = "PROJECT[.DATASET[.TABLE]]", value_parser = doctor::Target::parse)]
    pub(crate) check: Option<doctor::Target>,
    /// Ask nobody: neither Google nor the metadata server
    #[arg(long)]
    pub(crate) offline: bool,
    /// Show the steps of all libraries
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The libraries that one word of `--for` stands for.
#[derive(Clone, Debug)]
pub(crate) struct Libraries(pub(crate) Vec<doctor::Library>);

fn parse_libraries(word: &str) -> std::result::Result<Libraries, String> {
    doctor::Library::named(&word.trim().to_lowercase()).map(Libraries).ok_or_else(|| {
        let names: Vec<&str> = doctor::Library::ALL.iter().map(|library| library.name()).collect();
        format!("known are python, r, {}", names.join(", "))
    })
}
