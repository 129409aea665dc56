//! `bqcred snippet`: what to paste where no kernelspec is read, or a kernel runs already.

use crate::app::App;
use crate::cli::{Snippet, SnippetKind};
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::handover::format::{self, Format};
use crate::handover::variables::{self, VariableSet};
use crate::jupyter::changes::kernel_profile::{lasting_variables, utf8};
use crate::jupyter::kernelspec::json::quote;
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};

/// Where a container finds the profile's folder. The folder is mounted, not the file: a new credential
/// is a new file, and a mounted file would stay the old one.
const IN_CONTAINER: &str = "/run/bqcred";

pub(crate) fn run(args: &Snippet, app: &App) -> Result<Output> {
    let (name, profile) = app.profile()?;
    let vars = lasting_variables(app, &name, &profile)?;
    let text = match args.kind {
        SnippetKind::Python => python(&vars),
        SnippetKind::R => r(&vars),
        SnippetKind::Renviron => assignments(app, &name, &profile, Format::Renviron)?,
        SnippetKind::IpythonStartup => {
            format!(
                "# Printed by `bqcred snippet ipython-startup`: BigQuery with profile {name}\n{}",
                python(&vars)
            )
        }
        SnippetKind::Vscode => assignments(app, &name, &profile, Format::Dotenv)?,
        SnippetKind::Jupyterhub => jupyterhub(app, &name, &vars)?,
        SnippetKind::Docker => docker(app, &name, &vars)?,
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

/// Lines of a file of variables.
fn assignments(app: &App, name: &ProfileName, profile: &Profile, format: Format) -> Result<String> {
    let extent = VariableSet { guard: true, gcloud: false };
    let changes = variables::set(name, profile, &app.paths.adc(name), extent);
    let bytes = format::format(format, &changes)?;
    String::from_utf8(bytes)
        .map_err(|_| Error::usage("a value that is not UTF-8 can't be written to this file"))
}

/// Sets the environment of the running process, and replaces the credential and the project that `%%bigquery` keeps
/// from its first use. A JSON string is a Python literal.
fn python(vars: &[(String, String)]) -> String {
    let entries: String =
        vars.iter().map(|(name, value)| format!("    {}: {},\n", quote(name), quote(value))).collect();
    let project = vars.iter().find(|(name, _)| name == variables::PROJECT);
    let project = project.map_or(String::new(), |(_, project)| {
        format!("        sys.modules[_name].context.project = {}\n", quote(project))
    });
    format!(
        "import os, sys\nos.environ.update({{\n{entries}}})\n\
         for _name in (\"bigquery_magics\", \"google.cloud.bigquery.magics.magics\"):\n    \
         if _name in sys.modules:\n        import google.auth\n        \
         sys.modules[_name].context.credentials = google.auth.default()[0]\n{project}"
    )
}

/// The same for R, where bigrquery keeps its token. A JSON string is also an R literal.
fn r(vars: &[(String, String)]) -> String {
    let entries: Vec<String> =
        vars.iter().map(|(name, value)| format!("  {name} = {}", quote(value))).collect();
    format!(
        "Sys.setenv(\n{}\n)\nif (isNamespaceLoaded(\"bigrquery\")) {{\n  bigrquery::bq_deauth()\n  bigrquery::bq_auth()\n}}\n",
        entries.join(",\n")
    )
}

/// For the administrator: each user's own file in that user's home directory. The project is the user's choice and
/// left out.
fn jupyterhub(app: &App, name: &ProfileName, vars: &[(String, String)]) -> Result<String> {
    let adc = app.paths.adc(name);
    let below = adc.strip_prefix(&app.paths.home).map_err(|_| {
        Error::other(format!(
            "{} is not in your home directory, so the path in other users' home directories is unknown",
            adc.display()
        ))
    })?;
    let below = utf8(below)?;
    let personal = [variables::ADC, variables::PROJECT, variables::QUOTA_PROJECT];
    let fixed = vars.iter().filter(|(name, _)| !personal.contains(&name.as_str()));
    let fixed: String =
        fixed.map(|(name, value)| format!("    {}: {},\n", quote(name), quote(value))).collect();
    Ok(format!(
        "import os.path\n\n\n\
         def _bqcred_file(spawner):\n    \
             if hasattr(spawner, \"user_env\"):  # servers on the hub's machine\n        \
                 home = spawner.user_env({{}}).get(\"HOME\", \"/\")\n    \
             else:\n        \
                 home = os.path.expanduser(\"~\" + spawner.user.name)\n        \
                 if home.startswith(\"~\"):  # containers: the home folder in their image\n            \
                     home = \"/home/jovyan\"\n    \
             return os.path.join(home, {})\n\n\n\
         c.Spawner.environment.update({{\n    {}: _bqcred_file,\n{fixed}}})\n\
         # Python needs a project, too; if all users have the same one:\n\
         # c.Spawner.environment[{}] = \"my-project\"\n",
        quote(&below),
        quote(variables::ADC),
        quote(variables::PROJECT)
    ))
}

fn docker(app: &App, name: &ProfileName, vars: &[(String, String)]) -> Result<String> {
    let folder = utf8(&app.paths.profile(name))?;
    let mut options = vec![format!("--mount type=bind,source={folder},target={IN_CONTAINER},readonly")];
    for (name, value) in vars {
        let value = if name == variables::ADC { format!("{IN_CONTAINER}/adc.json") } else { value.clone() };
        options.push(format!("--env {name}={value}"));
    }
    // docker splits --mount at commas, and a shell splits at spaces
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=,@+ ".contains(c);
    let odd = options.iter().find(|option| !option.chars().all(plain));
    if odd.is_some() || folder.contains([',', ' ']) {
        return Err(Error::usage("a path or value has a character that is not safe in a `docker run` line")
            .hint("`bqcred env --format json` gives the values to a program"));
    }
    Ok(options.join(" \\\n") + "\n")
}
