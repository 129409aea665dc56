//! The commands about Jupyter kernels.

use clap::{Args, Subcommand, ValueEnum};

/// Let Jupyter kernels use a profile
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  bqcred kernel install\n  bqcred kernel list")]
pub(crate) enum Kernel {
    List(KernelList),
    Install(KernelInstall),
    Uninstall(KernelUninstall),
    Sync(KernelSync),
    Snippet(KernelSnippet),
}

/// List the kernels as the Jupyter server finds them, and what bqcred changed
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred kernel list --json")]
pub(crate) struct KernelList {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Make kernels run as you, by default all for Python and R
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred kernel install --kernel python3 --dry-run")]
pub(crate) struct KernelInstall {
    /// The kernel to change, by its name in `bqcred kernel list`; may be given again
    #[arg(long, value_name = "NAME")]
    pub(crate) kernel: Vec<String>,
    /// Change the kernels of every language
    #[arg(long, conflicts_with = "kernel")]
    pub(crate) all: bool,
    /// Which directory to write to
    #[arg(long = "where", value_enum, value_name = "PLACE", default_value_t = KernelPlace::Auto)]
    pub(crate) place: KernelPlace,
    /// Leave the kernel as it is and make another one of this name beside it
    #[arg(long, value_name = "NAME", value_parser = parse_kernel_name)]
    pub(crate) new_kernel: Option<String>,
    /// Start the kernel through `bqcred exec`, so that no file with the credential is needed
    #[arg(long)]
    pub(crate) exec: bool,
    /// Print what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Directories that a kernel can be installed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KernelPlace {
    /// Wherever the server reads it
    Auto,
    /// Your Jupyter data directory
    User,
    /// The environment of the server's Python
    Env,
}

/// Put kernels back as they were, to the byte
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred kernel uninstall --kernel ir")]
pub(crate) struct KernelUninstall {
    /// The kernel to put back [default: all, or with --profile all that use it]
    #[arg(long, value_name = "NAME")]
    pub(crate) kernel: Vec<String>,
    /// Print what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Renew the kernels after an upgrade of ipykernel, or a change of the profile
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred kernel sync --dry-run")]
pub(crate) struct KernelSync {
    /// Print what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Print what to paste where a kernel can't be changed, or runs already
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bqcred kernel snippet --lang ipython-startup > ~/.ipython/profile_default/startup/50-bqcred.py"
)]
pub(crate) struct KernelSnippet {
    /// What it is for
    #[arg(long, value_enum, value_name = "LANG", default_value_t = SnippetKind::Python)]
    pub(crate) lang: SnippetKind,
}

/// Places that a snippet is pasted into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SnippetKind {
    /// A cell of a running Python notebook
    Python,
    /// A cell of a running R notebook
    R,
    /// ~/.Renviron, for every R
    Renviron,
    /// A file in ~/.ipython/profile_default/startup, for every IPython kernel
    IpythonStartup,
    /// jupyterhub_config.py, for the hub's administrator
    Jupyterhub,
    /// A workspace's .env file, for VS Code's own kernels
    Vscode,
    /// Options of `docker run`
    Docker,
}

/// The name of a kernel that is to be made, in the lower case that Jupyter lists it in. Others than these it
/// warns about, or reads as a path (`jupyter_client.kernelspec._is_valid_kernel_name`).
fn parse_kernel_name(name: &str) -> std::result::Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(good) {
        Ok(name.to_lowercase())
    } else {
        Err("letters, digits, dots, hyphens and underscores, a letter or digit first: python3-bq".to_owned())
    }
}
