//! `bqcred snippet`: what to paste where no kernelspec is read, or a kernel runs already.

mod containers;
mod notebooks;

use crate::app::App;
use crate::cli::{Snippet, SnippetKind};
use crate::handover::format::Format;
use crate::handover::ready;
use crate::handover::variables::{self, VariableSet};
use crate::jupyter::cell;
use crate::jupyter::changes::kernel_profile::lasting_variables;
use crate::output::error::Result;
use crate::output::ui::{self, Output};

pub(crate) fn run(args: &Snippet, app: &App) -> Result<Output> {
    let (name, profile) = app.profile()?;
    let mut ready = ready::for_good(app, name, profile)?;
    ui::show(std::mem::take(&mut ready.notes));
    let (name, profile, adc) = (&ready.name, &ready.profile, &ready.adc);
    let set = variables::set(name, profile, adc, VariableSet { guard: true, gcloud: false });
    let text = match args.kind {
        SnippetKind::Python => cell::python(app, name, &lasting_variables(set)?),
        SnippetKind::R => cell::r(app, name, &lasting_variables(set)?),
        SnippetKind::IpythonStartup => {
            format!(
                "# Printed by `bqcred snippet ipython-startup`: BigQuery with profile {name}\n{}",
                cell::python(app, name, &lasting_variables(set)?)
            )
        }
        SnippetKind::Renviron => notebooks::assignments(app, &ready, Format::Renviron)?,
        SnippetKind::Vscode => notebooks::assignments(app, &ready, Format::Dotenv)?,
        SnippetKind::Jupyterhub => notebooks::jupyterhub(app, name, &lasting_variables(set)?)?,
        SnippetKind::Docker => containers::docker(app, name, &lasting_variables(set)?)?,
    };
    ui::note(usage(args.kind));
    Ok(Output::text(text))
}

/// Where a snippet goes, and what to do then.
fn usage(kind: SnippetKind) -> &'static str {
    match kind {
        SnippetKind::Python | SnippetKind::R => {
            "paste this into a cell; BigQuery clients that exist already have to be created again"
        }
        SnippetKind::Renviron => "add this to ~/.Renviron, then restart the kernel",
        SnippetKind::IpythonStartup => {
            "save this as ~/.ipython/profile_default/startup/50-bqcred.py, then restart the kernel"
        }
        SnippetKind::Vscode => "add this to the .env file of the workspace, then restart the kernel",
        SnippetKind::Jupyterhub => {
            "add this to jupyterhub_config.py, then restart the hub and each server; every user signs in once with `bqcred login` in a terminal"
        }
        SnippetKind::Docker => {
            "add these options to `docker run`; the container's user needs your user id to read the credential: --user \"$(id -u)\""
        }
    }
}
