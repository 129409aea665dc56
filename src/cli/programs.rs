//! The commands that hand the credential to shells and programs.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values;
use crate::handover::format::{Dialect, Format};
use crate::oauth::ServiceAccount;

/// Print the environment variables that make libraries use your account
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  eval $(bqcred env)")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Env {
    /// Shell to print for [default: the one that runs bqcred]
    #[arg(long, value_name = "SHELL", value_parser = values::shell, conflicts_with = "format")]
    pub(crate) shell: Option<Dialect>,
    /// Print for a program instead of a shell
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<FormatChoice>,
    /// Print commands that remove the variables
    #[arg(long)]
    pub(crate) unset: bool,
    /// Leave out the variables that keep libraries from using the VM's service account
    #[arg(long)]
    pub(crate) no_guard: bool,
    /// Also set the variables of gcloud and bq; the README lists the side effects
    #[arg(long)]
    pub(crate) gcloud: bool,
    /// For the functions of `init`: say which account this environment uses
    #[arg(long, hide = true)]
    pub(crate) announce: bool,
    /// Use the profile named in this .bqcred file, if `bqcred allow` allowed its present content
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "unset"])]
    pub(crate) pinned_by: Option<PathBuf>,
}

/// Formats of `env` for programs and files.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FormatChoice {
    /// One flat JSON object
    Json,
    /// A .env file
    Dotenv,
    /// R's ~/.Renviron
    Renviron,
    /// systemd's EnvironmentFile
    Systemd,
    /// The `env` of a Jupyter kernel.json
    Kernel,
}

/// In seconds: long enough for a request that is about to be sent, and for a slow clock.
pub(super) const DEFAULT_MIN_TTL: u64 = 300;

/// Run a program with your credential, and leave nothing on disk
///
/// The program replaces the bqcred process, so its signals, terminal and exit code are its own. It reads the
/// credential from memory: GOOGLE_APPLICATION_CREDENTIALS holds the path.
#[derive(Debug, Default, Args)]
#[command(
    after_help = "Examples:\n  bqcred exec -- jupyter lab\n  bqcred exec --token-only --scopes bigquery -- ./agent"
)]
pub(crate) struct Exec {
    /// Use a file in a memory-backed folder instead, removed when the program ends: for Node.js and containers
    #[arg(long)]
    pub(crate) file: bool,
    /// Give the program access tokens of at most an hour, and never the refresh token
    #[arg(long, conflicts_with = "file")]
    pub(crate) token_only: bool,
    /// With --token-only: a part of the granted scopes, such as bigquery
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "token_only")]
    pub(crate) scopes: Vec<String>,
    /// With --token-only: tokens of this service account, which you may impersonate
    #[arg(long = "as", value_name = "SERVICE_ACCOUNT", requires = "token_only",
          value_parser = ServiceAccount::parse)]
    pub(crate) acting_as: Option<ServiceAccount>,
    /// Set gcloud's and bq's variables too
    #[arg(long)]
    pub(crate) gcloud: bool,
    /// Start the program even without a credential; its libraries then fail and show the reason
    #[arg(long)]
    pub(crate) always_start: bool,
    /// Program and its arguments
    // no allow_hyphen_values: a misspelt option before the program would be taken for the program
    #[arg(value_name = "PROGRAM", required = true, trailing_var_arg = true)]
    pub(crate) program: Vec<OsString>,
}

/// Become a program that ends with the process that started it: for `exec --token-only`, which starts bqcred again.
#[derive(Debug, Args)]
pub(crate) struct StartUnder {
    /// The process
    pub(crate) parent: u32,
    /// Program and its arguments
    #[arg(last = true, required = true)]
    pub(crate) program: Vec<OsString>,
}

/// Keep gcloud waiting for the code of a sign-in in two steps: `login` and `rotate` start bqcred again for it.
#[derive(Debug, Args)]
pub(crate) struct KeepGcloud {
    /// gcloud's configuration
    pub(crate) folder: PathBuf,
    /// How long to wait for the code
    pub(crate) seconds: u64,
    /// gcloud and its arguments
    #[arg(last = true, required = true)]
    pub(crate) program: Vec<OsString>,
}

/// Print an access token
///
/// The token is cached until it expires, so asking again costs nothing.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    curl -H \"Authorization: Bearer $(bqcred token)\" \\\n    https://bigquery.googleapis.com/bigquery/v2/projects")]
pub(crate) struct Token {
    /// Get a new token if the cached one is valid for less than this
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_MIN_TTL, value_parser = values::min_ttl)]
    pub(crate) min_ttl: u64,
    /// Print the token, its expiry and its account as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Remove the session files that `env` made for keyring profiles
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred lock")]
pub(crate) struct Lock {
    /// Remove those of all profiles (the default)
    #[arg(long)]
    pub(crate) all: bool,
}

impl FormatChoice {
    /// The format itself.
    pub(crate) fn format(self) -> Format {
        match self {
            FormatChoice::Json => Format::Json,
            FormatChoice::Dotenv => Format::Dotenv,
            FormatChoice::Renviron => Format::Renviron,
            FormatChoice::Systemd => Format::Systemd,
            FormatChoice::Kernel => Format::Kernel,
        }
    }
}
