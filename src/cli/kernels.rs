//! The commands for Jupyter kernels.

use clap::{Args, Subcommand, ValueEnum};

use crate::oauth::ServiceAccount;

/// Let Jupyter kernels use a profile
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  bqcred kernel install\n  bqcred kernel list")]
pub(crate) enum KernelCommand {
    List(KernelList),
    Install(KernelInstall),
    Uninstall(KernelUninstall),
    Sync(KernelSync),
}

/// List the kernels that the Jupyter servers here find, and what bqcred changed
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred kernel list --json")]
pub(crate) struct KernelList {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Let kernels use your account, by default all kernels for Python and R
///
/// The account is that of the profile (--profile). Kernels that run already have to be shut down and started again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  bqcred kernel install\n  bqcred kernel install python3 ir --dry-run\n  bqcred kernel install --token-only --scopes bigquery"
)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct KernelInstall {
    /// Kernels to change, by their names in `bqcred kernel list`
    #[arg(value_name = "KERNEL")]
    pub(crate) kernels: Vec<String>,
    /// The same, as `jupyter` and papermill name kernels
    #[arg(long, value_name = "KERNEL", hide = true, conflicts_with = "kernels")]
    pub(crate) kernel: Vec<String>,
    /// Change the kernels of every language
    #[arg(long, conflicts_with_all = ["kernels", "kernel"])]
    pub(crate) all: bool,
    /// Which directory to write to
    #[arg(long = "where", value_enum, value_name = "PLACE", default_value_t = KernelPlace::Auto)]
    pub(crate) place: KernelPlace,
    /// Leave the kernel as it is and make a copy with this name
    #[arg(long, value_name = "NAME", value_parser = parse_kernel_name)]
    pub(crate) new_kernel: Option<String>,
    /// Start the kernel with `bqcred exec`, so that no credential file is needed
    #[arg(long)]
    pub(crate) exec: bool,
    /// Start the kernel with `bqcred exec --token-only`: it gets access tokens, and never the refresh token
    #[arg(long, conflicts_with = "exec")]
    pub(crate) token_only: bool,
    /// With --token-only: a part of the granted scopes, such as bigquery
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "token_only")]
    pub(crate) scopes: Vec<String>,
    /// With --token-only: tokens of this service account, which you may impersonate
    #[arg(long = "as", value_name = "SERVICE_ACCOUNT", requires = "token_only",
          value_parser = ServiceAccount::parse)]
    pub(crate) acting_as: Option<ServiceAccount>,
    /// Show what would be done, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Directories that a kernel can be installed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KernelPlace {
    /// Whichever the server reads
    Auto,
    /// Your Jupyter data directory
    User,
    /// The environment of the server's Python
    Env,
}

/// Restore kernels as they were before `bqcred kernel install`, byte for byte
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred kernel uninstall\n  bqcred kernel uninstall ir")]
pub(crate) struct KernelUninstall {
    /// Kernels to restore [default: all, or with --profile all that use it]
    #[arg(value_name = "KERNEL")]
    pub(crate) kernels: Vec<String>,
    /// Show what would be done, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Update the kernels after an upgrade of ipykernel or a change of the profile
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred kernel sync --dry-run")]
pub(crate) struct KernelSync {
    /// Show what would be done, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// The name of a new kernel, in the lower case that Jupyter lists it in. About other names Jupyter warns, or takes
/// them for a path (`jupyter_client.kernelspec._is_valid_kernel_name`).
fn parse_kernel_name(name: &str) -> std::result::Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(good) {
        Ok(name.to_lowercase())
    } else {
        Err("use letters, digits, dots, hyphens and underscores, and begin with a letter or digit: python3-bq".to_owned())
    }
}
