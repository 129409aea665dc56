//! What a refusal of BigQuery's means: the role, scope or API that is missing, and who can help.

use crate::doctor::check::target::Target;
use crate::doctor::finding::{Finding, FindingCode};
use crate::oauth::Denied;
use crate::oauth::scopes;

/// What BigQuery was asked, and by which account.
pub(crate) struct CheckRequest {
    /// What the user wants to read.
    pub(crate) target: Target,
    /// The project that the job would run in.
    pub(crate) job_project: String,
    /// The account that asked.
    pub(crate) account: Option<String>,
    /// The scopes that were granted to the credential, as far as they are known.
    pub(crate) scopes: Vec<String>,
    /// The command that signs in again.
    pub(crate) login: String,
    /// The commands that add the scope for BigQuery.
    pub(crate) with_bigquery: String,
    /// The commands that add the scope for Drive.
    pub(crate) with_drive: String,
}

impl CheckRequest {
    /// What is missing, by BigQuery's refusal.
    pub(crate) fn missing(&self, denied: &Denied) -> Finding {
        self.quota_project(denied)
            .or_else(|| self.api_or_scope(denied))
            .or_else(|| self.permission(denied))
            .unwrap_or_else(|| self.other(denied))
    }

    /// The table is stored where BigQuery needs another scope.
    pub(crate) fn no_drive_scope(&self) -> Finding {
        Finding::new(
            FindingCode::NoDriveScope,
            format!(
                "{} is stored in Google Drive or Sheets, and the credential has no scope to read there",
                self.target
            ),
            Some(self.with_drive.clone()),
        )
    }

    fn no_bigquery_scope(&self) -> Finding {
        let granted = match self.scopes.as_slice() {
            [] => String::new(),
            scopes => format!(", only {}", scopes::short_list(scopes)),
        };
        Finding::new(
            FindingCode::NoBigqueryScope,
            format!("the scope for BigQuery was not granted to this credential{granted}"),
            Some(self.with_bigquery.clone()),
        )
    }

    fn role(&self, permission: &'static str, what: String, project: &str, role: &str) -> Finding {
        let account = self.account.as_deref().unwrap_or("ACCOUNT");
        let kind = if account.ends_with(".gserviceaccount.com") { "serviceAccount" } else { "user" };
        Finding::new(
            FindingCode::Permission(permission),
            format!("{what}; the role {role} includes that, and an administrator of {project} can grant it"),
            Some(format!(
                "gcloud projects add-iam-policy-binding {project} --member={kind}:{account} --role={role}"
            )),
        )
    }

    fn quota_project(&self, denied: &Denied) -> Option<Finding> {
        let is_it =
            denied.reason == "USER_PROJECT_DENIED" || denied.message.contains("serviceusage.services.use");
        let project = denied.consumer.as_deref().unwrap_or("PROJECT");
        is_it.then(|| {
            self.role(
                "serviceusage.services.use",
                format!("{project} is set as the quota project, and you may not use it"),
                project,
                "roles/serviceusage.serviceUsageConsumer",
            )
        })
    }

    fn api_or_scope(&self, denied: &Denied) -> Option<Finding> {
        let says = |words: &str| denied.message.contains(words);
        match denied.reason.as_str() {
            "SERVICE_DISABLED" | "accessNotConfigured" => {
                let project = denied.consumer.as_deref().unwrap_or(&self.job_project);
                Some(Finding::new(
                    FindingCode::ApiDisabled,
                    format!("the BigQuery API is not enabled in {project}"),
                    Some(format!("gcloud services enable bigquery.googleapis.com --project={project}")),
                ))
            }
            "vpcServiceControls" | "SECURITY_POLICY_VIOLATED" => Some(Finding::new(
                FindingCode::VpcServiceControls,
                "the organisation blocks requests from this network (VPC Service Controls)",
                None,
            )),
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => Some(self.no_bigquery_scope()),
            _ if says("insufficient authentication scopes") => Some(self.no_bigquery_scope()),
            _ if says("Drive credentials") => Some(self.no_drive_scope()),
            _ => None,
        }
    }

    fn permission(&self, denied: &Denied) -> Option<Finding> {
        let says = |words: &str| denied.message.contains(words);
        if says("bigquery.jobs.create") {
            return Some(self.role(
                "bigquery.jobs.create",
                format!("you may not run queries in {} (bigquery.jobs.create)", self.job_project),
                &self.job_project,
                "roles/bigquery.jobUser",
            ));
        }
        let permission = [
            ("bigquery.tables.getData", "bigquery.tables.getData"),
            ("permission to query table", "bigquery.tables.getData"),
            ("bigquery.tables.get", "bigquery.tables.get"),
            ("bigquery.datasets.get", "bigquery.datasets.get"),
        ]
        .into_iter()
        .find_map(|(words, permission)| says(words).then_some(permission))?;
        Some(self.role(
            permission,
            format!("you may not read {}, or it does not exist ({permission})", self.target),
            &self.target.project,
            "roles/bigquery.dataViewer",
        ))
    }

    fn other(&self, denied: &Denied) -> Finding {
        let project = &self.job_project;
        let (code, what) = match (denied.status, denied.reason.as_str()) {
            (401, _) => (FindingCode::Refused, "BigQuery does not accept the access token".to_owned()),
            (404, _) if denied.message.contains("Not found: Project") => (
                FindingCode::ProjectNotFound,
                format!("there is no project {project}, or you may not see it"),
            ),
            (404, _) => {
                (FindingCode::NotFound, format!("{} does not exist, or not in this location", self.target))
            }
            (_, "billingNotEnabled") => {
                (FindingCode::Billing, format!("{project} has no billing account, which this query needs"))
            }
            (_, "quotaExceeded" | "rateLimitExceeded") => {
                (FindingCode::Quota, format!("{project} has used up a quota of BigQuery"))
            }
            (status, reason) => {
                (FindingCode::Denied, format!("BigQuery refused ({status}, {})", printable(reason)))
            }
        };
        let fix = (code == FindingCode::Refused).then(|| self.login.clone());
        Finding::new(code, what, fix)
    }
}

/// A reason code of Google's, if it is one.
fn printable(reason: &str) -> &str {
    let plain = !reason.is_empty()
        && reason.len() <= 60
        && reason.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain { reason } else { "without a reason" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(status: u16, reason: &str, message: &str) -> (&'static str, String) {
        let request = CheckRequest {
            target: Target::parse("shared.sales.orders").unwrap(),
            job_project: "p1".to_owned(),
            account: Some("ada@example.com".to_owned()),
            scopes: Vec::new(),
            login: "bqcred login".to_owned(),
            with_bigquery: "bqcred login".to_owned(),
            with_drive: "bqcred login --scopes drive".to_owned(),
        };
        let denied =
            Denied { status, reason: reason.to_owned(), message: message.to_owned(), consumer: None };
        let finding = request.missing(&denied);
        (finding.code.name(), finding.what)
    }

    #[test]
    fn a_refusal_names_what_is_missing() {
        for (status, reason, message, code) in [
            (403, "accessDenied", "… bigquery.jobs.create permission in project p1.", "bigquery.jobs.create"),
            (
                403,
                "accessDenied",
                "User does not have permission to query table x",
                "bigquery.tables.getData",
            ),
            (403, "forbidden", "… the serviceusage.services.use permission", "serviceusage.services.use"),
            (403, "accessNotConfigured", "", "api_disabled"),
            (
                403,
                "insufficientPermissions",
                "Request had insufficient authentication scopes.",
                "no_bigquery_scope",
            ),
            (403, "accessDenied", "Permission denied while getting Drive credentials.", "no_drive_scope"),
            (403, "vpcServiceControls", "", "vpc_service_controls"),
            (403, "billingNotEnabled", "", "billing"),
            (403, "quotaExceeded", "", "quota"),
            (404, "notFound", "Not found: Project p9", "project_not_found"),
            (404, "notFound", "Not found: Table x", "not_found"),
            (401, "authError", "", "refused"),
            (400, "invalidQuery", "", "denied"),
        ] {
            assert_eq!(missing(status, reason, message).0, code, "{reason} {message}");
        }
    }

    #[test]
    fn a_message_of_googles_is_not_repeated() {
        let (_, what) = missing(400, "ya29.canary with blanks", "ya29.canary");
        assert!(!what.contains("canary"), "{what}");
    }
}
