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
    /// Profile to use when none is named; `-` for the one before
    #[arg(value_name = "PROFILE")]
    pub(crate) name: String,
    /// Also change the profile's project, which queries run in and are charged to; needs no sign-in
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
}

/// Show which identity each library would use, and why
///
/// The exit code is 0 if every library would use your account; gcloud, bq, gsutil and connectorx count only
/// where --for names them.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred doctor --for python,r --check my-project.my_dataset.my_table")]
pub(crate) struct Doctor {
    // the help names the libraries by themselves
    #[arg(long = "for", value_name = "LIBRARIES", value_delimiter = ',', value_parser = parse_libraries)]
    #[arg(help = format!("Show only these libraries, step by step: {}", known_libraries()))]
    pub(crate) libraries: Vec<Libraries>,
    /// Ask BigQuery, by a dry run, whether you may query this project, dataset or table
    #[arg(long, value_name = "PROJECT[.DATASET[.TABLE]]", value_parser = doctor::Target::parse)]
    pub(crate) check: Option<doctor::Target>,
    /// Ask neither Google nor the metadata server
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
pub(crate) struct Libraries(pub(crate) Vec<&'static doctor::Library>);

fn parse_libraries(word: &str) -> std::result::Result<Libraries, String> {
    let named = doctor::named(&word.trim().to_lowercase());
    if named.is_empty() {
        return Err(format!("known libraries: {}", known_libraries()));
    }
    Ok(Libraries(named))
}

/// The words that `--for` takes: two languages, and all libraries.
fn known_libraries() -> String {
    let names = doctor::LIBRARIES.iter().map(|library| library.name);
    ["python", "r"].into_iter().chain(names).collect::<Vec<_>>().join(", ")
}
