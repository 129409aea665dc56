//! Code for a cell: it makes a running kernel use a profile.

use crate::app::App;
use crate::credential::profile_name::ProfileName;
use crate::handover::variables;
use crate::jupyter::kernelspec::json::quote;

/// What the code of [`switch_python`] begins with. The wheel's magic uses the same.
const KERNEL: &str = include_str!("../../python/bqcred/_kernel.py");

/// The code that a Python kernel runs, but nobody reads, after what was `said`: `who` says as whom it then runs.
pub(crate) fn switch_python(vars: &[(String, String)], said: &str, who: &str) -> String {
    let entries: String =
        vars.iter().map(|(name, value)| format!("    {}: {},\n", quote(name), quote(value))).collect();
    format!(
        "{KERNEL}\n\nprint({}, end=\"\")\nprint(\"\\n\".join([*Kernel().run_as({{\n{entries}}}), {}]))\n",
        quote(said),
        quote(who)
    )
}

/// The code that shows in a Python kernel what was `said` and why the kernel stays as it is.
pub(crate) fn say_python(said: &str, why: &str) -> String {
    format!("print({})\n", quote(&format!("{said}{why}")))
}

/// The same for an R kernel.
pub(crate) fn say_r(said: &str, why: &str) -> String {
    format!("{CLEAR_R}cat({})\ninvisible()\n", quote(&format!("{said}{why}\n")))
}

/// The code that shows a failure in a Python kernel, and stops a notebook that runs cell by cell.
pub(crate) fn fail_python(said: &str) -> String {
    format!("{KERNEL}\n\nraise BqcredError({}) from None\n", quote(said.trim_end()))
}

/// In R, where the kernel can't ask without showing what is typed, the output of the cell has the answer.
const CLEAR_R: &str = "if (!exists(\"getPass\", mode = \"function\")) {\n  \
    try(IRdisplay::clear_output(wait = FALSE), silent = TRUE)\n  \
    cat(\"What you pasted was shown here. It is used up and removed: save the notebook now.\\n\")\n}\n";

/// The same for an R kernel.
pub(crate) fn switch_r(
    app: &App,
    profile: &ProfileName,
    vars: &[(String, String)],
    said: &str,
    who: &str,
) -> String {
    let code = r(app, profile, vars);
    let text = quote(&format!("{said}{who}\n"));
    format!("local({{\n{CLEAR_R}{code}cat({text})\n}})\ninvisible()\n")
}

/// The same for an R kernel.
pub(crate) fn fail_r(said: &str) -> String {
    format!("{CLEAR_R}stop({}, call. = FALSE)\n", quote(said.trim_end()))
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

/// Sets the environment of the running process, and replaces the credential and the project that `%%bigquery` and
/// pandas-gbq keep from their first use. What another profile left is removed first. A JSON string is a Python literal.
pub(crate) fn python(app: &App, profile: &ProfileName, vars: &[(String, String)]) -> String {
    let entries: String =
        vars.iter().map(|(name, value)| format!("    {}: {},\n", quote(name), quote(value))).collect();
    let project = vars.iter().find(|(name, _)| name == variables::PROJECT);
    let project = project.map_or("None".to_owned(), |(_, project)| quote(project));
    let removal = python_removal(app, profile, vars);
    format!(
        "import os, sys\n\
         {removal}\
         os.environ.update({{\n{entries}}})\n\
         for _name in (\"bigquery_magics\", \"google.cloud.bigquery.magics.magics\", \"pandas_gbq\"):\n    \
         if _name in sys.modules:\n        import google.auth\n        \
         sys.modules[_name].context.credentials = google.auth.default()[0]\n        \
         sys.modules[_name].context.project = {project}\n"
    )
}

/// Removes from a process of Python what another profile left.
pub(crate) fn python_removal(app: &App, profile: &ProfileName, vars: &[(String, String)]) -> String {
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
pub(crate) fn r(app: &App, profile: &ProfileName, vars: &[(String, String)]) -> String {
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
