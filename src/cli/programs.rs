//! The verbs that let programs run as the person.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::handover::format::{Dialect, Format};

/// Print the environment that makes the libraries run as you
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  eval $(bqcred env)")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Env {
    /// The shell to print for [default: the one that asks]
    #[arg(long, value_name = "SHELL", value_parser = parse_shell, conflicts_with = "format")]
    pub(crate) shell: Option<Dialect>,
    /// Print for a program instead of a shell
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<FormatChoice>,
    /// Print the removal of what `env` sets
    #[arg(long)]
    pub(crate) unset: bool,
    /// Leave out what keeps libraries from becoming the VM's service account
    #[arg(long)]
    pub(crate) no_guard: bool,
    /// Also make gcloud and bq use the credential; see the README for what that does to gcloud
    #[arg(long)]
    pub(crate) gcloud: bool,
    /// Use the profile that a .bqcred file names, if `bqcred allow` allowed the file as it is now
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "unset"])]
    pub(crate) pinned_by: Option<PathBuf>,
}

/// Formats of `env` that are no shell's.
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

/// Long enough for a request that is about to be sent, and for a slow clock.
pub(super) const USUAL_MIN_TTL: u64 = 300;

/// Run a program as you, with nothing left on disk
///
/// The program takes this process over: its signals, its terminal and its exit code are its own. It
/// reads the credential from memory, as GOOGLE_APPLICATION_CREDENTIALS says.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred exec -- jupyter lab")]
pub(crate) struct Exec {
    /// Hand over a file in memory instead, removed at the end: for Node's library, and for containers
    #[arg(long)]
    pub(crate) file: bool,
    /// Start the program even without a credential, so that it says itself what is missing
    #[arg(long)]
    pub(crate) always_start: bool,
    /// The program and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) command: Vec<OsString>,
}

/// Print an access token
///
/// It is kept until it ends, so that asking again costs nothing.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    curl -H \"Authorization: Bearer $(bqcred token)\" \\\n    https://bigquery.googleapis.com/bigquery/v2/projects")]
pub(crate) struct Token {
    /// Get a new one if less than this is left
    #[arg(long, value_name = "SECONDS", default_value_t = USUAL_MIN_TTL)]
    pub(crate) min_ttl: u64,
    /// Print the token, when it ends and whose it is, as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Take back what `env` made readable of the keyring: all of it, or that of --profile
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred lock")]
pub(crate) struct Lock {
    /// Every profile's, as without --profile
    #[arg(long)]
    pub(crate) all: bool,
}

fn parse_shell(name: &str) -> std::result::Result<Dialect, String> {
    Dialect::from_shell_name(name).ok_or_else(|| {
        let known: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.name()).collect();
        format!("known are {}, and the shells that are like them", known.join(", "))
    })
}

impl FormatChoice {
    /// What renders it.
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
