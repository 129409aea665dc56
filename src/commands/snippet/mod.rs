//! `bqcred snippet`: what to paste where no kernelspec is read, a kernel runs already, or programs run in a container
//! or on other machines.

mod clusters;
mod containers;
mod jupyter_server;
mod kubernetes;
mod notebooks;
mod path_targets;
mod place;
mod token_file;

use crate::app::App;
use crate::cli::{Snippet, SnippetKind};
use crate::output::error::{Error, Result};
use crate::output::notes::Notes;
use crate::output::shell_word::in_shell;
use crate::output::ui::{self, Output};

/// What to paste, and what to tell people about it.
struct Pasted {
    text: String,
    advice: Notes,
}

pub(crate) fn run(args: &Snippet, app: &App) -> Result<Output> {
    if args.kind == SnippetKind::Beam {
        return Err(not_on_dataflow(args, app));
    }
    check(args)?;
    let pasted = match args.kind {
        SnippetKind::Python
        | SnippetKind::R
        | SnippetKind::Renviron
        | SnippetKind::IpythonStartup
        | SnippetKind::Vscode
        | SnippetKind::Jupyterhub => notebooks::snippet(args.kind, app),
        SnippetKind::JupyterServer => jupyter_server::snippet(args.systemd, app),
        SnippetKind::Docker | SnippetKind::Compose | SnippetKind::Devcontainer => {
            containers::snippet(args, app)
        }
        SnippetKind::K8s => kubernetes::snippet(args, app),
        SnippetKind::Dask => clusters::dask(args, app),
        SnippetKind::Ray => clusters::ray(args, app),
        SnippetKind::Spark => clusters::spark(args, app),
        SnippetKind::Slurm => clusters::slurm(args, app),
        SnippetKind::Beam => Err(not_on_dataflow(args, app)),
    }?;
    ui::show(pasted.advice);
    Ok(Output::text(pasted.text))
}

fn not_on_dataflow(args: &Snippet, app: &App) -> Error {
    let account = args.acting_as.as_ref().map_or_else(|| "ACCOUNT".to_owned(), ToString::to_string);
    let exec = format!("exec --token-only --as {account}");
    let mut exec =
        app.profile_name().map_or_else(|_| format!("bqcred {exec}"), |name| app.command(&exec, &name));
    if !args.scopes.is_empty() {
        exec += &format!(" --scopes {}", in_shell(&args.scopes.join(",")));
    }
    Error::usage(
        "Dataflow's workers run as a service account, whoever starts the pipeline: your credential doesn't reach them",
    )
    .hint(format!(
        "use a service account that you may impersonate: give the pipeline `--service_account_email={account}`, and \
         start it with `{exec} -- python pipeline.py`"
    ))
}

/// Refuses options that have no meaning for this kind.
fn check(args: &Snippet) -> Result<()> {
    use SnippetKind::{Compose, Dask, Devcontainer, Docker, JupyterServer, K8s, Ray, Slurm, Spark};
    let refuse = |given: bool, option: &str, kinds: &[SnippetKind], of: &str| match given
        && !kinds.contains(&args.kind)
    {
        true => Err(Error::usage(format!("{option} is for {of}"))),
        false => Ok(()),
    };
    let elsewhere = [Docker, Compose, Devcontainer, Dask, Ray, Spark, Slurm, K8s];
    refuse(!args.scopes.is_empty(), "--scopes", &elsewhere, "clusters and containers")?;
    refuse(args.acting_as.is_some(), "--as", &elsewhere, "clusters and containers")?;
    let files = [Docker, Compose, Devcontainer, Spark, Slurm];
    refuse(args.file.is_some(), "--file", &files, "docker, compose, devcontainer, spark and slurm")?;
    refuse(args.no_shared_home, "--no-shared-home", &[Slurm], "slurm")?;
    refuse(args.systemd, "--systemd", &[JupyterServer], "jupyter-server")?;
    let whole = [Docker, Compose, Devcontainer, K8s];
    let others = "docker, compose, devcontainer and k8s: other workers get access tokens alone, and never the refresh token";
    refuse(args.whole, "--whole", &whole, others)
}
