//! The token endpoint: exchanges codes and refresh tokens for access tokens.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::authorize::full_name;
use super::grants::{self, Code, Grants};
use super::request::Request;
use super::response::Response;
use super::script::{Script, refusal};
use super::world::{World, lock};

/// The fields that each grant type allows, and whether it requires them.
const CODE_FIELDS: &[(&str, bool)] = &[
    ("grant_type", true),
    ("client_id", true),
    ("client_secret", true),
    ("code", true),
    ("redirect_uri", true),
    ("code_verifier", true),
];
const REFRESH_FIELDS: &[(&str, bool)] = &[
    ("grant_type", true),
    ("client_id", true),
    ("client_secret", true),
    ("refresh_token", true),
    ("scope", false),
    ("rapt", false),
];

/// RFC 7523: a service account's key signs who it is.
const BY_KEY: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

type Refused = Box<Response>;

fn no(error: &str, description: &str) -> Refused {
    Box::new(refusal(error, None, Some(description)))
}

/// Answers a POST; no well-behaved client sends anything else.
pub fn answer(world: &World, request: &Request) -> Response {
    if request.method != "POST" {
        world.unexpected(format!("{} at the token endpoint", request.method));
        return Response::html(404, "Not Found");
    }
    if !request.is_form() || request.header("authorization").is_some() || !request.query.is_empty() {
        world.unexpected(format!("the token endpoint wants a form and nothing else: {}", request.line()));
        return refusal("invalid_request", None, Some("Bad Request"));
    }
    grant(world, request).unwrap_or_else(|refused| *refused)
}

fn grant(world: &World, request: &Request) -> Result<Response, Refused> {
    let form = request.form();
    let fields = match request.field("grant_type").as_deref() {
        Some("authorization_code") => CODE_FIELDS,
        Some("refresh_token") => REFRESH_FIELDS,
        Some(BY_KEY) => return by_key(world, request),
        Some(other) => return Err(no("unsupported_grant_type", &format!("Invalid grant_type: {other}"))),
        None => return Err(no("invalid_request", "Required parameter is missing: grant_type")),
    };
    for (at, (name, _)) in form.iter().enumerate() {
        if form[..at].iter().any(|(other, _)| other == name) {
            return Err(no("invalid_request", &format!("Parameter is there twice: {name}")));
        }
        if !fields.iter().any(|(known, _)| known == name) {
            world.unexpected(format!("the field {name} at the token endpoint"));
            return Err(no(
                "invalid_request",
                &format!("Parameter not allowed for this message type: {name}"),
            ));
        }
    }
    let get = |name: &str| form.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str());
    // From now on it is a secret, whether it matches or not.
    if let Some(verifier) = get("code_verifier") {
        lock(&world.grants).secrets.insert(verifier.to_owned(), "a PKCE verifier");
    }
    for (name, needed) in fields {
        if *needed && get(name).is_none() {
            let error = if *name == "code_verifier" { "invalid_grant" } else { "invalid_request" };
            return Err(no(error, &format!("Missing required parameter: {name}")));
        }
    }
    let text = |name: &str| get(name).unwrap_or_default();
    client(world, text("client_id"), text("client_secret"))?;
    if fields == CODE_FIELDS {
        redeem(world, text("client_id"), text("code"), text("redirect_uri"), text("code_verifier"))
    } else {
        refresh(world, text("client_id"), text("refresh_token"), get("scope"), get("rapt"))
    }
}

/// The double has no keys to check the signature with: only tests that have no other secret sign. An RSA key makes
/// one that is longer than those of other keys.
fn by_key(world: &World, request: &Request) -> Result<Response, Refused> {
    let assertion = request.field("assertion").unwrap_or_default();
    let claims = assertion.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims: serde_json::Value =
        claims.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
    let (Some(account), Some(scope)) = (claims["iss"].as_str(), claims["scope"].as_str()) else {
        return Err(no("invalid_grant", "Invalid JWT"));
    };
    if assertion.rsplit('.').next().unwrap_or_default().len() < 300 {
        return Err(no("invalid_grant", "Invalid JWT Signature."));
    }
    let scopes: Vec<String> = scope.split(' ').map(full_name).collect();
    let answer = access(world, &mut lock(&world.grants), account, "no client", &scopes);
    Ok(Response::json(200, &answer))
}

fn client(world: &World, id: &str, secret: &str) -> Result<(), Refused> {
    let grants = lock(&world.grants);
    let Some(client) = grants.clients.get(id) else {
        return Err(no("invalid_client", "The OAuth client was not found."));
    };
    if let Some(error) = &client.refused {
        let Script::Refuse { description, .. } = Script::refuse(error) else { unreachable!() };
        return Err(no(error, &description.unwrap_or_default()));
    }
    if client.secret != secret {
        return Err(no("invalid_client", "The provided client secret is invalid."));
    }
    Ok(())
}

fn redeem(
    world: &World,
    client: &str,
    text: &str,
    redirect: &str,
    verifier: &str,
) -> Result<Response, Refused> {
    let now = world.now();
    let mut grants = lock(&world.grants);
    let Some(code) = grants.codes.get_mut(text) else {
        return Err(no("invalid_grant", "Malformed auth code."));
    };
    let found = code.clone();
    let replayed = std::mem::replace(&mut code.used, true);
    if replayed {
        grants.end_grant(&found.account, grants::cloud_project(&found.client));
        return Err(no("invalid_grant", "Bad Request"));
    }
    if now >= found.ends || found.client != client {
        return Err(no("invalid_grant", "Bad Request"));
    }
    if found.redirect != redirect {
        return Err(no("redirect_uri_mismatch", "Bad Request"));
    }
    if grants::challenge(verifier) != found.challenge {
        return Err(no("invalid_grant", "Invalid code verifier."));
    }
    if !(43..=128).contains(&verifier.len()) {
        return Err(no("invalid_grant", "code_verifier is too short or too long."));
    }
    Ok(first_tokens(world, &mut grants, &found))
}

/// The answer to a code: access token, refresh token, and who it is.
fn first_tokens(world: &World, grants: &mut Grants, code: &Code) -> Response {
    let settings = lock(&world.settings).clone();
    let testing = grants.clients.get(&code.client).is_some_and(|client| client.testing);
    let life = settings.refresh_token_expires_in.or(testing.then_some(604_799));
    let mut answer = access(world, grants, &code.account, &code.client, &code.scopes);
    if !settings.omit_refresh_token {
        let ends = life.map(|seconds| world.now() + Duration::from_secs(seconds));
        answer["refresh_token"] =
            grants.issue_refresh(&code.account, &code.client, &code.scopes, ends).into();
        if let Some(seconds) = life {
            answer["refresh_token_expires_in"] = seconds.into();
        }
    }
    Response::json(200, &answer)
}

fn access(
    world: &World,
    grants: &mut Grants,
    account: &str,
    client: &str,
    scopes: &[String],
) -> serde_json::Value {
    let settings = lock(&world.settings).clone();
    let life = Duration::from_secs(settings.expires_in);
    let token = grants.issue_access(account, client, scopes, world.now(), life);
    let mut answer = json!({
        "access_token": token,
        "expires_in": settings.written_expires_in.unwrap_or_else(|| settings.expires_in.into()),
        "scope": scopes.join(" "),
        "token_type": "Bearer",
    });
    if scopes.iter().any(|scope| scope == "openid") && !settings.omit_id_token {
        answer["id_token"] = id_token(world, grants, account, client, scopes).into();
    }
    answer
}

fn refresh(
    world: &World,
    client: &str,
    text: &str,
    scope: Option<&str>,
    rapt: Option<&str>,
) -> Result<Response, Refused> {
    let now = world.now();
    let mut grants = lock(&world.grants);
    let Some(token) = grants.find_refresh(text).cloned() else {
        return Err(no("invalid_grant", "Bad Request"));
    };
    if token.client != client {
        return Err(no("unauthorized_client", "Unauthorized"));
    }
    if !token.is_valid(now) {
        return Err(no("invalid_grant", "Token has been expired or revoked."));
    }
    if token.stale && rapt.is_none() {
        let description = Some("reauth related error (invalid_rapt)");
        return Err(Box::new(refusal("invalid_grant", Some("invalid_rapt"), description)));
    }
    let mut scopes = token.scopes.clone();
    if let Some(wanted) = scope {
        scopes = wanted.split(' ').map(full_name).collect();
        if scopes.iter().any(|scope| !token.scopes.contains(scope)) {
            return Err(no("invalid_scope", "Bad Request"));
        }
    }
    let mut answer = access(world, &mut grants, &token.account, client, &scopes);
    if lock(&world.settings).rotate_on_refresh {
        answer["refresh_token"] =
            grants.issue_refresh(&token.account, client, &token.scopes, token.ends).into();
    }
    Ok(Response::json(200, &answer))
}

/// A JWT of the right shape. Its signature is noise: it comes over TLS, from the token endpoint itself.
fn id_token(world: &World, grants: &mut Grants, account: &str, client: &str, scopes: &[String]) -> String {
    let issued = world.clock_seconds();
    let settings = lock(&world.settings).clone();
    let account = settings.claimed_user.as_deref().unwrap_or(account);
    let mut claims = json!({
        "iss": "https://accounts.google.com",
        "azp": client,
        "aud": client,
        "sub": grants::subject(account),
        "iat": issued,
        "exp": issued + 3600,
    });
    if scopes.iter().any(|scope| scope.ends_with("/auth/userinfo.email")) {
        claims["email"] = settings.claimed_email.as_deref().unwrap_or(account).into();
        claims["email_verified"] = true.into();
    }
    let header = json!({"alg": "RS256", "kid": "d0b1e", "typ": "JWT"});
    let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signature: Vec<u8> = (0_u8..8).flat_map(|n| Sha256::digest([n]).to_vec()).collect();
    let token = format!("{}.{}.{}", encode(&header), encode(&claims), URL_SAFE_NO_PAD.encode(signature));
    grants.secrets.insert(token.clone(), "an id_token");
    token
}
