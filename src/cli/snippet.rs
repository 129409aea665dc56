//! Arguments of `bqcred snippet`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::oauth::ServiceAccount;

/// Print code or settings to paste where `bqcred kernel install` does not help
///
/// For kernels that run already or can't be changed, Jupyter servers and their plugins, VS Code, JupyterHub, containers,
/// and the workers of clusters.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  bqcred snippet python\n  bqcred snippet renviron >> ~/.Renviron\n  bqcred snippet dask"
)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Snippet {
    /// What it is for
    #[arg(value_enum, value_name = "KIND")]
    pub(crate) kind: SnippetKind,
    /// For clusters and containers: hand over a part of the granted scopes, such as bigquery
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) scopes: Vec<String>,
    /// For clusters and containers: hand over tokens of this service account, which you may impersonate
    #[arg(long = "as", value_name = "SERVICE_ACCOUNT", value_parser = ServiceAccount::parse)]
    pub(crate) acting_as: Option<ServiceAccount>,
    /// The token-only file that Spark, Slurm or containers read [default: one in your cache folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// For Slurm: the nodes don't have your home folder
    #[arg(long)]
    pub(crate) no_shared_home: bool,
    /// For jupyter-server: a drop-in for the systemd service that runs it
    #[arg(long)]
    pub(crate) systemd: bool,
    /// For containers and k8s: hand over the whole credential, with the refresh token
    #[arg(long, conflicts_with_all = ["scopes", "acting_as", "file"])]
    pub(crate) whole: bool,
    /// With k8s --whole: the refresh token may be kept in the cluster
    #[arg(long, requires = "whole")]
    pub(crate) yes: bool,
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
    /// jupyter_server_config.py, for a server with its plugins, terminals and kernels
    #[value(alias = "jupyterlab")]
    JupyterServer,
    /// jupyterhub_config.py, for the hub's administrator
    Jupyterhub,
    /// Options of `docker run`
    #[value(alias = "podman")]
    Docker,
    /// A service in compose.yaml
    #[value(alias = "docker-compose")]
    Compose,
    /// devcontainer.json
    #[value(alias = "dev-container")]
    Devcontainer,
    /// A cell that hands tokens to the workers of a Dask client
    Dask,
    /// A cell that starts or joins Ray with tokens on each node
    Ray,
    /// Settings of a Spark session
    #[value(alias = "pyspark")]
    Spark,
    /// A line of a Slurm job script
    #[value(alias = "sbatch")]
    Slurm,
    /// A Kubernetes Job with a Secret
    #[value(alias = "kubernetes")]
    K8s,
    /// Refused: its workers run as a service account
    #[value(alias = "dataflow", hide = true)]
    Beam,
}
