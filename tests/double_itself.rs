//! The double of Google is itself as strict as it says: plain requests against each of its rules.

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use common::double::{CLIENT_ID, CLIENT_SECRET, OTHER_CLIENT_ID, SIBLING_CLIENT_ID, grants};
use common::{Consent, Endpoint, Google, Sandbox, Script, TlsFault};
use serde_json::{Value, json};

const VERIFIER: &str = "a-verifier-that-is-long-enough-for-rfc-7636-x";
const REDIRECT: &str = "http://127.0.0.1:8085/";
const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

/// A client of http that follows nothing and trusts the double's authority alone.
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
    builder.redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(20)).build().unwrap()
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

/// A good authorization request, with some parameters changed (`None` leaves one out).
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

/// A good exchange of a code, with some fields changed.
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

#[test]
fn a_code_gives_tokens_and_says_whose_they_are() {
    let google = Google::start();
    let redirect = google.approve(&auth_url(&google, &[]), ADA);
    assert!(redirect.starts_with("http://127.0.0.1:8085/?state=a+state&"), "{redirect}");
    let (status, answer) = exchange(&google, &code_in(&redirect), &[]);
    assert_eq!((status, &answer["expires_in"], &answer["token_type"]), (200, &json!(3599), &json!("Bearer")));
    let mut scopes: Vec<String> = text(&answer, "scope").split(' ').map(str::to_owned).collect();
    scopes.sort();
    let long = "https://www.googleapis.com/auth/";
    assert_eq!(scopes, [format!("{long}bigquery"), format!("{long}userinfo.email"), "openid".to_owned()]);
    assert!(text(&answer, "refresh_token").starts_with("1//0canary-"));
    let claims = text(&answer, "id_token").split('.').nth(1).unwrap().to_owned();
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((text(&claims, "email").as_str(), text(&claims, "aud").as_str()), (ADA, CLIENT_ID));

    let (status, info) = post(&google, "/tokeninfo", &[("access_token", &text(&answer, "access_token"))]);
    assert_eq!((status, text(&info, "email").as_str()), (200, ADA));
    assert_eq!(info["sub"], claims["sub"]);
}

#[test]
fn a_faulty_authorization_request_is_blocked() {
    let google = Google::start();
    let nowhere = "https://127.0.0.1:8085/";
    for (changes, problem) in [
        (vec![("response_type", Some("token"))], "response_type=token"),
        (vec![("client_id", Some("999-who.apps.googleusercontent.com"))], "invalid_client"),
        (vec![("redirect_uri", Some("urn:ietf:wg:oauth:2.0:oob"))], "redirect_uri_mismatch"),
        (vec![("redirect_uri", Some("http://192.168.0.1:8085/"))], "redirect_uri_mismatch"),
        (vec![("redirect_uri", Some(nowhere))], "redirect_uri_mismatch"),
        (vec![("redirect_uri", Some("http://127.0.0.1/"))], "redirect_uri_mismatch"),
        (vec![("scope", Some("bigquery"))], "invalid_scope: bigquery"),
        (vec![("scope", None)], "missing scope"),
        (vec![("state", None)], "missing state"),
        (vec![("access_type", Some("online"))], "access_type=online"),
        (vec![("code_challenge", None)], "missing code_challenge"),
        (vec![("code_challenge", Some(VERIFIER))], "not a SHA-256"),
        (vec![("code_challenge_method", Some("plain"))], "code_challenge_method=plain"),
        (vec![("prompt", Some("login"))], "prompt=login"),
        (vec![("client_secret", Some("GOCSPX-other"))], "unknown parameter client_secret"),
    ] {
        let answer = google.try_approve(&auth_url(&google, &changes), Consent::all(ADA)).unwrap_err();
        assert!(answer.contains(problem), "{changes:?} gives {answer}");
    }
    let twice = format!("{}&state=other", auth_url(&google, &[]));
    assert!(google.try_approve(&twice, Consent::all(ADA)).unwrap_err().contains("state is there twice"));
    let evil = "https://accounts.google.com.evil.example/o/oauth2/v2/auth?response_type=code";
    assert!(google.try_approve(evil, Consent::all(ADA)).unwrap_err().contains("is not Google"));
}

#[test]
fn consent_may_be_denied_or_partial() {
    let google = Google::start();
    let denied = google.approve_with(&auth_url(&google, &[]), Consent::denied(ADA));
    assert_eq!(denied, "http://127.0.0.1:8085/?error=access_denied&state=a+state");
    let partial = google.approve_with(&auth_url(&google, &[]), Consent::only(ADA, &["openid", "email"]));
    let (_, answer) = exchange(&google, &code_in(&partial), &[]);
    assert_eq!(answer["scope"], "https://www.googleapis.com/auth/userinfo.email openid");
}

#[test]
fn a_faulty_exchange_is_refused() {
    let google = Google::start();
    let other = "another-verifier-that-is-long-enough-for-pkce-y";
    for (changes, status, error) in [
        (vec![("client_secret", Some("GOCSPX-wrong"))], 401, "invalid_client"),
        (vec![("client_secret", None)], 400, "invalid_request"),
        (vec![("client_id", Some("999-who.apps.googleusercontent.com"))], 401, "invalid_client"),
        (vec![("client_id", Some(SIBLING_CLIENT_ID))], 400, "invalid_grant"),
        (vec![("redirect_uri", Some("http://127.0.0.1:8086/"))], 400, "redirect_uri_mismatch"),
        (vec![("redirect_uri", None)], 400, "invalid_request"),
        (vec![("code_verifier", Some(other))], 400, "invalid_grant"),
        (vec![("code_verifier", None)], 400, "invalid_grant"),
        (vec![("code", Some("4/0invented"))], 400, "invalid_grant"),
        (vec![("grant_type", Some("password"))], 400, "unsupported_grant_type"),
        (vec![("grant_type", None)], 400, "invalid_request"),
    ] {
        let (got, answer) = exchange(&google, &fresh_code(&google), &changes);
        assert_eq!((got, text(&answer, "error").as_str()), (status, error), "{changes:?} gives {answer}");
    }
    let code = fresh_code(&google);
    google.advance(Duration::from_secs(601));
    assert_eq!(exchange(&google, &code, &[]).1["error"], "invalid_grant");
}

#[test]
fn a_replayed_code_ends_the_grant() {
    let google = Google::start();
    let code = fresh_code(&google);
    let token = text(&exchange(&google, &code, &[]).1, "refresh_token");
    assert!(google.is_alive(&token));
    assert_eq!(exchange(&google, &code, &[]).1["error"], "invalid_grant");
    assert!(!google.is_alive(&token));
}

#[test]
fn the_token_endpoint_takes_a_form_by_post_and_nothing_else() {
    let mut google = Google::start();
    let address = format!("{}/token", google.http_base());
    let http = client(&google, false);
    let status = |request: reqwest::blocking::RequestBuilder| request.send().unwrap().status().as_u16();
    let form_type = ("content-type", "application/x-www-form-urlencoded");
    assert_eq!(status(http.get(&address)), 404);
    assert_eq!(status(http.post(&address).header("content-type", "application/json").body("{}")), 400);
    let fields = form(&[("grant_type", "refresh_token")]);
    assert_eq!(
        status(http.post(format!("{address}?x=1")).header(form_type.0, form_type.1).body(fields.clone())),
        400
    );
    assert_eq!(
        status(http.post(&address).header(form_type.0, form_type.1).basic_auth("a", Some("b")).body(fields)),
        400
    );
    assert_eq!(
        exchange(&google, &fresh_code(&google), &[("extra", Some("x"))]).1["error"],
        "invalid_request"
    );
    assert_eq!(google.unexpected().len(), 5, "{:?}", google.unexpected());
    google.expect_unexpected();
}

#[test]
fn a_refresh_gives_an_access_token_and_no_other() {
    let google = Google::start();
    let token = google.grant(ADA, CLIENT_ID, &["openid", "email", "bigquery"]);
    let (status, answer) = refresh(&google, CLIENT_ID, &token, &[]);
    assert_eq!((status, answer.get("refresh_token")), (200, None));
    assert!(answer.get("id_token").is_some());
    let narrow = ("scope", "https://www.googleapis.com/auth/bigquery");
    assert_eq!(refresh(&google, CLIENT_ID, &token, &[narrow]).1["scope"], narrow.1);
    let wide = ("scope", "https://www.googleapis.com/auth/drive");
    assert_eq!(refresh(&google, CLIENT_ID, &token, &[wide]).1["error"], "invalid_scope");
    assert_eq!(
        refresh(&google, SIBLING_CLIENT_ID, &token, &[]),
        (401, json!({"error": "unauthorized_client", "error_description": "Unauthorized"}))
    );
}

#[test]
fn revocation_ends_the_whole_grant_of_person_and_project() {
    let google = Google::start();
    let token = google.grant(ADA, CLIENT_ID, &["bigquery"]);
    let second = google.grant(ADA, CLIENT_ID, &["bigquery"]);
    let sibling = google.grant(ADA, SIBLING_CLIENT_ID, &["bigquery"]);
    let elsewhere = google.grant(ADA, OTHER_CLIENT_ID, &["bigquery"]);
    let bobs = google.grant(BOB, CLIENT_ID, &["bigquery"]);
    let access = google.access_token(ADA, SIBLING_CLIENT_ID, &["bigquery"]);
    assert_eq!(post(&google, "/revoke", &[("token", &token)]), (200, json!({})));
    let alive = [&token, &second, &sibling, &elsewhere, &bobs].map(|token| google.is_alive(token));
    assert_eq!(alive, [false, false, false, true, true]);
    assert_eq!(
        refresh(&google, CLIENT_ID, &second, &[]).1["error_description"],
        "Token has been expired or revoked."
    );
    assert_eq!(api(&google, "GET", "/bigquery/v2/projects", &access, &json!({})).0, 401);
    let again = json!({"error": "invalid_token", "error_description": "Token expired or revoked"});
    assert_eq!(post(&google, "/revoke", &[("token", &token)]), (400, again));
}

#[test]
fn the_hundred_and_first_token_ends_the_oldest() {
    let google = Google::start();
    let tokens: Vec<String> = (0..101).map(|_| google.grant(ADA, CLIENT_ID, &["bigquery"])).collect();
    assert!(!google.is_alive(&tokens[0]) && google.is_alive(&tokens[1]));
    assert_eq!(google.alive_tokens(ADA).len(), 100);
}

#[test]
fn tokens_end_as_google_ends_them() {
    let google = Google::start();
    google.testing_client(CLIENT_ID);
    let (_, answer) = exchange(&google, &fresh_code(&google), &[]);
    assert_eq!(answer["refresh_token_expires_in"], 604_799);
    let token = text(&answer, "refresh_token");
    google.require_reauth(ADA);
    assert_eq!(refresh(&google, CLIENT_ID, &token, &[]).1["error_subtype"], "invalid_rapt");
    let token = text(&exchange(&google, &fresh_code(&google), &[]).1, "refresh_token");
    assert_eq!(refresh(&google, CLIENT_ID, &token, &[]).0, 200);
    google.refuse_client(CLIENT_ID, "deleted_client");
    assert_eq!(refresh(&google, CLIENT_ID, &token, &[]).1["error"], "deleted_client");
    google.advance(Duration::from_secs(7 * 24 * 3600));
    assert!(!google.is_alive(&token));
}

#[test]
fn scripts_go_wrong_as_told_and_then_all_is_well() {
    let google = Google::start();
    let token = google.grant(ADA, CLIENT_ID, &["bigquery"]);
    google.fail_token(Script::Status(500));
    google.fail_token(Script::Html200);
    google.fail_token(Script::refuse("admin_policy_enforced"));
    google.fail_token(Script::TooManyRequests);
    google.fail_token(Script::Slow(Duration::from_millis(50)));
    let next = || refresh(&google, CLIENT_ID, &token, &[]);
    assert_eq!(next().0, 500);
    assert_eq!(next(), (200, Value::Null));
    assert_eq!(next().1["error"], "admin_policy_enforced");
    assert_eq!(next().0, 429);
    assert_eq!(next().0, 200);
    google.script_times(2, Endpoint::Revoke, &Script::Unavailable(503));
    assert_eq!(post(&google, "/revoke", &[("token", &token)]).0, 503);
    assert_eq!(post(&google, "/revoke", &[("token", &token)]).0, 503);
    assert_eq!(post(&google, "/revoke", &[("token", &token)]).0, 200);
}

#[test]
fn broken_connections_break() {
    let google = Google::start();
    let address = format!("{}/tokeninfo", google.http_base());
    let http = client(&google, false);
    for (script, status) in
        [(Script::Close, None), (Script::Truncated, Some(400)), (Script::Endless, Some(200))]
    {
        google.script_always(Endpoint::Tokeninfo, script.clone());
        match http.get(&address).send() {
            Ok(answer) => {
                assert_eq!(Some(answer.status().as_u16()), status, "{script:?}");
                let mut body = Vec::new();
                let read = answer.take(1 << 20).read_to_end(&mut body);
                assert!(read.is_err() || body.len() == 1 << 20, "{script:?} ended well");
            }
            Err(_) => assert_eq!(status, None, "{script:?}"),
        }
    }
    google.heal();
    assert_eq!(http.get(&address).send().unwrap().status().as_u16(), 400);
}

#[test]
fn googles_names_are_reached_through_the_proxy_and_no_others() {
    let mut google = Google::start();
    let http = client(&google, true);
    let token = google.access_token(ADA, CLIENT_ID, &["bigquery"]);
    let answer =
        http.get("https://bigquery.googleapis.com/bigquery/v2/projects").bearer_auth(&token).send().unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(
        client(&google, false).get(google.https_base() + "/tokeninfo").send().unwrap().status().as_u16(),
        400
    );
    google.assert_clean();
    // right path, wrong host
    let answer =
        http.get("https://accounts.google.com/bigquery/v2/projects").bearer_auth(&token).send().unwrap();
    assert_eq!(answer.status().as_u16(), 404);
    assert!(http.get("https://evil.example/").send().is_err());
    assert_eq!(google.unexpected().len(), 2, "{:?}", google.unexpected());
    google.expect_unexpected();
}

#[test]
fn bad_certificates_and_a_proxy_with_a_password_keep_clients_out() {
    let google = Google::start();
    let address = "https://oauth2.googleapis.com/tokeninfo";
    for fault in [TlsFault::WrongName, TlsFault::Expired, TlsFault::Untrusted] {
        google.break_tls(Some(fault));
        assert!(client(&google, true).get(address).send().is_err(), "{fault:?}");
    }
    google.break_tls(None);
    google.set_proxy_password(Some("ada:pw"));
    assert!(client(&google, true).get(address).send().is_err());
    google.set_proxy_password(None);
    assert_eq!(client(&google, true).get(address).send().unwrap().status().as_u16(), 400);
}

#[test]
fn a_secret_in_an_address_fails_the_test() {
    let google = Google::start();
    let token = google.grant(ADA, CLIENT_ID, &["bigquery"]);
    assert_eq!(post(&google, &format!("/revoke?{}", form(&[("token", &token)])), &[]).0, 200);
    assert_eq!(google.leaks(), ["a refresh token in the address of POST /revoke"]);
    assert!(catch_unwind(AssertUnwindSafe(|| google.assert_clean())).is_err());
    assert!(catch_unwind(AssertUnwindSafe(move || drop(google))).is_err());

    let google = Google::start();
    google.allow_query_revoke();
    let token = google.grant(ADA, CLIENT_ID, &["bigquery"]);
    post(&google, &format!("/revoke?{}", form(&[("token", &token)])), &[]);
    google.assert_clean();
}

#[test]
fn a_verifier_or_client_secret_out_of_place_is_a_leak_too() {
    let google = Google::start();
    exchange(&google, &fresh_code(&google), &[]);
    let token = google.access_token(ADA, CLIENT_ID, &["bigquery"]);
    google.assert_clean();
    api(&google, "GET", &format!("/bigquery/v2/projects?v={VERIFIER}"), &token, &json!({}));
    let body = json!({"query": "SELECT 1", "labels": {"x": CLIENT_SECRET}});
    api(&google, "POST", "/bigquery/v2/projects/p1/queries", &token, &body);
    let leaks = google.leaks();
    assert!(leaks[0].starts_with("a PKCE verifier in the address"), "{leaks:?}");
    assert!(leaks[1].starts_with("a client secret in the body"), "{leaks:?}");
    assert!(catch_unwind(AssertUnwindSafe(move || drop(google))).is_err());
}

#[test]
fn an_unknown_path_fails_the_test() {
    let google = Google::start();
    let answer = client(&google, false).get(google.http_base() + "/favicon.ico").send().unwrap();
    assert_eq!(answer.status().as_u16(), 404);
    assert!(catch_unwind(AssertUnwindSafe(move || drop(google))).is_err());
}

#[test]
fn http_is_spoken_in_all_its_forms() {
    let google = Google::start();
    let mut stream = TcpStream::connect(google.http_base().trim_start_matches("http://")).unwrap();
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let start = |method: &str| format!("{method} /tokeninfo HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    // chunked, after a 100-continue
    let head =
        format!("{}{kind}\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", start("POST"));
    stream.write_all(head.as_bytes()).unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"d\r\naccess_token=\r\n3;x=y\r\nabc\r\n0\r\n\r\n").unwrap();
    // the same connection, twice more
    stream.write_all(start("GET").as_bytes()).unwrap();
    stream.write_all(b"\r\n").unwrap();
    stream.write_all(format!("{}Connection: close\r\n\r\n", start("GET")).as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 400 Bad Request").count(), 3, "{answers}");
    assert_eq!(answers.matches("\r\nDate: ").count(), 3);
    assert_eq!(google.requests()[0].field("access_token").as_deref(), Some("abc"));

    let page = client(&google, false).head(auth_url(&google, &[])).send().unwrap();
    assert_eq!((page.status().as_u16(), page.text().unwrap().as_str()), (200, ""));
}

#[test]
fn bigquery_runs_as_the_account_of_the_token() {
    let google = Google::start();
    let token = google.access_token(ADA, CLIENT_ID, &["bigquery"]);
    let query = json!({"query": "SELECT SESSION_USER() AS who, 1 AS n"});
    let (status, answer) = api(&google, "POST", "/bigquery/v2/projects/p1/queries", &token, &query);
    assert_eq!((status, &answer["rows"][0]["f"][0]["v"]), (200, &json!(ADA)));
    let job = json!({"configuration": {"query": query}, "jobReference": {"projectId": "p1", "jobId": "j1"}});
    assert_eq!(api(&google, "POST", "/bigquery/v2/projects/p1/jobs", &token, &job).1["user_email"], ADA);
    let (_, rows) = api(&google, "GET", "/bigquery/v2/projects/p1/queries/j1", &token, &json!({}));
    assert_eq!((&rows["rows"][0]["f"][1]["v"], &rows["totalRows"]), (&json!("1"), &json!("1")));
    let dry = json!({"configuration": {"query": query, "dryRun": true}});
    let (_, answer) = api(&google, "POST", "/bigquery/v2/projects/p1/jobs", &token, &dry);
    assert_eq!(answer["statistics"]["totalBytesProcessed"], "1048576");
    assert_eq!((google.identities(), google.job_runners().len()), (vec![ADA.to_owned()], 2));
    google.expire_access_tokens();
    assert_eq!(api(&google, "GET", "/bigquery/v2/projects", &token, &json!({})).0, 401);
}

#[test]
fn bigquery_refuses_as_google_does() {
    let google = Google::start();
    google.add_sheet("p1", "sales", "sheet");
    google.deny("closed", "bigquery.jobs.create");
    google.deny_to(ADA, "p2", "bigquery.tables.getData");
    google.add_table("p2", "d", "t");
    google.disable_api("sleeping");
    google.deny_quota("foreign");
    let token = google.access_token(ADA, CLIENT_ID, &["bigquery"]);
    let ask = |project: &str, sql: &str| {
        let path = format!("/bigquery/v2/projects/{project}/queries");
        let (status, answer) = api(&google, "POST", &path, &token, &json!({"query": sql}));
        (status, text(&answer["error"], "message"), answer)
    };
    for (project, sql, status, message) in [
        ("closed", "SELECT 1", 403, "does not have bigquery.jobs.create permission in project closed"),
        ("sleeping", "SELECT 1", 403, "BigQuery API has not been used in project sleeping"),
        ("p1", "SELECT * FROM nowhere.t", 404, "Not found: Dataset p1:nowhere"),
        ("p1", "SELECT * FROM `p1.sales.none`", 404, "Not found: Table p1:sales.none"),
        ("p1", "SELECT * FROM sales.sheet", 403, "Permission denied while getting Drive credentials"),
        ("p1", "SELECT * FROM p2.d.t", 403, "does not have permission to query table p2:d.t"),
    ] {
        let (got, words, _) = ask(project, sql);
        assert!(got == status && words.contains(message), "{project} {sql}: {got} {words}");
    }
    assert_eq!(ask("sleeping", "SELECT 1").2["error"]["details"][0]["reason"], "SERVICE_DISABLED");
    assert!(google.identities().is_empty());
    let narrow = google.access_token(ADA, CLIENT_ID, &["openid", "email"]);
    let (status, answer) = api(&google, "GET", "/bigquery/v2/projects", &narrow, &json!({}));
    assert_eq!(
        (status, &answer["error"]["details"][0]["reason"]),
        (403, &json!("ACCESS_TOKEN_SCOPE_INSUFFICIENT"))
    );
    let request =
        client(&google, false).get(google.http_base() + "/bigquery/v2/projects").bearer_auth(&token);
    let answer = request.header("x-goog-user-project", "foreign").send().unwrap().text().unwrap();
    assert!(answer.contains("USER_PROJECT_DENIED"), "{answer}");
}

#[test]
fn a_vm_has_a_service_account_for_those_who_ask_rightly() {
    let google = Google::start();
    let vm = google.metadata_server();
    let address = format!("http://{}/computeMetadata/v1/instance/service-accounts/default/token", vm.host());
    let http = client(&google, false);
    assert_eq!(http.get(&address).send().unwrap().status().as_u16(), 403);
    let answer = http.get(&address).header("Metadata-Flavor", "Google").send().unwrap();
    assert_eq!(answer.headers()["metadata-flavor"], "Google");
    let token: Value = serde_json::from_str(&answer.text().unwrap()).unwrap();
    let token = text(&token, "access_token");
    assert!(token.starts_with("ya29.vm-"));
    api(&google, "POST", "/bigquery/v2/projects/p1/queries", &token, &json!({"query": "SELECT 1"}));
    assert_eq!(google.identities(), ["vm-sa@project.iam.gserviceaccount.com"]);
    assert_eq!(vm.tokens(), 1);
}

#[test]
fn many_at_once_are_all_served() {
    let google = Google::start();
    let token = google.grant(ADA, CLIENT_ID, &["bigquery"]);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| (0..5).for_each(|_| assert_eq!(refresh(&google, CLIENT_ID, &token, &[]).0, 200)));
        }
    });
    assert_eq!(google.count("/token"), 100);
}

#[test]
fn a_sandbox_notices_a_secret_in_the_output() {
    let sandbox = Sandbox::new();
    let echo = |args: &[&str]| sandbox.program("/bin/echo", args);
    echo(&["nothing to see"]).run().success();
    echo(&["1//0canary-x"]).may_print_secret().run().success();
    assert!(catch_unwind(AssertUnwindSafe(|| echo(&["1//0canary-x"]).run())).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| echo(&["1%2F%2F0canary-x"]).run())).is_err());
    let slow = || sandbox.program("/bin/sleep", &["60"]).limit(Duration::from_millis(100)).run();
    assert!(catch_unwind(AssertUnwindSafe(slow)).is_err());
}

#[cfg(unix)]
#[test]
fn a_sandbox_has_terminals() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("/bin/sh");
    command.args(["-c", "test -t 0 && test -t 1 && test -t 2 && read answer && echo \"got $answer\""]);
    let mut terminal = common::spawn_in_terminal(command);
    terminal.send_line("it").unwrap();
    terminal.exp_string("got it").unwrap();
}
