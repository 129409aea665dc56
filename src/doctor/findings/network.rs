//! What can keep the libraries from Google: the network, certificates, the clock.

use crate::doctor::facts::Facts;
use crate::doctor::finding::{Finding, FindingCode};
use crate::oauth::Failure;
use crate::output::shell_word::shell_word;

/// Tokens are refused when the clock is off by more than a few minutes; in seconds.
const CLOCK_TOLERANCE: i64 = 120;

/// Google could not be asked.
pub(super) fn google_unreachable(facts: &Facts) -> Vec<Finding> {
    let finding = |transport| {
        let error = Failure::Unreachable(transport).into_error("");
        let hint = error.hint_text().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let what = format!("Google could not be asked whether credentials are valid: {}{hint}", error.what());
        Finding::new(FindingCode::Unreachable, what, None)
    };
    facts.validities.unreachable().map(finding).into_iter().collect()
}

/// Certificate files that the environment names and that do not exist, or that not every library reads.
pub(super) fn certificates(facts: &Facts) -> Vec<Finding> {
    let readers = [
        ("SSL_CERT_FILE", "Go and bqcred"),
        ("REQUESTS_CA_BUNDLE", "Python"),
        ("CURL_CA_BUNDLE", "Python"),
        ("NODE_EXTRA_CA_CERTS", "Node.js"),
    ];
    let mut found = Vec::new();
    for (name, readers) in readers {
        if let Some(path) = facts.environment.path(name).filter(|path| !facts.exists(path)) {
            let what = format!(
                "{name} names {}, which does not exist: {readers} can't reach Google",
                path.display()
            );
            found.push(Finding::new(FindingCode::NoCertificates, what, Some(format!("unset {name}"))));
        }
    }
    if let Some(path) = facts.environment.text("SSL_CERT_FILE")
        && facts.environment.filled("REQUESTS_CA_BUNDLE").is_none()
    {
        let what = "SSL_CERT_FILE is set, but Python's requests reads REQUESTS_CA_BUNDLE";
        let fix = format!("export REQUESTS_CA_BUNDLE={}", shell_word(path.as_ref()));
        found.push(Finding::new(FindingCode::CertificatesDiffer, what, Some(fix)));
    }
    found
}

/// This machine's clock is wrong.
pub(super) fn clock(facts: &Facts) -> Vec<Finding> {
    let offset = facts.validities.clock_offset().filter(|offset| offset.abs() > CLOCK_TOLERANCE);
    let finding = |offset: i64| {
        let direction = if offset > 0 { "behind" } else { "ahead of" };
        let what = format!(
            "this machine's clock is {} s {direction} Google's: access tokens expire at the wrong time",
            offset.abs()
        );
        Finding::new(FindingCode::Clock, what, Some("timedatectl set-ntp true".to_owned()))
    };
    offset.map(finding).into_iter().collect()
}
