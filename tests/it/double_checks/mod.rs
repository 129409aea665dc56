//! The double of Google is as strict as it claims: plain requests against each of its rules.

mod bigquery;
mod leak_detection;
mod oauth;
mod transport;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::common::{Consent, Endpoint, Google, Sandbox, Script, TlsFault};
use crate::double::{CLIENT_ID, CLIENT_SECRET, OTHER_CLIENT_ID, SIBLING_CLIENT_ID, grants};
use serde_json::{Value, json};

const VERIFIER: &str = "a-verifier-that-is-long-enough-for-rfc-7636-x";
const REDIRECT: &str = "http://127.0.0.1:8085/";
const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

/// An HTTP client that follows no redirect and trusts only the double's authority.
fn client(google: &Google, through_proxy: bool) -> reqwest::blocking::Client {
    // The second caller finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pem = std::fs::read(google.ca_file()).unwrap();
    let authority = reqwest::Certificate::from_pem(&pem).unwrap();
    let builder = reqwest::blocking::Client::builder().tls_certs_only([authority]).no_proxy();
    let builder = match through_proxy {
        true => builder.proxy(reqwest::Proxy::https(google.proxy()).unwrap()),
        false => builder,
    };
    builder.redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(60)).build().unwrap()
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn post(google: &Google, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let request = client(google, false).post(format!("{}{path}", google.http_base())).body(form(fields));
    let answer = request.header("content-type", "application/x-www-form-urlencoded").send().unwrap();
    (answer.status().as_u16(), serde_json::from_str(&answer.text().unwrap()).unwrap_or_default())
}

fn api(google: &Google, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
    let address = format!("{}{path}", google.http_base());
    let method = method.parse().unwrap();
    let request = client(google, false).request(method, address).bearer_auth(token).body(body.to_string());
    let answer = request.header("content-type", "application/json").send().unwrap();
    (answer.status().as_u16(), serde_json::from_str(&answer.text().unwrap()).unwrap())
}

/// A valid authorization request, with some parameters changed (`None` leaves one out).
fn auth_url(google: &Google, changes: &[(&str, Option<&str>)]) -> String {
    let challenge = grants::challenge(VERIFIER);
    let mut params = vec![
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT),
        ("scope", "openid email https://www.googleapis.com/auth/bigquery"),
        ("state", "a state"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("access_type", "offline"),
    ];
    for (name, value) in changes {
        params.retain(|(other, _)| other != name);
        params.extend(value.map(|value| (*name, value)));
    }
    format!("{}/o/oauth2/v2/auth?{}", google.http_base(), form(&params))
}

fn code_in(redirect: &str) -> String {
    let url = url::Url::parse(redirect).unwrap();
    url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
}

fn fresh_code(google: &Google) -> String {
    code_in(&google.approve(&auth_url(google, &[]), ADA))
}

/// A valid exchange of a code, with some fields changed.
fn exchange(google: &Google, code: &str, changes: &[(&str, Option<&str>)]) -> (u16, Value) {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in changes {
        fields.retain(|(other, _)| other != name);
        fields.extend(value.map(|value| (*name, value)));
    }
    post(google, "/token", &fields)
}

fn refresh(google: &Google, client: &str, token: &str, more: &[(&str, &str)]) -> (u16, Value) {
    let mut fields = vec![
        ("grant_type", "refresh_token"),
        ("client_id", client),
        ("client_secret", CLIENT_SECRET),
        ("refresh_token", token),
    ];
    fields.extend(more);
    post(google, "/token", &fields)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}
