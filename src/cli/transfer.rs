//! The commands that bring a credential in, write it elsewhere, or move it between stores.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::StoreChoice;
use crate::credential::profile::StoreKind;
use crate::oauth::ServiceAccount;

/// Import a credential from another tool
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred import --from gcloud --project my-project")]
pub(crate) struct Import {
    /// ADC file to import (type authorized_user); - reads it from stdin
    #[arg(value_name = "FILE", required_unless_present = "from", conflicts_with = "from")]
    pub(crate) file: Option<PathBuf>,
    /// Tool to import from
    #[arg(long, value_enum, value_name = "TOOL")]
    pub(crate) from: Option<ImportSource>,
    /// Which of gcloud's accounts, if it has several
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Project that queries run in; kept with the profile
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    /// Project that API requests are charged to, if it is another one
    #[arg(long, value_name = "PROJECT")]
    pub(crate) quota_project: Option<String>,
    /// Where to store the credential [default: the store of the profile, else file]
    #[arg(long, value_enum, value_name = "STORE")]
    pub(crate) store: Option<StoreChoice>,
    /// Replace the credential of an existing profile
    #[arg(long)]
    pub(crate) force: bool,
    /// Remove the source after the import
    #[arg(long = "move")]
    pub(crate) remove_source: bool,
}

/// Tools whose credentials can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportSource {
    /// gcloud's application-default credential, or one of its accounts
    Gcloud,
    /// pydata-google-auth, which `%%bigquery` uses
    Pydata,
    /// pandas-gbq
    PandasGbq,
    /// Ibis
    Ibis,
}

/// Write the credential as an ADC file elsewhere
#[derive(Debug, Args)]
#[command(after_help = "Example, and how to undo it:\n  \
    bqcred export --well-known\n  \
    bqcred export --well-known --undo\n\n\
    For workers on other machines, without your refresh token:\n  \
    bqcred export --token-only adc.json\n  \
    bqcred export --token-only --keep-fresh -- ssh HOST 'umask 077; cat > .adc && mv .adc adc.json'")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Export {
    /// File to write; - prints it
    #[arg(value_name = "FILE", required_unless_present_any = ["well_known", "program", "keep_fresh"],
          conflicts_with = "well_known")]
    pub(crate) file: Option<PathBuf>,
    /// Write an access token of at most an hour instead of the refresh token; Python's libraries read such a file
    #[arg(long, conflicts_with = "well_known")]
    pub(crate) token_only: bool,
    /// With --token-only: a part of the granted scopes, such as bigquery
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "token_only")]
    pub(crate) scopes: Vec<String>,
    /// With --token-only: a token of this service account, which you may impersonate
    #[arg(long = "as", value_name = "SERVICE_ACCOUNT", requires = "token_only",
          value_parser = ServiceAccount::parse)]
    pub(crate) acting_as: Option<ServiceAccount>,
    /// With --token-only: go on renewing the token, until stopped
    #[arg(long, requires = "token_only")]
    pub(crate) keep_fresh: bool,
    /// Write gcloud's own ADC file, which libraries read without a variable; an existing one is kept as a backup
    #[arg(long)]
    pub(crate) well_known: bool,
    /// Restore the backup
    #[arg(long, requires = "well_known", conflicts_with = "file")]
    pub(crate) undo: bool,
    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,
    /// With --keep-fresh: a program that gets each new file on stdin; FILE may be left out
    #[arg(value_name = "PROGRAM", last = true, requires = "keep_fresh")]
    pub(crate) program: Vec<OsString>,
}

/// Move a credential between file and keyring
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred move --store keyring")]
pub(crate) struct Move {
    /// Target store
    #[arg(long, value_enum, value_name = "STORE")]
    pub(crate) store: TargetStore,
}

/// Stores that a credential can be moved to.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TargetStore {
    /// A file that only you can read
    File,
    /// The operating system's keyring
    Keyring,
}

impl TargetStore {
    /// The store itself.
    pub(crate) fn kind(self) -> StoreKind {
        match self {
            TargetStore::File => StoreKind::File,
            TargetStore::Keyring => StoreKind::Keyring,
        }
    }
}
