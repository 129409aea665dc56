//! TLS with a client certificate, which variables ask for: of the metadata server, and of BigQuery.

use std::path::{Path, PathBuf};

use crate::doctor::facts::Facts;
use crate::doctor::facts::credential_file::Content;
use crate::doctor::facts::json::{self, Json, JsonParser};
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::problem::LibraryProblem;
use crate::doctor::prediction::steps::Steps;

/// Where a Google VM has the certificates of its metadata server.
const CERTIFICATES: &str = "/run/google-mds-mtls";
const MODE: &str = "GCE_METADATA_MTLS_MODE";

/// Why the metadata server is not asked: where the mode is strict, it is asked over TLS with the VM's certificate, and
/// without that certificate it is an error, on a VM or not (`google/auth/compute_engine/_mtls.py`).
pub(super) fn of_metadata(facts: &Facts, steps: &mut Steps) -> Option<LibraryIdentity> {
    let mode = facts.environment.get(MODE)?.to_string_lossy().to_lowercase();
    let has_certificates =
        || ["root.crt", "client.key"].iter().all(|name| facts.exists(&Path::new(CERTIFICATES).join(name)));
    let what = match mode.as_str() {
        "none" | "default" => return None,
        "strict" if has_certificates() => return None,
        "strict" => format!("{MODE} is strict, and {CERTIFICATES} has no certificate"),
        _ => format!("{MODE} has a value that the library does not know"),
    };
    Some(steps.decided(what, LibraryIdentity::Fails(LibraryProblem::StrictMtls)))
}

/// What google-cloud-bigquery does about it, which the credential has no part in
/// (`google/auth/transport/_mtls_helper.py`, `google/cloud/_http`).
pub(super) fn of_bigquery(facts: &Facts, steps: &mut Steps, config_folder: &Path) {
    let environment = &facts.environment;
    if environment.get("GOOGLE_API_USE_MTLS_ENDPOINT").is_some_and(|value| value == "always") {
        steps.note(
            "GOOGLE_API_USE_MTLS_ENDPOINT is always: google-cloud-bigquery asks bigquery.mtls.googleapis.com, which \
             wants a client certificate",
        );
    }
    let wanted = ["GOOGLE_API_USE_CLIENT_CERTIFICATE", "CLOUDSDK_CONTEXT_AWARE_USE_CLIENT_CERTIFICATE"];
    let wanted = wanted.iter().find_map(|name| environment.text(name));
    if !wanted.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return;
    }
    let named = ["GOOGLE_API_CERTIFICATE_CONFIG", "CLOUDSDK_CONTEXT_AWARE_CERTIFICATE_CONFIG_FILE_PATH"];
    let named = named.iter().find_map(|name| environment.path(name));
    let config = named.unwrap_or_else(|| config_folder.join("certificate_config.json"));
    let config = match config.strip_prefix("~") {
        Ok(rest) => facts.home.of_python().join(rest),
        Err(_) => config,
    };
    if let Some(problem) = problem(facts, &config) {
        steps.note(format!(
            "a client certificate is asked for, and {} {problem}: google-cloud-bigquery fails on that",
            config.display()
        ));
    }
}

/// What is wrong with a configuration of certificates. That there is none is not wrong.
fn problem(facts: &Facts, config: &Path) -> Option<&'static str> {
    let content = facts.content(config);
    let bytes = match &*content {
        Content::Missing => return None,
        Content::NotAFile | Content::Unreadable => return Some("can't be read"),
        Content::Bytes(bytes, _) => bytes,
    };
    let Ok(json) = json::parse(bytes, JsonParser::Python) else { return Some("is not JSON") };
    let configs = json.members().and_then(|members| members.get("cert_configs")).and_then(Json::members);
    let Some(configs) = configs else { return Some("has no cert_configs") };
    let workload = configs.get("workload")?.members();
    let path = |key: &str| workload.and_then(|workload| workload.text(key)).map(PathBuf::from);
    let (Some(certificate), Some(key)) = (path("cert_path"), path("key_path")) else {
        return Some("lacks cert_path or key_path");
    };
    let holds = |path: &Path, label: &[u8]| match &*facts.content(path) {
        Content::Bytes(bytes, _) => bytes.windows(label.len()).any(|part| part == label),
        _ => false,
    };
    let is_good = holds(&certificate, b"-----BEGIN CERTIFICATE-----") && holds(&key, b"PRIVATE KEY-----");
    (!is_good).then_some("names a certificate or a key that can't be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(variables: &[(&str, &str)], files: &[(&str, &str)]) -> Vec<String> {
        let facts = Facts::made_up(variables, files, None);
        let mut steps = Steps::default();
        of_bigquery(&facts, &mut steps, Path::new("/g"));
        steps.notes
    }

    const WANTED: (&str, &str) = ("GOOGLE_API_USE_CLIENT_CERTIFICATE", "True");
    const CONFIG: &str = r#"{"cert_configs":{"workload":{"cert_path":"/c","key_path":"/k"}}}"#;

    #[test]
    fn a_certificate_that_is_wanted_and_not_there_is_mentioned() {
        let config = ("/g/certificate_config.json", CONFIG);
        let certificate = ("/c", "-----BEGIN CERTIFICATE-----\nx");
        let key = ("/k", "-----BEGIN PRIVATE KEY-----\nx");
        assert_eq!(notes(&[WANTED], &[config]).len(), 1);
        assert_eq!(notes(&[WANTED], &[config, certificate, key]), [""; 0]);
        assert_eq!(notes(&[WANTED], &[]), [""; 0]);
        assert_eq!(notes(&[], &[config]), [""; 0]);
        for broken in ["{", "[]", r#"{"cert_configs":{"workload":{}}}"#] {
            assert_eq!(notes(&[WANTED], &[("/g/certificate_config.json", broken)]).len(), 1, "{broken}");
        }
        assert_eq!(notes(&[("GOOGLE_API_USE_MTLS_ENDPOINT", "always")], &[]).len(), 1);
    }

    #[test]
    fn the_metadata_server_is_not_asked_where_its_certificate_is_wanted_and_not_there() {
        let problem = |mode: &str| {
            let facts = Facts::made_up(&[(MODE, mode)], &[], Some("vm@p.iam.gserviceaccount.com"));
            of_metadata(&facts, &mut Steps::default()).map(|identity| identity.kind())
        };
        assert_eq!(
            ["none", "Default", "strict", "on", ""].map(problem),
            [None, None, Some("error"), Some("error"), Some("error")]
        );
    }
}
