//! Identities that are not of Google accounts: the exchange of other providers' tokens (STS), and tokens of service
//! accounts for those who may impersonate them.

use std::time::Duration;

use serde_json::json;

use super::authorize::full_name;
use super::request::Request;
use super::response::Response;
use super::world::{World, lock};

/// Who an exchanged token is.
const PRINCIPAL: &str = "principal://iam.googleapis.com/locations/global/workforcePools/pool/subject/dana";
/// What a refresh token of another provider begins with.
pub const FEDERATED: &str = "federated-";
const LIFE: Duration = Duration::from_secs(3600);

/// Answers at `sts.googleapis.com`: any subject token is good, and every refresh token that begins with [`FEDERATED`].
pub fn exchange(world: &World, request: &Request) -> Response {
    let good = match request.field("grant_type").as_deref() {
        Some("refresh_token") => {
            request.field("refresh_token").is_some_and(|token| token.starts_with(FEDERATED))
        }
        Some("urn:ietf:params:oauth:grant-type:token-exchange") => {
            request.field("subject_token").is_some_and(|token| !token.is_empty())
        }
        _ => false,
    };
    if !good {
        return Response::json(400, &json!({"error": "invalid_grant"}));
    }
    let token = issue(world, PRINCIPAL);
    Response::json(
        200,
        &json!({
            "access_token": token, "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "Bearer", "expires_in": LIFE.as_secs(),
        }),
    )
}

/// Answers `…/serviceAccounts/NAME:generateAccessToken`: whoever has a valid token may impersonate everybody.
pub fn impersonate(world: &World, request: &Request) -> Response {
    let name = request.path.rsplit('/').next().and_then(|last| last.split(':').next()).unwrap_or_default();
    if request.identity.is_none() {
        return Response::json(401, &json!({"error": {"code": 401, "status": "UNAUTHENTICATED"}}));
    }
    let token = issue(world, name);
    Response::json(200, &json!({"accessToken": token, "expireTime": "2099-01-01T00:00:00Z"}))
}

fn issue(world: &World, account: &str) -> String {
    let scopes: Vec<String> = ["bigquery", "cloud-platform"].map(full_name).into();
    lock(&world.grants).issue_access(account, "no client", &scopes, world.now(), LIFE)
}
