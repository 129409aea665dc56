//! The verbs by which a credential comes, changes and goes, and the OAuth client it comes from.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::credential::profile::StoreKind;

/// Sign in and keep the credential
#[derive(Debug, Args)]
#[command(after_help = "Example, on a machine without a browser:\n  \
    bqcred login ada@example.com --project my-project --port 8085")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Login {
    /// The account that it has to be
    pub(crate) account: Option<String>,
    /// The project that jobs run in; kept with the profile
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    /// The project that requests count against, if it is another one
    #[arg(long, value_name = "PROJECT")]
    pub(crate) quota_project: Option<String>,
    /// Ask for more than BigQuery: drive, storage, cloud-platform, or names of Google's scopes
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) scopes: Vec<String>,
    /// Where to keep the credential [default: where the profile is, else file]
    #[arg(long, value_enum, value_name = "STORE")]
    pub(crate) store: Option<StoreChoice>,
    /// The OAuth client to sign in under [default: see `bqcred client show`]
    #[arg(long, value_name = "FILE")]
    pub(crate) client_id_file: Option<PathBuf>,
    /// Let gcloud run the login with its own OAuth client
    #[arg(long, value_enum, value_name = "TOOL", conflicts_with_all = ["client_id_file", "start", "finish", "port"])]
    pub(crate) via: Option<Via>,
    /// Don't open a browser on this machine
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// The port on 127.0.0.1 that the browser comes back to, for `ssh -L` [default: a free one]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// How long to wait for the sign-in
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
    /// Print the address to open, and end; `--finish` completes the login
    #[arg(long, conflicts_with = "finish")]
    pub(crate) start: bool,
    /// Complete a login with the address that the browser ended at, or its code; - reads it from stdin
    #[arg(long, value_name = "URL|CODE|-", allow_hyphen_values = true,
          conflicts_with_all = ["account", "project", "quota_project", "scopes", "store", "client_id_file", "port"])]
    pub(crate) finish: Option<String>,
}

/// Where a new credential goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreChoice {
    /// The keyring if there is one, else a file
    Auto,
    /// A file that only you can read
    File,
    /// The operating system's keyring
    Keyring,
}

/// Tools that can run a login.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Via {
    /// The Google Cloud CLI
    Gcloud,
}

/// Adopt a credential that another tool made
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred import --from gcloud --project my-project")]
pub(crate) struct Import {
    /// An ADC file (type authorized_user); - reads it from stdin
    #[arg(value_name = "FILE", required_unless_present = "from", conflicts_with = "from")]
    pub(crate) file: Option<PathBuf>,
    /// The tool whose credential to adopt
    #[arg(long, value_enum, value_name = "TOOL")]
    pub(crate) from: Option<Source>,
    /// Which of gcloud's accounts, where it keeps several
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// The project that jobs run in; kept with the profile
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    /// The project that requests count against, if it is another one
    #[arg(long, value_name = "PROJECT")]
    pub(crate) quota_project: Option<String>,
    /// Where to keep the credential [default: where the profile is, else file]
    #[arg(long, value_enum, value_name = "STORE")]
    pub(crate) store: Option<StoreChoice>,
    /// Replace the credential of an existing profile
    #[arg(long)]
    pub(crate) force: bool,
    /// Remove the source afterwards
    #[arg(long = "move")]
    pub(crate) move_: bool,
}

/// Tools whose credentials can be adopted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Source {
    /// gcloud's application-default credential, or one of its accounts
    Gcloud,
    /// pydata-google-auth, which `%%bigquery` uses
    Pydata,
    /// pandas-gbq
    PandasGbq,
    /// Ibis
    Ibis,
}

/// Write the ADC file elsewhere
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bqcred export --well-known   (undone by: bqcred export --well-known --undo)"
)]
pub(crate) struct Export {
    /// Where to; - prints it
    #[arg(value_name = "FILE", required_unless_present = "well_known", conflicts_with = "well_known")]
    pub(crate) file: Option<PathBuf>,
    /// To the place where gcloud and the libraries look by themselves; what lies there is kept aside
    #[arg(long)]
    pub(crate) well_known: bool,
    /// Put back what lay there before
    #[arg(long, requires = "well_known")]
    pub(crate) undo: bool,
    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,
}

/// Replace the credential by a new one; the old one is revoked
///
/// Google ends a grant as a whole, so the old credential is revoked first and then you sign in again, as
/// the same account. Path, project and settings stay.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred rotate")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Rotate {
    /// Sign in anew, and leave the old credential alive at Google
    #[arg(long)]
    pub(crate) keep_old: bool,
    /// Don't ask; profiles of the same account and client get the new credential too
    #[arg(long)]
    pub(crate) yes: bool,
    /// Don't open a browser on this machine
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// The port on 127.0.0.1 that the browser comes back to, for `ssh -L` [default: a free one]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// How long to wait for the sign-in
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
    /// Revoke, print the address to open, and end; `--finish` completes the rotation
    #[arg(long, conflicts_with = "finish")]
    pub(crate) start: bool,
    /// Complete a rotation with the address that the browser ended at, or its code; - reads it from stdin
    #[arg(long, value_name = "URL|CODE|-", allow_hyphen_values = true, conflicts_with_all = ["keep_old", "yes", "port"])]
    pub(crate) finish: Option<String>,
}

/// End the credential at Google, then remove it here
///
/// At Google this ends the whole grant: everything that was signed in as this account under this OAuth
/// client's project, on every machine.
#[derive(Debug, Args)]
#[command(after_help = "Example, in a script:\n  bqcred revoke --profile old --yes")]
pub(crate) struct Revoke {
    /// Don't ask; Jupyter kernels that use the profile are put back as they were
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Remove a profile here; nothing is revoked at Google
///
/// At a terminal it asks whether Jupyter kernels that use the profile are to be put back as they were.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred forget --profile old")]
pub(crate) struct Forget {
    /// Don't ask: put the kernels back
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Put a profile's credential in the other store
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred move --store keyring")]
pub(crate) struct Move {
    /// Where it has to lie
    #[arg(long, value_enum, value_name = "STORE")]
    pub(crate) store: Destination,
}

/// Where a credential can be moved.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Destination {
    /// A file that only you can read
    File,
    /// The operating system's keyring
    Keyring,
}

/// Choose the OAuth client that logins run under
#[derive(Debug, Subcommand)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
#[command(after_help = "Example:\n  bqcred client guide")]
pub(crate) enum Client {
    /// Keep a client file from Google's console
    #[command(after_help = "Example:\n  bqcred client set ~/Downloads/client_secret_123.json")]
    Set {
        /// The file of a "Desktop app" client
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Show which client logins run under, without its secret
    #[command(after_help = "Example:\n  bqcred client show --json")]
    Show {
        /// The client file to look at instead
        #[arg(long, value_name = "FILE")]
        client_id_file: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show how to make a client in Google's console
    #[command(after_help = "Example:\n  bqcred client guide")]
    Guide,
}

impl StoreChoice {
    /// The store that is demanded; `None` for the one that fits.
    pub(crate) fn demanded(self) -> Option<StoreKind> {
        match self {
            StoreChoice::Auto => None,
            StoreChoice::File => Some(StoreKind::File),
            StoreChoice::Keyring => Some(StoreKind::Keyring),
        }
    }
}

impl Destination {
    /// The store itself.
    pub(crate) fn kind(self) -> StoreKind {
        match self {
            Destination::File => StoreKind::File,
            Destination::Keyring => StoreKind::Keyring,
        }
    }
}
