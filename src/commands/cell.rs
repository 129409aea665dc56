//! What a notebook's cell gets from the second step of a sign-in: code that shows what the command has to say, and makes
//! the kernel run as the user.

use crate::app::App;
use crate::cli::CellLanguage;
use crate::credential::profile_name::ProfileName;
use crate::handover::ready;
use crate::handover::variables::VariableSet;
use crate::jupyter::cell;
use crate::jupyter::changes::kernel_profile::lasting_variables;
use crate::output::error::Result;
use crate::output::ui::{self, Output};

/// Runs `finish`. What it has to say, its failure too, becomes part of the code: a cell shows stderr in red, or not at
/// all.
pub(super) fn run(
    language: CellLanguage,
    app: &App,
    name: &ProfileName,
    finish: impl FnOnce() -> Result<Output>,
) -> Output {
    let (result, said) = ui::collected(|| {
        finish().and_then(|_| switch(language, app, name)).map_err(|error| ui::fail(&error))
    });
    match (result, language) {
        (Ok((vars, who)), CellLanguage::Python) => Output::text(cell::switch_python(&vars, &said, &who)),
        (Ok((vars, who)), CellLanguage::R) => Output::text(cell::switch_r(app, name, &vars, &said, &who)),
        (Err(code), CellLanguage::Python) => Output::text(cell::fail_python(&said)).with_code(code),
        (Err(code), CellLanguage::R) => Output::text(cell::fail_r(&said)).with_code(code),
    }
}

/// The variables for the kernel, and as whom it then runs.
fn switch(language: CellLanguage, app: &App, name: &ProfileName) -> Result<(Vec<(String, String)>, String)> {
    let (name, profile) = app.stored_profile(name.clone())?;
    let ready = ready::for_programs(app, name, profile)?;
    let vars = lasting_variables(ready.variables(VariableSet { guard: true, gcloud: false }))?;
    let about_r = ready.about_r_kernels(app).filter(|_| matches!(language, CellLanguage::R));
    ui::show(ready.notes);
    if let Some(about_r) = about_r {
        ui::note(&about_r);
        let who = format!("this notebook now has profile {}, and no credential that R finds", ready.name);
        return Ok((vars, who));
    }
    let project = ready.profile.project.as_ref().map(|project| format!(" (project {project})"));
    let account = ready.profile.who();
    Ok((vars, format!("this notebook now runs as {account}{}", project.unwrap_or_default())))
}
