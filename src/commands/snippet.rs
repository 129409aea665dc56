//! `bqcred kernel snippet`: what to paste where kernelspecs can't be changed, or a kernel runs already.

use crate::app::App;
use crate::cli::{KernelSnippet, SnippetKind};
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::handover::format::{self, Format};
use crate::handover::variables::{self, Extent};
use crate::jupyter::kernelspec::json::quote;
use crate::output::error::{Error, Result};
use crate::output::ui::{self, Output};

use crate::jupyter::changes::kernel_profile as words;

/// Where a container finds the profile's folder. The folder and not the file is mounted: a new
/// credential is a new file, and a mounted file would stay the old one.
const IN_CONTAINER: &str = "/run/bqcred";

pub(crate) fn run(args: &KernelSnippet, app: &App) -> Result<Output> {
    let (name, profile) = app.profile()?;
    let vars = words::variables(app, &name, &profile)?;
    let text = match args.lang {
        SnippetKind::Python => python(&vars),
        SnippetKind::IpythonStartup => {
            format!("# Made by `bqcred kernel snippet`: BigQuery as profile {name}\n{}", python(&vars))
        }
        SnippetKind::R => r(&vars),
        SnippetKind::Renviron => {
            return file(
                app,
                &name,
                &profile,
                Format::Renviron,
                "~/.Renviron; restarting a kernel is enough",
            );
        }
        SnippetKind::Vscode => {
            return file(
                app,
                &name,
                &profile,
                Format::Dotenv,
                "the .env file of the workspace, then restart the kernel",
            );
        }
        SnippetKind::Jupyterhub => jupyterhub(app, &name, &vars)?,
        SnippetKind::Docker => docker(app, &name, &vars)?,
    };
    ui::note(match args.lang {
        SnippetKind::Python | SnippetKind::R => {
            "paste this into a cell; clients that exist already have to be made anew"
        }
        SnippetKind::IpythonStartup => {
            "keep this as ~/.ipython/profile_default/startup/50-bqcred.py; restarting a kernel is enough"
        }
        SnippetKind::Jupyterhub => {
            "for jupyterhub_config.py; restart the hub and then each server. Each person logs in once, with `bqcred login` in a terminal of theirs"
        }
        _ => {
            "options of `docker run`; the container's user needs your user id to read the credential: --user \"$(id -u)\""
        }
    });
    Ok(Output::text(text))
}

fn file(app: &App, name: &ProfileName, profile: &Profile, format: Format, place: &str) -> Result<Output> {
    words::variables(app, name, profile)?; // refuses a profile that is kept in no file
    let extent = Extent { guard: true, gcloud: false };
    let changes = variables::set(name, profile, &app.paths.adc(name), extent);
    let bytes = format::format(format, &changes)?;
    ui::note(&format!("add this to {place}"));
    Ok(Output::bytes(bytes))
}

/// Sets the environment of the running process, and mends what `%%bigquery` keeps of an earlier
/// credential. A JSON string is a Python literal.
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

/// The same for R, where bigrquery keeps its token. A JSON string is an R literal, too.
fn r(vars: &[(String, String)]) -> String {
    let entries: Vec<String> =
        vars.iter().map(|(name, value)| format!("  {name} = {}", quote(value))).collect();
    format!(
        "Sys.setenv(\n{}\n)\nif (isNamespaceLoaded(\"bigrquery\")) {{\n  bigrquery::bq_deauth()\n  bigrquery::bq_auth()\n}}\n",
        entries.join(",\n")
    )
}

/// For the administrator: everybody's own file, below everybody's own home. The project is a person's
/// choice and left out.
fn jupyterhub(app: &App, name: &ProfileName, vars: &[(String, String)]) -> Result<String> {
    let adc = app.paths.adc(name);
    let below = adc.strip_prefix(&app.paths.home).map_err(|_| {
        Error::other(format!(
            "{} is not below your home directory, so the place of other people's can't be told",
            adc.display()
        ))
    })?;
    let below = words::text(below)?;
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
         # Python wants a project, too; if everybody has the same one:\n\
         # c.Spawner.environment[{}] = \"my-project\"\n",
        quote(&below),
        quote(variables::ADC),
        quote(variables::PROJECT)
    ))
}

fn docker(app: &App, name: &ProfileName, vars: &[(String, String)]) -> Result<String> {
    let folder = words::text(&app.paths.profile(name))?;
    let mut options = vec![format!("--mount type=bind,source={folder},target={IN_CONTAINER},readonly")];
    for (name, value) in vars {
        let value = if name == variables::ADC { format!("{IN_CONTAINER}/adc.json") } else { value.clone() };
        options.push(format!("--env {name}={value}"));
    }
    // docker splits --mount at commas, and a shell splits at blanks
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=,@+ ".contains(c);
    let odd = options.iter().find(|option| !option.chars().all(plain));
    if odd.is_some() || folder.contains([',', ' ']) {
        return Err(Error::usage(
            "a path or value holds a character that a `docker run` line can't carry safely",
        )
        .hint("`bqcred env --format json` gives the values to a program"));
    }
    Ok(options.join(" \\\n") + "\n")
}
