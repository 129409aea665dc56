//! Whether the person may query a project, a dataset, a table: asked of BigQuery itself by a dry run,
//! which reads nothing and costs nothing. A refusal is told as the role, scope or API that is missing.

use super::findings::{Finding, has_drive};
use super::surroundings::Surroundings;
use crate::app::App;
use crate::credential::AuthorizedUser;
use crate::environment::{PROJECT, QUOTA_PROJECT};
use crate::error::{Error, Result};
use crate::google::{BigQuery, Denied, Failure};
use crate::refresh;
use crate::scopes;

/// A project, a dataset or a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    project: String,
    dataset: Option<String>,
    table: Option<String>,
}

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

impl Target {
    /// `PROJECT[.DATASET[.TABLE]]`, and `PROJECT:DATASET.TABLE` as bq writes it.
    pub(crate) fn parse(text: &str) -> Result<Target, String> {
        let text = text.trim_matches('`');
        // a project of an old organisation has its domain in front: example.com:project
        let (domain, rest) = match text.split_once(':') {
            Some((domain, rest)) if domain.contains('.') => (Some(domain), rest),
            _ => (None, text),
        };
        let mut parts = rest.splitn(3, ['.', ':']).map(str::to_owned);
        let name = parts.next().unwrap_or_default();
        let target = Target {
            project: domain.map_or(name.clone(), |domain| format!("{domain}:{name}")),
            dataset: parts.next(),
            table: parts.next(),
        };
        let plain = |text: &str, more: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || more.contains(c))
        };
        let good = plain(&target.project, "-:.")
            && target.dataset.as_deref().is_none_or(|name| plain(name, "_-"))
            && target.table.as_deref().is_none_or(|name| plain(name, "_- *$.@"));
        if good {
            Ok(target)
        } else {
            Err("it has to be PROJECT, PROJECT.DATASET or PROJECT.DATASET.TABLE".to_owned())
        }
    }

    fn named(&self) -> String {
        [Some(&self.project), self.dataset.as_ref(), self.table.as_ref()]
            .into_iter()
            .flatten()
            .cloned()
            .collect::<Vec<_>>()
            .join(".")
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.named())
    }
}

/// Asks BigQuery, as the current profile.
pub(crate) fn check(app: &App, s: &Surroundings, target: Target) -> Result<Checked> {
    let mut loaded = app.load()?;
    let told = app.login_command(&loaded.name);
    let told = |failure: Failure| failure.into_error(&told);
    let token = refresh::access_token(app, &mut loaded, 60).map_err(told)?;
    let job_project = job_project(s, &target, loaded.profile.project.as_deref());
    let bigquery = BigQuery::new(&token.token, quota_project(s, &loaded.credential));
    let mut checked = Checked {
        job_project: job_project.clone(),
        account: loaded.profile.account.clone(),
        bytes: None,
        missing: Vec::new(),
        target,
    };
    let asking = Asking { bigquery, login: app.login_command(&loaded.name), scopes: &loaded.profile.scopes };
    asking.ask(&mut checked, &job_project).map_err(|transport| told(Failure::Unreachable(transport)))?;
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

struct Asking<'a> {
    bigquery: BigQuery<'a>,
    login: String,
    scopes: &'a [String],
}

impl Asking<'_> {
    fn ask(&self, checked: &mut Checked, job_project: &str) -> Result<(), crate::google::Transport> {
        let target = checked.target.clone();
        let sql = match (&target.dataset, &target.table) {
            (Some(dataset), Some(table)) => {
                format!("SELECT * FROM `{}.{dataset}.{table}`", target.project)
            }
            _ => "SELECT 1".to_owned(),
        };
        match self.bigquery.dry_run(job_project, &sql)? {
            Ok(bytes) => checked.bytes = target.table.is_some().then_some(bytes),
            Err(denied) => {
                checked.missing.push(self.told(&denied, &target, job_project, checked.account.as_deref()));
                return Ok(());
            }
        }
        match (&target.dataset, &target.table) {
            (Some(dataset), Some(table)) => {
                let sheet = self.bigquery.lies_in_drive(&target.project, dataset, table)?;
                if sheet == Ok(true) && !self.scopes.is_empty() && !has_drive(self.scopes) {
                    checked.missing.push(self.no_drive(&target));
                }
            }
            (Some(dataset), None) => {
                if let Err(denied) = self.bigquery.dataset(&target.project, dataset)? {
                    let finding = self.told(&denied, &target, job_project, checked.account.as_deref());
                    checked.missing.push(finding);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn no_drive(&self, target: &Target) -> Finding {
        Finding::new(
            "drive_scope",
            format!("{target} lies in Google Drive or Sheets, which this credential may not read"),
            Some(format!("{} --scopes drive", self.login)),
        )
    }

    /// What a refusal means, and what helps.
    fn told(&self, denied: &Denied, target: &Target, job_project: &str, account: Option<&str>) -> Finding {
        let grant = |project: &str, role: &str| {
            let who = account.unwrap_or("ACCOUNT");
            format!("gcloud projects add-iam-policy-binding {project} --member=user:{who} --role={role}")
        };
        let role = |code, what: String, project: &str, role: &str| {
            Finding::new(
                code,
                format!("{what}; the role {role} gives that, and an administrator of {project} can grant it"),
                Some(grant(project, role)),
            )
        };
        let says = |words: &str| denied.message.contains(words);
        let reason = denied.reason.as_str();
        if reason == "USER_PROJECT_DENIED" || says("serviceusage.services.use") {
            let project = denied.consumer.as_deref().unwrap_or("the quota project");
            return role(
                "serviceusage.services.use",
                format!("{project} is set as quota project, and you may not use it"),
                project,
                "roles/serviceusage.serviceUsageConsumer",
            );
        }
        if matches!(reason, "SERVICE_DISABLED" | "accessNotConfigured") {
            let project = denied.consumer.as_deref().unwrap_or(job_project);
            return Finding::new(
                "api_disabled",
                format!("the BigQuery API is not enabled in {project}"),
                Some(format!("gcloud services enable bigquery.googleapis.com --project={project}")),
            );
        }
        if reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT" || says("insufficient authentication scopes") {
            return Finding::new(
                "scope",
                format!(
                    "BigQuery was not granted to this credential, only {}",
                    scopes::short_list(self.scopes)
                ),
                Some(self.login.clone()),
            );
        }
        if says("Drive credentials") {
            return self.no_drive(target);
        }
        if says("bigquery.jobs.create") {
            return role(
                "bigquery.jobs.create",
                format!("you may not run queries in {job_project}"),
                job_project,
                "roles/bigquery.jobUser",
            );
        }
        if matches!(reason, "vpcServiceControls" | "SECURITY_POLICY_VIOLATED") {
            return Finding::new(
                "vpc_service_controls",
                "the organisation lets nobody in from this network (VPC Service Controls)",
                None,
            );
        }
        if says("bigquery.datasets.get") || says("bigquery.tables.get") || says("permission to query table") {
            return role(
                "bigquery.tables.getData",
                format!("you may not read {target}, or it does not exist"),
                &target.project,
                "roles/bigquery.dataViewer",
            );
        }
        self.rest(denied, target, job_project)
    }

    fn rest(&self, denied: &Denied, target: &Target, job_project: &str) -> Finding {
        let (code, what) = match (denied.status, denied.reason.as_str()) {
            (401, _) => ("refused", "BigQuery does not accept the access token".to_owned()),
            (404, _) if denied.message.contains("Not found: Project") => {
                ("project_not_found", format!("there is no project {job_project}, or you may not see it"))
            }
            (404, _) => ("not_found", format!("{target} does not exist, or not in this location")),
            (_, "billingNotEnabled") => {
                ("billing", format!("{job_project} has no billing account, which this query needs"))
            }
            (_, "quotaExceeded" | "rateLimitExceeded") => {
                ("quota", format!("{job_project} has used up a quota of BigQuery"))
            }
            (status, reason) => ("denied", format!("BigQuery refused ({status} {})", word(reason))),
        };
        let fix = (code == "refused").then(|| self.login.clone());
        Finding::new(code, what, fix)
    }
}

/// A word of Google's, if it is one.
fn word(reason: &str) -> &str {
    let plain = !reason.is_empty()
        && reason.len() <= 60
        && reason.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain { reason } else { "without a reason" }
}

/// Says why the check could not be made offline.
pub(crate) fn needs_network() -> Error {
    Error::usage("--check asks BigQuery, and --offline forbids that").hint("leave one of them out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_in_every_spelling() {
        let read = |text: &str| Target::parse(text).map(|target| target.to_string());
        for (text, name) in [
            ("p1", "p1"),
            ("p1.d", "p1.d"),
            ("p1.d.t", "p1.d.t"),
            ("p1:d.t", "p1.d.t"),
            ("`p1.d.t_2024*`", "p1.d.t_2024*"),
            ("example.com:p1.d.t", "example.com:p1.d.t"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(name), "{text}");
        }
        for bad in ["", "p1.", "p1..t", "p1.d.t`; DROP", "p1.d.", "p 1", "p1.d\\.t"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
