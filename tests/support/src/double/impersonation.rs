//! The IAM Service Account Credentials API: tokens of service accounts that a user may impersonate.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::authorize::full_name;
use super::request::Request;
use super::response::Response;
use super::world::{World, lock};
use super::{bigquery, federation};

/// Who may act as whom.
#[derive(Default)]
pub struct Impersonation {
    /// Service accounts that exist; until there is one, everybody may act as every service account.
    pub accounts: BTreeSet<String>,
    /// User and service account.
    pub allowed: BTreeSet<(String, String)>,
    /// The API is not enabled.
    pub disabled: bool,
}

/// Answers `generateAccessToken`.
pub fn answer(world: &World, request: &Request) -> Response {
    let refuse = |status, reason: &str, message: &str| {
        let name = if status == 404 { "NOT_FOUND" } else { "PERMISSION_DENIED" };
        bigquery::error_with_reason(status, name, reason, message, "iamcredentials.googleapis.com")
    };
    if lock(&world.impersonation).accounts.is_empty() {
        return federation::impersonate(world, request);
    }
    let name = request.path.rsplit('/').next().and_then(|end| end.strip_suffix(":generateAccessToken"));
    let account = name.unwrap_or_default().to_owned();
    let token = match bigquery::caller(world, request, &["cloud-platform", "iam"]) {
        Ok(token) => token,
        Err(refused) => return *refused,
    };
    let known = lock(&world.impersonation);
    if known.disabled {
        return refuse(403, "SERVICE_DISABLED", "IAM Service Account Credentials API has not been used");
    }
    if !known.accounts.contains(&account) {
        return refuse(404, "", "Not found; Gaia id not found for email");
    }
    if !known.allowed.contains(&(token.account.clone(), account.clone())) {
        let message =
            "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).";
        return refuse(403, "IAM_PERMISSION_DENIED", message);
    }
    let body = request.json();
    let scopes = body["scope"].as_array().cloned().unwrap_or_default();
    let scopes: Vec<String> = scopes.iter().filter_map(|scope| scope.as_str()).map(full_name).collect();
    let lifetime = body["lifetime"].as_str().and_then(|text| text.strip_suffix('s')?.parse().ok());
    let (Some(lifetime), false) =
        (lifetime.filter(|seconds| (1..=3600).contains(seconds)), scopes.is_empty())
    else {
        world.unexpected(format!("generateAccessToken with {body}"));
        return bigquery::error(
            400,
            "INVALID_ARGUMENT",
            "badRequest",
            "Request contains an invalid argument.",
        );
    };
    let now = world.now();
    let lifetime = Duration::from_secs(lifetime);
    let token = lock(&world.grants).issue_access(&account, "impersonated", &scopes, now, lifetime);
    let expires = humantime::format_rfc3339_seconds(now + lifetime).to_string();
    Response::json(200, &json!({"accessToken": token, "expireTime": expires}))
}
