//! Sign-in, tokens and revocation follow Google's rules.

use super::*;

#[test]
fn code_exchange_returns_tokens_and_identity() {
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
fn invalid_authorization_request_is_refused() {
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
fn consent_can_be_denied_or_partial() {
    let google = Google::start();
    let denied = google.approve_with(&auth_url(&google, &[]), Consent::denied(ADA));
    assert_eq!(denied, "http://127.0.0.1:8085/?error=access_denied&state=a+state");
    let partial = google.approve_with(&auth_url(&google, &[]), Consent::only(ADA, &["openid", "email"]));
    let (_, answer) = exchange(&google, &code_in(&partial), &[]);
    assert_eq!(answer["scope"], "https://www.googleapis.com/auth/userinfo.email openid");
}

#[test]
fn invalid_code_exchange_is_refused() {
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
fn replayed_code_revokes_the_grant() {
    let google = Google::start();
    let code = fresh_code(&google);
    let token = text(&exchange(&google, &code, &[]).1, "refresh_token");
    assert!(google.is_valid(&token));
    assert_eq!(exchange(&google, &code, &[]).1["error"], "invalid_grant");
    assert!(!google.is_valid(&token));
}

#[test]
fn token_endpoint_accepts_only_posted_forms() {
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
fn refresh_returns_only_an_access_token() {
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
fn revocation_ends_all_grants_of_account_and_project() {
    let google = Google::start();
    let token = google.grant(ADA, CLIENT_ID, &["bigquery"]);
    let second = google.grant(ADA, CLIENT_ID, &["bigquery"]);
    let sibling = google.grant(ADA, SIBLING_CLIENT_ID, &["bigquery"]);
    let elsewhere = google.grant(ADA, OTHER_CLIENT_ID, &["bigquery"]);
    let bobs = google.grant(BOB, CLIENT_ID, &["bigquery"]);
    let access = google.access_token(ADA, SIBLING_CLIENT_ID, &["bigquery"]);
    assert_eq!(post(&google, "/revoke", &[("token", &token)]), (200, json!({})));
    let valid = [&token, &second, &sibling, &elsewhere, &bobs].map(|token| google.is_valid(token));
    assert_eq!(valid, [false, false, false, true, true]);
    assert_eq!(
        refresh(&google, CLIENT_ID, &second, &[]).1["error_description"],
        "Token has been expired or revoked."
    );
    assert_eq!(api(&google, "GET", "/bigquery/v2/projects", &access, &json!({})).0, 401);
    let again = json!({"error": "invalid_token", "error_description": "Token expired or revoked"});
    assert_eq!(post(&google, "/revoke", &[("token", &token)]), (400, again));
}

#[test]
fn more_than_100_tokens_revoke_the_oldest() {
    let google = Google::start();
    let tokens: Vec<String> = (0..101).map(|_| google.grant(ADA, CLIENT_ID, &["bigquery"])).collect();
    assert!(!google.is_valid(&tokens[0]) && google.is_valid(&tokens[1]));
    assert_eq!(google.valid_tokens(ADA).len(), 100);
}

#[test]
fn tokens_expire_as_at_google() {
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
    assert!(!google.is_valid(&token));
}
