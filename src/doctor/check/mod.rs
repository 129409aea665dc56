//! `--check`: whether the user may query a project, a dataset, a table. BigQuery itself is asked, by a dry run,
//! which reads nothing and costs nothing. A refusal is shown as the role, scope or API that is missing.

pub(crate) mod denial;
pub(crate) mod target;

use crate::app::App;
use crate::credential::adc::AuthorizedUser;
use crate::credential::profile::Profile;
use crate::doctor::check::denial::CheckRequest;
use crate::doctor::check::target::Target;
use crate::doctor::facts::Facts;
use crate::doctor::facts::token_only::{HeldToken, TokenOnly};
use crate::doctor::finding::Finding;
use crate::doctor::findings::has_drive;
use crate::handover::variables::{PROJECT, QUOTA_PROJECT};
use crate::lifecycle::{program_tokens, refresh};
use crate::oauth::scopes as granted_scopes;
use crate::oauth::{BigQuery, Failure, Transport};
use crate::output::error::{Error, Kind, Result};
use crate::output::secret::Secret;
use crate::system::clock::Time;

/// The least time that an access token for the check has left, in seconds.
const MIN_TTL: u64 = 60;

/// What the check found.
#[derive(Debug)]
pub(crate) struct Checked {
    /// What was asked about.
    pub(crate) target: Target,
    /// The project that the job would run in.
    pub(crate) job_project: String,
    /// The account that asked.
    pub(crate) account: Option<String>,
    /// How many bytes a query of the whole table would read, where one was named.
    pub(crate) bytes: Option<u64>,
    /// What is missing; nothing if it is empty.
    pub(crate) missing: Vec<Finding>,
}

/// Asks BigQuery, with the current profile's credential.
pub(crate) fn check(app: &App, facts: &Facts, target: Target) -> Result<Checked> {
    let mut loaded = app.load_for_server()?;
    if let Some(host) = loaded.endpoints().foreign_host() {
        // BigQuery must not learn another server's token, and could not do anything with it
        let what = format!(
            "profile {} signs in at {host}, so its access token is not sent to BigQuery",
            loaded.name
        );
        return Err(Error::new(Kind::Other, what).hint("--check is for profiles that sign in at Google"));
    }
    let login = app.login_command(&loaded.name);
    let to_error = |failure: Failure| failure.into_error(&login);
    let token = match &facts.token_only {
        Some(program) => token_of_program(program)?,
        None => match program_tokens::of_service_account(app, &loaded) {
            Some(token) => token?.token,
            None => {
                let answer = refresh::access_token(app, &mut loaded, MIN_TTL);
                facts.validities.add_notes(answer.notes);
                answer.result.map_err(|failure| refresh::to_error(app, &loaded, failure))?.token
            }
        },
    };
    let bigquery = BigQuery::new(&token, quota_project(facts, &loaded.credential));
    let request = request(facts, &loaded.profile, target, login.clone());
    let (bytes, missing) =
        ask(&bigquery, &request).map_err(|transport| to_error(Failure::Unreachable(transport)))?;
    Ok(Checked {
        bytes,
        missing,
        target: request.target,
        job_project: request.job_project,
        account: request.account,
    })
}

/// What is asked, and which commands help if it is refused.
fn request(facts: &Facts, profile: &Profile, target: Target, login: String) -> CheckRequest {
    // a program that was narrowed may lack what the account granted
    let is_narrowed = facts.token_only.as_ref().is_some_and(|program| program.about.narrowed);
    let sign_in = |is_granted: bool, command: String| Some(command).filter(|_| !(is_narrowed && is_granted));
    let granted = &profile.scopes;
    let bigquery = sign_in(granted_scopes::allow_bigquery(granted), login.clone());
    let drive = sign_in(has_drive(granted), facts.profile.with_drive.clone());
    CheckRequest {
        job_project: job_project(facts, &target, profile.project.as_deref()),
        scopes: scopes(facts, profile),
        account: facts.profile.acting_as.clone().or(facts.profile.account.clone()),
        with_bigquery: facts.scope_line(bigquery, "bigquery"),
        with_drive: facts.scope_line(drive, "drive"),
        login,
        target,
    }
}

/// The token that libraries get in a program of `exec --token-only`.
fn token_of_program(program: &TokenOnly) -> Result<Secret> {
    match &program.token {
        HeldToken::Valid(token, _) => Ok(token.clone()),
        _ => Err(Error::new(Kind::Refused, program.describe_token(Time::now()))),
    }
}

/// The scopes of that token; none where they are not known.
fn scopes(facts: &Facts, profile: &Profile) -> Vec<String> {
    match &facts.token_only {
        Some(program) => program.about.scopes.clone(),
        // those of the user say nothing of the service account's token
        None if profile.acting_as.is_some() => Vec::new(),
        None => profile.scopes.clone(),
    }
}

/// A job runs in the project that the libraries would take; a project that is checked by itself is
/// that project.
fn job_project(facts: &Facts, target: &Target, of_profile: Option<&str>) -> String {
    let usual = facts.environment.text(PROJECT).or_else(|| of_profile.map(str::to_owned));
    match target.dataset {
        Some(_) => usual.unwrap_or_else(|| target.project.clone()),
        None => target.project.clone(),
    }
}

/// As google-auth sends it.
fn quota_project(facts: &Facts, credential: &AuthorizedUser) -> Option<String> {
    facts.environment.text(QUOTA_PROJECT).or_else(|| credential.quota_project_id.clone())
}

/// How many bytes a query would read, and what is missing.
fn ask(bigquery: &BigQuery<'_>, request: &CheckRequest) -> Result<(Option<u64>, Vec<Finding>), Transport> {
    let Target { project, dataset, table } = &request.target;
    let sql = match (dataset, table) {
        (Some(dataset), Some(table)) => format!("SELECT * FROM `{project}.{dataset}.{table}`"),
        _ => "SELECT 1".to_owned(),
    };
    let bytes = match bigquery.dry_run(&request.job_project, &sql)? {
        Ok(bytes) => table.is_some().then_some(bytes),
        Err(denied) => return Ok((None, vec![request.missing(&denied)])),
    };
    let missing = match (dataset, table) {
        // a dry run may succeed where reading the sheet would not
        (Some(dataset), Some(table)) => {
            let in_drive = bigquery.is_in_drive(project, dataset, table)?;
            let lacks_scope = !request.scopes.is_empty() && !has_drive(&request.scopes);
            (in_drive == Ok(true) && lacks_scope).then(|| request.no_drive_scope())
        }
        (Some(dataset), None) => {
            bigquery.dataset(project, dataset)?.err().map(|denied| request.missing(&denied))
        }
        _ => None,
    };
    Ok((bytes, missing.into_iter().collect()))
}
