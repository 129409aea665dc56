//! What a notebook's cell gets from the second step of a sign-in: code that shows what the command has to say, and makes
//! the kernel run as the user.

use crate::app::App;
use crate::cli::CellLanguage;
use crate::credential::profile_name::ProfileName;
use crate::handover::broker::inside::Inside;
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
    let (vars, who) = match (result, language) {
        (Ok(KernelAfter::Switched { vars, who }), _) => (vars, who),
        (Ok(KernelAfter::Unchanged(why)), CellLanguage::Python) => {
            return Output::text(cell::say_python(&said, &why));
        }
        (Ok(KernelAfter::Unchanged(why)), CellLanguage::R) => return Output::text(cell::say_r(&said, &why)),
        (Err(code), CellLanguage::Python) => return Output::text(cell::fail_python(&said)).with_code(code),
        (Err(code), CellLanguage::R) => return Output::text(cell::fail_r(&said)).with_code(code),
    };
    Output::text(match language {
        CellLanguage::Python => cell::switch_python(&vars, &said, &who),
        CellLanguage::R => cell::switch_r(app, name, &vars, &said, &who),
    })
}

/// What a sign-in makes of the kernel.
enum KernelAfter {
    /// It gets these variables; as whom it then runs.
    Switched { vars: Vec<(String, String)>, who: String },
    /// It stays as `exec --token-only` started it; why.
    Unchanged(String),
}

fn switch(language: CellLanguage, app: &App, name: &ProfileName) -> Result<KernelAfter> {
    let (name, profile) = app.stored_profile(name.clone())?;
    if let Some(why) = Inside::here().and_then(|inside| inside.keeps(app, &name, &profile)) {
        return Ok(KernelAfter::Unchanged(why));
    }
    let ready = ready::for_programs(app, name, profile)?;
    let vars = lasting_variables(ready.variables(VariableSet { guard: true, gcloud: false }))?;
    let about_r = ready.about_r_kernels(app).filter(|_| matches!(language, CellLanguage::R));
    let account = ready.who();
    ui::show(ready.notes);
    if let Some(about_r) = about_r {
        ui::note(&about_r);
        let who = format!("this notebook now has profile {}, and no credential that R finds", ready.name);
        return Ok(KernelAfter::Switched { vars, who });
    }
    let project = ready.profile.project.as_ref().map(|project| format!(" (project {project})"));
    let who = format!("this notebook now runs as {account}{}", project.unwrap_or_default());
    Ok(KernelAfter::Switched { vars, who })
}
