//! Code and settings for notebooks: cells of running kernels, start-up files, a workspace of VS Code, a hub.

use super::Pasted;
use crate::app::App;
use crate::cli::SnippetKind;
use crate::credential::profile_name::ProfileName;
use crate::handover::format::{self, Format};
use crate::handover::ready::{self, Ready};
use crate::handover::variables::{self, Inherited, VariableSet};
use crate::jupyter::changes::kernel_profile::{lasting_variables, utf8};
use crate::jupyter::kernelspec::json::quote;
use crate::output::error::{Error, Result};
use crate::system::env;

pub(super) fn snippet(kind: SnippetKind, app: &App) -> Result<Pasted> {
    let (name, profile) = app.profile()?;
    let mut ready = ready::for_good(app, name, profile)?;
    let mut advice = std::mem::take(&mut ready.notes);
    let (name, profile, adc) = (&ready.name, &ready.profile, &ready.adc);
    let set = variables::set(name, profile, adc, VariableSet { guard: true, gcloud: false });
    let text = match kind {
        SnippetKind::R => r(app, name, &lasting_variables(set)?),
        SnippetKind::IpythonStartup => {
            format!(
                "# Printed by `bqcred snippet ipython-startup`: BigQuery with profile {name}\n{}",
                python(app, name, &lasting_variables(set)?)
            )
        }
        SnippetKind::Renviron => assignments(app, &ready, Format::Renviron)?,
        SnippetKind::Vscode => assignments(app, &ready, Format::Dotenv)?,
        SnippetKind::Jupyterhub => jupyterhub(app, name, &lasting_variables(set)?)?,
        _ => python(app, name, &lasting_variables(set)?),
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
        .map_err(|_| Error::usage("a value that is not UTF-8 can't be written to this file"))
}

/// The variables that another profile may have left in the process, and that `vars` don't set: bqcred's, and gcloud's.
fn leftovers(vars: &[(String, String)]) -> [Vec<String>; 2] {
    let missing = |name: &&str| !vars.iter().any(|(set, _)| set == name);
    let all: Vec<&str> = variables::leftovers(true).filter(missing).collect();
    let (gcloud, own): (Vec<&str>, Vec<&str>) = all.iter().partition(|name| variables::GCLOUD.contains(name));
    [own, gcloud].map(|names| names.into_iter().map(quote).collect())
}

/// The folders that bqcred keeps credential files in, as literals.
fn folders(app: &App) -> Vec<String> {
    let folders = [Some(&app.paths.data), app.paths.runtime.as_ref()].into_iter().flatten();
    folders.filter_map(|folder| folder.to_str()).map(quote).collect()
}

/// Sets the environment of the running process, and replaces the credential and the project that `%%bigquery` keeps
/// from its first use. What another profile left is removed first. A JSON string is a Python literal.
fn python(app: &App, profile: &ProfileName, vars: &[(String, String)]) -> String {
    let entries: String =
        vars.iter().map(|(name, value)| format!("    {}: {},\n", quote(name), quote(value))).collect();
    let project = vars.iter().find(|(name, _)| name == variables::PROJECT);
    let project = project.map_or("None".to_owned(), |(_, project)| quote(project));
    let removal = python_removal(app, profile, vars);
    format!(
        "import os, sys\n\
         {removal}\
         os.environ.update({{\n{entries}}})\n\
         for _name in (\"bigquery_magics\", \"google.cloud.bigquery.magics.magics\"):\n    \
         if _name in sys.modules:\n        import google.auth\n        \
         sys.modules[_name].context.credentials = google.auth.default()[0]\n        \
         sys.modules[_name].context.project = {project}\n"
    )
}

/// Removes from the running process what another profile left.
pub(super) fn python_removal(app: &App, profile: &ProfileName, vars: &[(String, String)]) -> String {
    let [own, gcloud] = leftovers(vars).map(|names| names.join(", "));
    let (folders, profile) = (folders(app).join(", "), quote(profile.as_str()));
    let [variable, file] = [variables::PROFILE, variables::GCLOUD[0]].map(quote);
    format!(
        "if os.environ.get({variable}, {profile}) != {profile}:\n    \
             _names = [{own}]\n    \
             if os.environ.get({file}, \"\").startswith(({folders},)):\n        \
                 _names += [{gcloud}]\n    \
             for _name in _names:\n        \
                 os.environ.pop(_name, None)\n"
    )
}

/// The same for R, where bigrquery keeps its token. A JSON string is also an R literal.
fn r(app: &App, profile: &ProfileName, vars: &[(String, String)]) -> String {
    let entries: Vec<String> =
        vars.iter().map(|(name, value)| format!("  {name} = {}", quote(value))).collect();
    let [own, gcloud] = leftovers(vars).map(|names| names.join(", "));
    let (folders, profile) = (folders(app).join(", "), quote(profile.as_str()));
    let [variable, file] = [variables::PROFILE, variables::GCLOUD[0]].map(quote);
    format!(
        "if (Sys.getenv({variable}, {profile}) != {profile}) {{\n  \
           Sys.unsetenv(c({own}))\n  \
           if (any(startsWith(Sys.getenv({file}), c({folders})))) Sys.unsetenv(c({gcloud}))\n}}\n\
         Sys.setenv(\n{}\n)\nif (isNamespaceLoaded(\"bigrquery\")) {{\n  bigrquery::bq_deauth()\n  bigrquery::bq_auth()\n}}\n",
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
