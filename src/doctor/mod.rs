//! `bqcred doctor`: which identity each library here would use, why, and what to do about it. No library is run; their
//! rules are known.
//!
//! - [`facts`]: what the libraries look at, gathered once
//! - [`rules`]: what each library makes of that, one file a library
//! - [`prediction`]: what a rule says
//! - [`servers`]: which identity the plugins of running Jupyter servers use
//! - [`findings`]: what else is worth knowing
//! - [`check`]: `--check`, the question to BigQuery
//! - [`report`]: how all that is shown

mod check;
mod facts;
mod finding;
mod findings;
mod prediction;
mod report;
mod rules;
mod servers;

pub(crate) use check::target::Target;
pub(crate) use prediction::library::Library;
pub(crate) use report::DoctorReport;
pub(crate) use rules::{LIBRARIES, named};

use std::path::PathBuf;

use crate::app::App;
use crate::system::env;
use facts::Facts;
use facts::bigqueryrc::BigQueryRc;

/// What the doctor is asked.
pub(crate) struct Question {
    /// The libraries to look at; empty for all.
    pub(crate) libraries: Vec<&'static Library>,
    /// What to ask BigQuery about.
    pub(crate) check: Option<Target>,
    /// Neither Google nor a metadata server is asked.
    pub(crate) offline: bool,
}

/// What `env --gcloud` should say of bq's own settings, which gcloud's variables don't change; `None` if nothing.
pub(crate) fn bigqueryrc_warning(app: &App) -> Option<String> {
    let folder = std::env::current_dir().unwrap_or_default();
    let named = env::get("BIGQUERYRC").filter(|path| !path.is_empty()).map(PathBuf::from);
    BigQueryRc::read(named, &app.paths.home, &folder).map(|file| file.describe())
}

/// Looks at everything, and says what it found.
pub(crate) fn examine(app: &App, question: Question) -> DoctorReport {
    let mut facts = Facts::gather(app, question.offline);
    let predictions = rules::predict(&facts, &question.libraries);
    let check = question.check.map(|target| check::check(app, &facts, target));
    let is_selection = !question.libraries.is_empty();
    let servers = if is_selection { Vec::new() } else { servers::predict(&mut facts) };
    let findings = findings::of(&facts, &predictions);
    DoctorReport::new(&facts, predictions, servers, findings, check, is_selection)
}
