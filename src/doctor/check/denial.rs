//! What a refusal of BigQuery's means: the role, scope or API that is missing, and who can help.

use crate::doctor::check::target::Target;
use crate::doctor::finding::Finding;
use crate::oauth::Denied;
use crate::oauth::scopes;

/// What was asked, for the words.
pub(crate) struct Refusals<'c> {
    /// What was to be read.
    pub(crate) target: &'c Target,
    /// Where the job would run.
    pub(crate) job_project: &'c str,
    /// As whom.
    pub(crate) account: Option<&'c str>,
    /// What was granted to the credential, as far as it is known.
    pub(crate) scopes: &'c [String],
    /// The command that signs in again.
    pub(crate) login: String,
}

impl Refusals<'_> {
    /// The refusal in words.
    pub(crate) fn told(&self, denied: &Denied) -> Finding {
        self.quota_project(denied)
            .or_else(|| self.api_or_scope(denied))
            .or_else(|| self.permission(denied))
            .unwrap_or_else(|| self.rest(denied))
    }

    /// The table lies where BigQuery needs another scope.
    pub(crate) fn no_drive(&self) -> Finding {
        Finding::new(
            "drive_scope",
            format!("{} lies in Google Drive or Sheets, which this credential may not read", self.target),
            Some(format!("{} --scopes drive", self.login)),
        )
    }

    fn role(&self, permission: &'static str, what: String, project: &str, role: &str) -> Finding {
        let who = self.account.unwrap_or("ACCOUNT");
        Finding::new(
            permission,
            format!("{what}; the role {role} gives that, and an administrator of {project} can grant it"),
            Some(format!(
                "gcloud projects add-iam-policy-binding {project} --member=user:{who} --role={role}"
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
                format!("{project} is set as quota project, and you may not use it"),
                project,
                "roles/serviceusage.serviceUsageConsumer",
            )
        })
    }

    fn api_or_scope(&self, denied: &Denied) -> Option<Finding> {
        let says = |words: &str| denied.message.contains(words);
        match denied.reason.as_str() {
            "SERVICE_DISABLED" | "accessNotConfigured" => {
                let project = denied.consumer.as_deref().unwrap_or(self.job_project);
                Some(Finding::new(
                    "api_disabled",
                    format!("the BigQuery API is not enabled in {project}"),
                    Some(format!("gcloud services enable bigquery.googleapis.com --project={project}")),
                ))
            }
            "vpcServiceControls" | "SECURITY_POLICY_VIOLATED" => Some(Finding::new(
                "vpc_service_controls",
                "the organisation lets nobody in from this network (VPC Service Controls)",
                None,
            )),
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => Some(self.no_bigquery()),
            _ if says("insufficient authentication scopes") => Some(self.no_bigquery()),
            _ if says("Drive credentials") => Some(self.no_drive()),
            _ => None,
        }
    }

    fn no_bigquery(&self) -> Finding {
        let granted = match self.scopes {
            [] => String::new(),
            scopes => format!(", only {}", scopes::short_list(scopes)),
        };
        Finding::new(
            "scope",
            format!("BigQuery was not granted to this credential{granted}"),
            Some(self.login.clone()),
        )
    }

    fn permission(&self, denied: &Denied) -> Option<Finding> {
        let says = |words: &str| denied.message.contains(words);
        if says("bigquery.jobs.create") {
            return Some(self.role(
                "bigquery.jobs.create",
                format!("you may not run queries in {} (bigquery.jobs.create)", self.job_project),
                self.job_project,
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

    fn rest(&self, denied: &Denied) -> Finding {
        let project = self.job_project;
        let (code, what) = match (denied.status, denied.reason.as_str()) {
            (401, _) => ("refused", "BigQuery does not accept the access token".to_owned()),
            (404, _) if denied.message.contains("Not found: Project") => {
                ("project_not_found", format!("there is no project {project}, or you may not see it"))
            }
            (404, _) => ("not_found", format!("{} does not exist, or not in this location", self.target)),
            (_, "billingNotEnabled") => {
                ("billing", format!("{project} has no billing account, which this query needs"))
            }
            (_, "quotaExceeded" | "rateLimitExceeded") => {
                ("quota", format!("{project} has used up a quota of BigQuery"))
            }
            (status, reason) => ("denied", format!("BigQuery refused ({status}, {})", word(reason))),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, reason: &str, message: &str) -> (&'static str, String) {
        let target = Target::parse("shared.sales.orders").unwrap_or_else(|problem| panic!("{problem}"));
        let refusals = Refusals {
            target: &target,
            job_project: "p1",
            account: Some("ada@example.com"),
            scopes: &[],
            login: "bqcred login".to_owned(),
        };
        let denied =
            Denied { status, reason: reason.to_owned(), message: message.to_owned(), consumer: None };
        let finding = refusals.told(&denied);
        (finding.code, finding.what)
    }

    #[test]
    fn googles_words_become_what_is_missing() {
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
            (403, "insufficientPermissions", "Request had insufficient authentication scopes.", "scope"),
            (403, "accessDenied", "Permission denied while getting Drive credentials.", "drive_scope"),
            (403, "vpcServiceControls", "", "vpc_service_controls"),
            (403, "billingNotEnabled", "", "billing"),
            (403, "quotaExceeded", "", "quota"),
            (404, "notFound", "Not found: Project p9", "project_not_found"),
            (404, "notFound", "Not found: Table x", "not_found"),
            (401, "authError", "", "refused"),
            (400, "invalidQuery", "", "denied"),
        ] {
            assert_eq!(told(status, reason, message).0, code, "{reason} {message}");
        }
    }

    #[test]
    fn what_google_says_is_not_repeated() {
        let (_, what) = told(400, "ya29.canary with blanks", "ya29.canary");
        assert!(!what.contains("canary"), "{what}");
    }
}
