//! Arguments of `bqcred snippet`.

use clap::{Args, ValueEnum};

/// Print code or settings to paste where `bqcred kernel install` does not help
///
/// For kernels that run already or can't be changed, VS Code, JupyterHub and containers.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bqcred snippet python\n  bqcred snippet ipython-startup > ~/.ipython/profile_default/startup/50-bqcred.py"
)]
pub(crate) struct Snippet {
    /// What it is for
    #[arg(value_enum, value_name = "KIND")]
    pub(crate) kind: SnippetKind,
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
    /// A workspace's .env file, for VS Code's own kernels
    Vscode,
    /// jupyterhub_config.py, for the hub's administrator
    Jupyterhub,
    /// Options of `docker run`
    Docker,
}
