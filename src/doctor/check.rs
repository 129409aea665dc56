//! Whether the person may query a project, a dataset, a table: asked of BigQuery itself by a dry run,
//! which reads nothing and costs nothing. A refusal is told as the role, scope or API that is missing.

use super::finding::Finding;
use super::findings::has_drive;
use super::refusal::Refusals;
use super::surroundings::Surroundings;
use super::target::Target;
use crate::app::App;
use crate::credential::adc::AuthorizedUser;
use crate::handover::variables::{PROJECT, QUOTA_PROJECT};
use crate::lifecycle::refresh;
use crate::oauth::{BigQuery, Failure, Transport};
use crate::output::error::{Error, Result};

/// What the check came to.
#[derive(Debug)]
pub(crate) struct Checked {
    /// What was asked for.
    pub(crate) target: Target,
    /// The project that the job would run in.
    pub(crate) job_project: String,
    /// As whom it was asked.
    pub(crate) account: Option<String>,
    /// How many bytes a query of the whole table would read, where one was named.
    pub(crate) bytes: Option<u64>,
    /// What is missing; empty: nothing.
    pub(crate) missing: Vec<Finding>,
}

/// Asks BigQuery, as the current profile.
pub(crate) fn check(app: &App, s: &Surroundings, target: Target) -> Result<Checked> {
    let mut loaded = app.load()?;
    let told = app.login_command(&loaded.name);
    let told = |failure: Failure| failure.into_error(&told);
    let answer = refresh::access_token(app, &mut loaded, 60);
    s.lives.add_notes(answer.notes);
    let token = answer.result.map_err(told)?;
    let bigquery = BigQuery::new(&token.token, quota_project(s, &loaded.credential));
    let mut checked = Checked {
        job_project: job_project(s, &target, loaded.profile.project.as_deref()),
        account: loaded.profile.account.clone(),
        bytes: None,
        missing: Vec::new(),
        target,
    };
    let (target, job_project) = (checked.target.clone(), checked.job_project.clone());
    let refusals = Refusals {
        target: &target,
        job_project: &job_project,
        account: loaded.profile.account.as_deref(),
        scopes: &loaded.profile.scopes,
        login: app.login_command(&loaded.name),
    };
    ask(&bigquery, &mut checked, &refusals).map_err(|transport| told(Failure::Unreachable(transport)))?;
    Ok(checked)
}

/// A job runs in the project that the libraries would take; a project that is checked by itself is
/// that project.
fn job_project(s: &Surroundings, target: &Target, profile: Option<&str>) -> String {
    let usual = s.variables.text(PROJECT).or_else(|| profile.map(str::to_owned));
    match target.dataset {
        Some(_) => usual.unwrap_or_else(|| target.project.clone()),
        None => target.project.clone(),
    }
}

/// As google-auth sends it.
fn quota_project(s: &Surroundings, credential: &AuthorizedUser) -> Option<String> {
    s.variables.text(QUOTA_PROJECT).or_else(|| credential.quota_project_id.clone())
}

fn ask(bigquery: &BigQuery<'_>, checked: &mut Checked, refusals: &Refusals<'_>) -> Result<(), Transport> {
    let Target { project, dataset, table } = &checked.target;
    let sql = match (dataset, table) {
        (Some(dataset), Some(table)) => format!("SELECT * FROM `{project}.{dataset}.{table}`"),
        _ => "SELECT 1".to_owned(),
    };
    match bigquery.dry_run(&checked.job_project, &sql)? {
        Ok(bytes) => checked.bytes = table.is_some().then_some(bytes),
        Err(denied) => {
            checked.missing.push(refusals.told(&denied));
            return Ok(());
        }
    }
    match (dataset, table) {
        // a dry run may succeed where reading the sheet would not
        (Some(dataset), Some(table)) => {
            let in_drive = bigquery.lies_in_drive(project, dataset, table)?;
            if in_drive == Ok(true) && !refusals.scopes.is_empty() && !has_drive(refusals.scopes) {
                checked.missing.push(refusals.no_drive());
            }
        }
        (Some(dataset), None) => {
            if let Err(denied) = bigquery.dataset(project, dataset)? {
                checked.missing.push(refusals.told(&denied));
            }
        }
        _ => {}
    }
    Ok(())
}

/// Says why the check could not be made offline.
pub(crate) fn needs_network() -> Error {
    Error::usage("--check asks BigQuery, and --offline forbids that").hint("leave one of them out")
}
