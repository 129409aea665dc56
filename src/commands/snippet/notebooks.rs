//! Settings for notebooks: start-up files, a workspace of VS Code, a hub.

use super::Pasted;
use crate::app::App;
use crate::cli::SnippetKind;
use crate::credential::profile_name::ProfileName;
use crate::handover::format::{self, Format};
use crate::handover::ready::{self, Ready};
use crate::handover::variables::{self, Inherited, VariableSet};
use crate::jupyter::cell;
use crate::jupyter::changes::kernel_profile::{lasting_variables, utf8};
use crate::jupyter::kernelspec::json::quote;
use crate::output::error::{Error, Result};
use crate::system::env;

pub(super) fn snippet(kind: SnippetKind, app: &App) -> Result<Pasted> {
    let (name, profile) = app.profile()?;
    let mut ready = ready::for_good(app, name, profile)?;
    let mut advice = std::mem::take(&mut ready.notes);
    let about_r = match kind {
        SnippetKind::R => ready.about_r_kernels(app),
        SnippetKind::Renviron => ready.about_r(app),
        _ => None,
    };
    about_r.into_iter().for_each(|about_r| advice.add(about_r));
    let (name, profile, adc) = (&ready.name, &ready.profile, &ready.adc);
    let set = variables::set(name, profile, adc, VariableSet { guard: true, gcloud: false });
    let text = match kind {
        SnippetKind::R => cell::r(app, name, &lasting_variables(set)?),
        SnippetKind::IpythonStartup => {
            format!(
                "# Printed by `bqcred snippet ipython-startup`: BigQuery with profile {name}\n{}",
                cell::python(app, name, &lasting_variables(set)?)
            )
        }
        SnippetKind::Renviron => assignments(app, &ready, Format::Renviron)?,
        SnippetKind::Vscode => assignments(app, &ready, Format::Dotenv)?,
        SnippetKind::Jupyterhub => jupyterhub(app, name, &lasting_variables(set)?)?,
        _ => cell::python(app, name, &lasting_variables(set)?),
    };
    advice.add(usage(kind));
    Ok(Pasted { text, advice })
}

/// Where a snippet goes, and what to do then.
fn usage(kind: SnippetKind) -> &'static str {
    match kind {
        SnippetKind::Renviron => "add this to ~/.Renviron, then restart the kernel",
        SnippetKind::IpythonStartup => {
            "save this as ~/.ipython/profile_default/startup/50-bqcred.py, then restart the kernel"
        }
        SnippetKind::Vscode => "add this to the .env file of the workspace, then restart the kernel",
        SnippetKind::Jupyterhub => {
            "add this to jupyterhub_config.py, then restart the hub and each server; every user signs in once with `bqcred login` in a terminal"
        }
        _ => "paste this into a cell; BigQuery clients that exist already have to be created again",
    }
}

/// Lines of a file of variables, which can't remove any.
fn assignments(app: &App, ready: &Ready, format: Format) -> Result<String> {
    let inherited = Inherited::of(&app.paths, &env::all());
    let changes = variables::set_for_good(&ready.name, &ready.profile, &ready.adc, &inherited);
    let bytes = format::format(format, &changes)?;
    String::from_utf8(bytes)
        .map_err(|_| Error::other("a value that is not UTF-8 can't be written to this file"))
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
