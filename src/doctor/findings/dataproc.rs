//! Variables of Dataproc's Spark Connect client, which choose the identity of its sessions. They are called
//! `DATAPROC_SPARK_CONNECT_…`, and `MANAGED_SPARK_CONNECT_…` in the client's next name.

use crate::doctor::facts::Facts;
use crate::doctor::finding::{Finding, FindingCode};

/// Of which product a variable is, by the beginning of its name.
const PREFIXES: [&str; 2] = ["DATAPROC_", "MANAGED_SPARK_CONNECT_"];
/// The rest of the names that choose the identity.
const ACCOUNT: [&str; 2] =
    ["DATAPROC_SPARK_CONNECT_SERVICE_ACCOUNT", "MANAGED_SPARK_CONNECT_SERVICE_ACCOUNT"];
const AUTH_TYPE: [&str; 2] = ["DATAPROC_SPARK_CONNECT_AUTH_TYPE", "MANAGED_SPARK_CONNECT_AUTH_TYPE"];

/// Whom its sessions run as.
pub(super) fn of(facts: &Facts) -> Vec<Finding> {
    let environment = &facts.environment;
    let Some(any) = environment.first_with_prefix(&PREFIXES) else { return Vec::new() };
    let filled = |names: [&'static str; 2]| {
        names.into_iter().find_map(|name| environment.text(name).map(|value| (name, value)))
    };
    let (what, fix) = match (filled(ACCOUNT), filled(AUTH_TYPE)) {
        (Some((name, account)), _) => (
            format!(
                "Dataproc's sessions run as the service account {account}, because of {name}, and not as you"
            ),
            Some(format!("unset {name}")),
        ),
        (None, Some((name, value))) if value == "SERVICE_ACCOUNT" => (
            format!("Dataproc's sessions run as a service account, because of {name}, and not as you"),
            Some(format!("export {name}=END_USER_CREDENTIALS")),
        ),
        (None, Some((name, value))) => {
            (format!("Dataproc's sessions run as who creates them ({name}={value})"), None)
        }
        (None, None) => (
            format!(
                "{any} is set: what runs on Dataproc has an identity of its own, which nothing here decides; \
                 SELECT SESSION_USER() shows it there"
            ),
            None,
        ),
    };
    vec![Finding::new(FindingCode::Dataproc, what, fix)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(variables: &[(&str, &str)]) -> Option<String> {
        of(&Facts::made_up(variables, &[], None)).pop().map(|finding| finding.what)
    }

    #[test]
    fn a_service_account_wins_and_is_said() {
        let account = ("DATAPROC_SPARK_CONNECT_SERVICE_ACCOUNT", "sa@p.iam.gserviceaccount.com");
        let user = ("DATAPROC_SPARK_CONNECT_AUTH_TYPE", "END_USER_CREDENTIALS");
        assert!(
            what(&[account, user]).unwrap().contains("service account sa@p.iam.gserviceaccount.com, because")
        );
        assert!(what(&[user]).unwrap().contains("run as who creates them"));
        let service = ("MANAGED_SPARK_CONNECT_AUTH_TYPE", "SERVICE_ACCOUNT");
        assert!(what(&[service]).unwrap().contains("run as a service account"));
        assert!(
            what(&[("DATAPROC_IMAGE_VERSION", "2.2")]).unwrap().starts_with("DATAPROC_IMAGE_VERSION is set")
        );
        assert_eq!(what(&[("SPARK_HOME", "/x")]), None);
    }
}
