//! The commands about the OAuth client.

use std::path::PathBuf;

use clap::Subcommand;

/// Set, unset or show the OAuth client that you sign in with
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  bqcred client guide")]
pub(crate) enum OauthClient {
    /// Use a client file from Google's console
    #[command(after_help = "Example:\n  bqcred client set ~/Downloads/client_secret_123.json")]
    Set {
        /// File of a "Desktop app" client
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Remove the client that `bqcred client set` saved
    ///
    /// Credentials that were made with it stay valid: each profile keeps the client of its own.
    #[command(after_help = "Example:\n  bqcred client unset")]
    Unset,
    /// Show which client is used, without its secret
    #[command(after_help = "Example:\n  bqcred client show --json")]
    Show {
        /// Show this client file instead
        #[arg(long, value_name = "FILE")]
        client_id_file: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show how to create a client in Google's console
    #[command(after_help = "Example:\n  bqcred client guide")]
    Guide,
}
