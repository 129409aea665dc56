//! The authorization endpoint: what Google accepts from a desktop app, and the user's consent.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::Consent;
use super::grants::Code;
use super::request::Request;
use super::response::Response;
use super::world::{World, lock};

/// The header in which the simulated browser sends the user's consent.
pub const CONSENT_HEADER: &str = "x-double-consent";

/// How long a code can be redeemed.
const CODE_LIFE: Duration = Duration::from_secs(600);

/// Parameters that Google documents for this endpoint.
const KNOWN: &[&str] = &[
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "access_type",
    "prompt",
    "login_hint",
    "hd",
    "hl",
    "nonce",
    "include_granted_scopes",
    "enable_granular_consent",
    "token_usage",
];

/// Scopes that exist.
const SCOPES: &[&str] = &[
    "openid",
    "email",
    "profile",
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/userinfo.profile",
    "https://www.googleapis.com/auth/bigquery",
    "https://www.googleapis.com/auth/bigquery.readonly",
    "https://www.googleapis.com/auth/bigquery.insertdata",
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/cloud-platform.read-only",
    "https://www.googleapis.com/auth/devstorage.full_control",
    "https://www.googleapis.com/auth/devstorage.read_only",
    "https://www.googleapis.com/auth/devstorage.read_write",
    "https://www.googleapis.com/auth/drive",
    "https://www.googleapis.com/auth/drive.file",
    "https://www.googleapis.com/auth/drive.readonly",
    "https://www.googleapis.com/auth/spreadsheets",
    "https://www.googleapis.com/auth/spreadsheets.readonly",
    "https://www.googleapis.com/auth/sqlservice.login",
    "https://www.googleapis.com/auth/appengine.admin",
    "https://www.googleapis.com/auth/compute",
    "https://www.googleapis.com/auth/accounts.reauth",
];

/// What an acceptable authorization request asks for.
#[derive(Debug)]
struct Asked {
    client: String,
    redirect: String,
    scopes: Vec<String>,
    state: String,
    challenge: String,
}

/// Shows the sign-in page; with a consent, sends the browser back to the app.
pub fn answer(world: &World, request: &Request) -> Response {
    if request.method != "GET" && request.method != "HEAD" {
        world.unexpected(format!("{} at the authorization endpoint", request.method));
        return Response::html(405, "Method Not Allowed");
    }
    let asked = match check(world, request) {
        Ok(asked) => asked,
        Err((status, problem)) => return Response::html(status, &format!("Access blocked: {problem}")),
    };
    if request.method == "HEAD" {
        return Response::html(200, "Sign in");
    }
    let consent = match request.header(CONSENT_HEADER) {
        Some(text) => Some(Consent::decode(text)),
        None => lock(&world.settings).browser.clone(),
    };
    match consent {
        Some(consent) => Response::redirect(&decide(world, asked, &consent)),
        None => Response::html(200, "Sign in with Google"),
    }
}

fn check(world: &World, request: &Request) -> Result<Asked, (u16, String)> {
    let params = request.params();
    for (at, (name, _)) in params.iter().enumerate() {
        if params[..at].iter().any(|(other, _)| other == name) {
            return Err((400, format!("invalid_request: {name} is there twice")));
        }
        if !KNOWN.contains(&name.as_str()) {
            return Err((400, format!("invalid_request: unknown parameter {name}")));
        }
    }
    let get = |name: &str| params.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let need = |name: &str| {
        get(name).filter(|v| !v.is_empty()).ok_or((400, format!("invalid_request: missing {name}")))
    };
    exactly(need("response_type")?, "response_type", &["code"])?;
    exactly(need("access_type")?, "access_type", &["offline"])?;
    exactly(need("code_challenge_method")?, "code_challenge_method", &["S256"])?;
    for word in get("prompt").unwrap_or("consent").split(' ') {
        exactly(word, "prompt", &["none", "consent", "select_account"])?;
    }
    let challenge = need("code_challenge")?;
    if URL_SAFE_NO_PAD.decode(challenge).map(|bytes| bytes.len()) != Ok(32) {
        return Err((400, "invalid_request: code_challenge is not a SHA-256".into()));
    }
    let client = need("client_id")?;
    let redirect = need("redirect_uri")?;
    check_client(world, client, redirect)?;
    Ok(Asked {
        client: client.to_owned(),
        redirect: redirect.to_owned(),
        scopes: check_scopes(need("scope")?)?,
        state: need("state")?.to_owned(),
        challenge: challenge.to_owned(),
    })
}

fn exactly(value: &str, name: &str, allowed: &[&str]) -> Result<(), (u16, String)> {
    let known = allowed.contains(&value);
    if known { Ok(()) } else { Err((400, format!("invalid_request: {name}={value}"))) }
}

fn check_client(world: &World, id: &str, redirect: &str) -> Result<(), (u16, String)> {
    let grants = lock(&world.grants);
    let Some(client) = grants.clients.get(id) else {
        return Err((401, "invalid_client: The OAuth client was not found.".into()));
    };
    if let Some(error) = &client.refused {
        return Err((401, error.clone()));
    }
    if client.redirects.iter().any(|known| known == redirect) || is_loopback(redirect) {
        return Ok(());
    }
    Err((400, format!("redirect_uri_mismatch: {redirect}")))
}

/// Whether this is a redirect that every desktop app may use.
fn is_loopback(redirect: &str) -> bool {
    let Ok(url) = Url::parse(redirect) else { return false };
    url.scheme() == "http"
        && matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
        && url.port().is_some()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
}

fn check_scopes(text: &str) -> Result<Vec<String>, (u16, String)> {
    let mut scopes: Vec<String> = Vec::new();
    for scope in text.split(' ') {
        if !SCOPES.contains(&scope) {
            return Err((400, format!("invalid_scope: {scope}")));
        }
        scopes.push(full_name(scope));
    }
    // Google adds `openid` wherever the address is asked for.
    if scopes.iter().any(|scope| scope.contains("/auth/userinfo.")) {
        scopes.push("openid".to_owned());
    }
    scopes.sort();
    scopes.dedup();
    Ok(scopes)
}

/// Google answers with the long names of `email` and `profile`.
pub fn full_name(scope: &str) -> String {
    match scope {
        "email" | "profile" => format!("https://www.googleapis.com/auth/userinfo.{scope}"),
        _ => scope.to_owned(),
    }
}

fn decide(world: &World, asked: Asked, consent: &Consent) -> String {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let state = encode(&asked.state);
    let mark = if asked.redirect.contains('?') { '&' } else { '?' };
    if consent.deny {
        return format!("{}{mark}error=access_denied&state={state}", asked.redirect);
    }
    let mut scopes = asked.scopes;
    if let Some(allowed) = &consent.scopes {
        let allowed: Vec<String> = allowed.iter().map(|scope| full_name(scope)).collect();
        scopes.retain(|scope| allowed.contains(scope));
    }
    let ends = world.now() + CODE_LIFE;
    let redirect = asked.redirect;
    let listed = scopes.join("%20");
    let code = lock(&world.grants).issue_code(Code {
        account: consent.who.clone(),
        client: asked.client,
        redirect: redirect.clone(),
        challenge: asked.challenge,
        scopes,
        ends,
        used: false,
    });
    let iss = "iss=https://accounts.google.com";
    format!("{redirect}{mark}state={state}&{iss}&code={code}&scope={listed}&authuser=0&prompt=consent")
}
