//! Revocation, tokeninfo and userinfo.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::grants::{self, Token};
use super::request::Request;
use super::response::Response;
use super::script::refusal;
use super::world::{World, lock};

const EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";

/// `POST` with the token in the body; in the query it works too, but is a leak (see [`super::leaks`]).
pub fn revoke(world: &World, request: &Request) -> Response {
    if request.method != "POST" {
        world.unexpected(format!("{} at the revocation endpoint", request.method));
        return Response::html(404, "Not Found");
    }
    if !request.body.is_empty() && !request.is_form() {
        world.unexpected("a revocation that is not a form".to_owned());
    }
    let Some(text) = request.field("token").or_else(|| request.param("token")) else {
        return refusal("invalid_request", None, Some("Required parameter is missing: token"));
    };
    let now = world.now();
    let mut grants = lock(&world.grants);
    let found = grants.refresh.iter().chain(&grants.access).find(|token| token.text == text).cloned();
    match found {
        Some(token) if token.is_valid(now) => {
            grants.end_grant(&token.account, grants::cloud_project(&token.client));
            Response::json(200, &json!({}))
        }
        _ => refusal("invalid_token", None, Some("Token expired or revoked")),
    }
}

/// Describes an access token given in a POST form, in `Authorization`, or (which is a leak) in the query.
pub fn tokeninfo(world: &World, request: &Request) -> Response {
    if request.method != "POST" && request.method != "GET" {
        world.unexpected(format!("{} at tokeninfo", request.method));
        return Response::html(404, "Not Found");
    }
    let named = request.field("access_token").or_else(|| request.param("access_token"));
    let Some(text) = named.or_else(|| request.bearer().map(str::to_owned)) else {
        return refusal(
            "invalid_request",
            None,
            Some("either access_token, id_token, or token_handle required"),
        );
    };
    let now = world.now();
    match lock(&world.grants).valid_access(&text, now) {
        Some(token) => Response::json(200, &describe(world, token, now)),
        None => refusal("invalid_token", None, Some("Invalid Value")),
    }
}

fn describe(world: &World, token: &Token, now: SystemTime) -> Value {
    let left = token.ends.and_then(|ends| ends.duration_since(now).ok()).unwrap_or_default().as_secs();
    let mut value = json!({
        "azp": token.client,
        "aud": token.client,
        "sub": grants::subject(&token.account),
        "scope": token.scopes.join(" "),
        "exp": (world.clock_seconds() + left).to_string(),
        "expires_in": left.to_string(),
        "access_type": "offline",
    });
    if token.scopes.iter().any(|scope| scope == EMAIL) || token.account.ends_with(".gserviceaccount.com") {
        value["email"] = lock(&world.settings).claimed_email.as_deref().unwrap_or(&token.account).into();
        value["email_verified"] = "true".into();
    }
    value
}

/// The account, for tokens with the scope for it.
pub fn userinfo(world: &World, request: &Request) -> Response {
    let now = world.now();
    let grants = lock(&world.grants);
    let token = request.bearer().and_then(|text| grants.valid_access(text, now));
    let Some(token) =
        token.filter(|token| token.scopes.iter().any(|s| s == EMAIL || s.ends_with("/cloud-platform")))
    else {
        let error = json!({"error": "invalid_request", "error_description": "Invalid Credentials"});
        return Response::json(401, &error).with(
            "WWW-Authenticate",
            "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_request\"",
        );
    };
    let id = grants::subject(&token.account);
    Response::json(
        200,
        &json!({"sub": id, "id": id, "email": token.account, "email_verified": true, "verified_email": true}),
    )
}
