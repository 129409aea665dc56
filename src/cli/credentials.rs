//! The commands that make, replace and end a credential.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values;
use crate::credential::profile::StoreKind;

/// Sign in and keep the credential
#[derive(Debug, Args)]
#[command(after_help = "Example, on a machine without a browser:\n  \
    bqcred login ada@example.com --project my-project --port 8085")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Login {
    /// Require this Google account
    pub(crate) account: Option<String>,
    /// Project that queries run in; kept with the profile
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    /// Project that API requests are charged to, if it is another one
    #[arg(long, value_name = "PROJECT")]
    pub(crate) quota_project: Option<String>,
    /// Ask for more than BigQuery: drive, storage, cloud-platform, or names of Google's scopes
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) scopes: Vec<String>,
    /// Where to store the credential [default: the store of the profile, else file]
    #[arg(long, value_enum, value_name = "STORE")]
    pub(crate) store: Option<StoreChoice>,
    /// OAuth client to sign in with [default: see `bqcred client show`]
    #[arg(long, value_name = "FILE")]
    pub(crate) client_id_file: Option<PathBuf>,
    /// Let gcloud run the sign-in, with its own OAuth client
    #[arg(long, value_enum, value_name = "TOOL", conflicts_with_all = ["client_id_file", "port"])]
    pub(crate) via: Option<Via>,
    /// Don't open a browser on this machine
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Port on 127.0.0.1 that the browser returns to, for `ssh -L` [default: a free one]
    #[arg(long, value_name = "PORT", value_parser = values::port)]
    pub(crate) port: Option<u16>,
    /// How long to wait for the sign-in
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = values::timeout)]
    pub(crate) timeout: u64,
    /// Print the address to open, and exit; `--finish` completes the sign-in
    #[arg(long, conflicts_with = "finish")]
    pub(crate) start: bool,
    /// Complete a sign-in with the address or the code that the browser shows at the end; - reads it from stdin
    #[arg(long, value_name = "URL|CODE|-", allow_hyphen_values = true,
          conflicts_with_all = ["account", "project", "quota_project", "scopes", "store", "client_id_file", "port"])]
    pub(crate) finish: Option<String>,
    /// With --finish, in a notebook's cell: print code that shows the result and makes the cell's kernel run as you
    #[arg(long, value_enum, value_name = "LANGUAGE", requires = "finish")]
    pub(crate) cell: Option<CellLanguage>,
}

/// Where a new credential is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreChoice {
    /// The keyring if there is one, else a file
    Auto,
    /// A file that only you can read
    File,
    /// The operating system's keyring
    Keyring,
}

/// The language of a cell that completes a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CellLanguage {
    /// For `exec`
    Python,
    /// For `eval(parse(text = ...))`
    R,
}

/// Tools that can run a sign-in.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Via {
    /// The Google Cloud CLI
    Gcloud,
}

/// Replace the credential by a new one and revoke the old one
///
/// Google revokes a grant as a whole, so the old credential is revoked first, and then you sign in again with
/// the same account. Path, project and settings stay.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred rotate work")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Rotate {
    /// Profile whose credential to replace [default: the current profile]
    #[arg(value_name = "PROFILE")]
    pub(crate) name: Option<String>,
    /// Sign in again, but leave the old credential valid
    #[arg(long)]
    pub(crate) keep_old: bool,
    /// Don't ask; profiles of the same account and OAuth client get the new credential too
    #[arg(long)]
    pub(crate) yes: bool,
    /// Don't open a browser on this machine
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Port on 127.0.0.1 that the browser returns to, for `ssh -L` [default: a free one]
    #[arg(long, value_name = "PORT", value_parser = values::port)]
    pub(crate) port: Option<u16>,
    /// How long to wait for the sign-in
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = values::timeout)]
    pub(crate) timeout: u64,
    /// Revoke, print the address to open, and exit; `--finish` completes the rotation
    #[arg(long, conflicts_with = "finish")]
    pub(crate) start: bool,
    /// Complete a rotation with the address or the code that the browser shows at the end; - reads it from stdin
    #[arg(long, value_name = "URL|CODE|-", allow_hyphen_values = true, conflicts_with_all = ["keep_old", "yes", "port"])]
    pub(crate) finish: Option<String>,
    /// With --finish, in a notebook's cell: print code that shows the result and makes the cell's kernel run as you
    #[arg(long, value_enum, value_name = "LANGUAGE", requires = "finish")]
    pub(crate) cell: Option<CellLanguage>,
}

/// Revoke the credential at Google, then remove the profile here
///
/// Google revokes the whole grant: all sign-ins of this account under the OAuth client's project, on every machine.
#[derive(Debug, Args)]
#[command(after_help = "Example, in a script:\n  bqcred revoke work --yes")]
pub(crate) struct Revoke {
    /// Profile to revoke and remove [default: the current profile]
    #[arg(value_name = "PROFILE")]
    pub(crate) name: Option<String>,
    /// Don't ask; Jupyter kernels that use the profile are put back as they were
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Remove a profile here; nothing is revoked at Google
///
/// At a terminal it asks whether to put Jupyter kernels that use the profile back as they were.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred forget work")]
pub(crate) struct Forget {
    /// Profile to remove [default: the current profile]
    #[arg(value_name = "PROFILE")]
    pub(crate) name: Option<String>,
    /// Don't ask: put the kernels back, and remove what profiles that are gone left
    #[arg(long)]
    pub(crate) yes: bool,
    /// Only remove what profiles that are gone left: keyring items and session files
    #[arg(long, conflicts_with_all = ["name", "keep_item"])]
    pub(crate) leftovers: bool,
    /// Leave the keyring's item where it is, for a keyring that can't be reached
    #[arg(long)]
    pub(crate) keep_item: bool,
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
