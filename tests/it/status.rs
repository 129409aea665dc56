//! `bqcred status`: what it shows, what it expects to end the credential, and its exit codes.
use std::time::{Duration, SystemTime};

use crate::common::{self, Google, Sandbox, Script};
use crate::double::CLIENT_ID;
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

fn ago(seconds: u64) -> String {
    humantime::format_rfc3339_seconds(SystemTime::now() - Duration::from_secs(seconds)).to_string()
}

/// Seconds from now to a time in the JSON.
fn left(time: &Value) -> i64 {
    let time = humantime::parse_rfc3339(time.as_str().unwrap_or_else(|| panic!("{time}"))).unwrap();
    let seconds =
        |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs().cast_signed();
    seconds(time) - seconds(SystemTime::now())
}

#[track_caller]
fn assert_near(time: &Value, seconds: u64) {
    let difference = left(time) - seconds.cast_signed();
    assert!(difference.abs() < 60, "{time} is {difference} s off");
}

/// Changes the saved profile, as if time had passed.
fn remember(sandbox: &Sandbox, changes: &Value) {
    let path = sandbox.data("default").join("profile.json");
    let mut profile: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        profile[key] = value.clone();
    }
    std::fs::write(&path, profile.to_string()).unwrap();
}

fn forecast(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.bqcred(&["status", "--json", "--offline"]).json()["forecast"].as_array().unwrap().clone()
}

#[test]
fn json_has_every_documented_key() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--project", "p1"]).success();
    let json = sandbox.bqcred(&["status", "--json"]).success().json();
    let mut keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let documented = [
        "account",
        "account_confirmed",
        "acting_as",
        "client_id",
        "clock_offset",
        "forecast",
        "good_until",
        "last_refreshed",
        "login_started",
        "mode",
        "path",
        "problem",
        "profile",
        "project",
        "quota_project",
        "refresh_token_expires",
        "refresh_tokens",
        "refresh_tokens_limit",
        "revoked_by",
        "rotation_started",
        "scopes",
        "session_file",
        "signed_in",
        "state",
        "state_since",
        "store",
        "token_only",
        "valid",
    ];
    assert_eq!(keys, documented);
    assert_eq!(
        (&json["valid"], &json["problem"], &json["state"], &json["revoked_by"]),
        (&json!(true), &Value::Null, &json!("valid"), &Value::Null)
    );
    assert_eq!((&json["account"], &json["client_id"]), (&json!(ADA), &json!(CLIENT_ID)));
    assert_eq!((&json["refresh_tokens"], &json["refresh_tokens_limit"]), (&json!(1), &json!(100)));
    // the double answers in another second where the machine is busy
    assert!(json["clock_offset"].as_i64().unwrap().abs() <= 10, "{}", json["clock_offset"]);
    assert_eq!(json["rotation_started"], Value::Null);
    assert_near(&json["state_since"], 0);
}

#[test]
fn unused_credential_expires_after_six_months() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    remember(&sandbox, &json!({"signed_in": ago(100 * DAY), "last_refreshed": ago(90 * DAY)}));
    let forecast = forecast(&sandbox);
    assert_eq!((forecast.len(), &forecast[0]["why"]), (1, &json!("unused")));
    assert_near(&forecast[0]["at"], 90 * DAY);
    let text = sandbox.bqcred(&["status", "--offline"]).success().stdout;
    assert!(text.contains("if it is not used until then") && text.contains("100 days ago"), "{text}");
    // a request to Google counts as use
    let json = sandbox.bqcred(&["status", "--json"]).success().json();
    assert_near(&json["good_until"], 180 * DAY);
}

#[test]
fn time_limited_grant_expires_at_its_limit() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    google.set_refresh_token_expires_in(Some(3 * DAY));
    sandbox.login(&google, ADA, &[]).success();
    let json = sandbox.bqcred(&["status", "--json"]).success().json();
    assert_eq!(json["forecast"][0]["why"], "time_limited");
    assert_near(&json["good_until"], 3 * DAY);
    assert!(sandbox.bqcred(&["status"]).success().stdout.contains("Google granted it for a limited time"));
}

#[test]
fn client_in_testing_is_detected_from_its_token_lifetime() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    google.testing_client(CLIENT_ID);
    sandbox.login(&google, ADA, &[]).success();
    let text = sandbox.bqcred(&["status"]).success().stdout;
    assert!(text.contains("its OAuth client is in Testing") && text.contains("publish the client"), "{text}");
    assert_eq!(forecast(&sandbox)[0]["why"], "client_in_testing");
}

#[test]
fn expiry_after_seven_days_names_the_client_in_testing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    google.testing_client(CLIENT_ID);
    sandbox.login(&google, ADA, &[]).success();
    remember(&sandbox, &json!({"signed_in": ago(7 * DAY + 600), "refresh_token_expires": ago(600)}));
    google.revoke_grant(ADA);
    let run = sandbox.bqcred(&["status"]).code(4);
    let run = run.says("expired after seven days, as all do while their OAuth client is in Testing");
    run.says("publish the client in Google's console").says("`bqcred login`");
    sandbox.bqcred(&["token", "--min-ttl", "9999"]).fails(4).says("expired after seven days");
    let json = sandbox.bqcred(&["status", "--json", "--offline"]).code(4).json();
    assert_eq!((&json["state"], &json["valid"]), (&json!("expired"), &json!(false)));
}

#[test]
fn expired_credential_is_reported_as_expired() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    google.set_refresh_token_expires_in(Some(3 * DAY));
    sandbox.login(&google, ADA, &[]).success();
    remember(&sandbox, &json!({"signed_in": ago(3 * DAY + 60), "refresh_token_expires": ago(60)}));
    google.revoke_grant(ADA);
    let run = sandbox.bqcred(&["status"]).code(4);
    run.says("this credential has expired: Google granted it for a limited time").says("`bqcred login`");
}

#[test]
fn reauthentication_is_a_state_of_its_own() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let text = sandbox.bqcred(&["status"]).success().stdout;
    assert!(text.contains("when your organisation wants a new sign-in"), "{text}");
    google.require_reauth(ADA);
    let run = sandbox.bqcred(&["status"]).code(4).says("your organisation wants you to sign in again");
    assert!(run.stdout.contains("credential  needs a new sign-in"), "{}", run.stdout);
    let json = sandbox.bqcred(&["status", "--json", "--offline"]).code(4).json();
    assert_eq!((&json["state"], &json["valid"]), (&json!("reauth_required"), &json!(false)));
    assert_near(&json["state_since"], 0);
    sandbox.login(&google, ADA, &[]).success();
    assert_eq!(sandbox.bqcred(&["status", "--json", "--offline"]).success().json()["state"], "valid");
}

#[test]
fn other_revocations_do_not_indicate_testing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    remember(&sandbox, &json!({"signed_in": ago(3 * DAY), "last_refreshed": ago(HOUR)}));
    google.revoke_grant(ADA);
    sandbox.bqcred(&["status"]).code(4).says("was revoked or has expired");
    let json = sandbox.bqcred(&["status", "--json", "--offline"]).code(4).json();
    assert_eq!((&json["state"], &json["revoked_by"]), (&json!("revoked"), &json!("elsewhere")));
    sandbox.login(&google, ADA, &[]).success();
    assert_eq!(forecast(&sandbox)[0]["why"], "unused");
}

#[test]
fn required_validity_decides_the_exit_code() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    google.set_refresh_token_expires_in(Some(2 * HOUR));
    sandbox.login(&google, ADA, &[]).success();
    sandbox.bqcred(&["status", "--valid-for", "30m"]).success();
    sandbox.bqcred(&["status", "--valid-for", "30m", "--offline"]).success();
    let run = sandbox.bqcred(&["status", "--valid-for", "3h", "--exit-code"]).fails(4);
    assert_eq!(run.stderr, "");
    let run = sandbox.bqcred(&["status", "--valid-for", "3h"]).code(4);
    run.says("may not stay valid for 3 h").says("Google granted it for a limited time");
    sandbox.bqcred(&["status", "--valid-for", "3h", "--offline"]).code(4);
    sandbox.bqcred(&["status", "--valid-for", "200d"]).code(4).says("`bqcred login` now starts");
    google.set_refresh_token_expires_in(None);
    sandbox.login(&google, ADA, &[]).success();
    sandbox.bqcred(&["status", "--valid-for", "170d"]).success();
    sandbox.bqcred(&["status", "--valid-for", "200d"]).code(4).says("use it in between");
    sandbox.bqcred(&["status", "--valid-for", "soon"]).fails(2).says("30m");
    google.revoke_grant(ADA);
    sandbox.bqcred(&["status", "--valid-for", "1s"]).code(4).says("was revoked");
    // now it is known without asking
    let run = sandbox.bqcred(&["status", "--valid-for", "1s", "--offline"]).code(4).says("was revoked");
    let known = "credential  was revoked or has expired (known since 2";
    assert!(run.stdout.contains(known), "{}", run.stdout);
}

#[test]
fn exit_code_option_prints_nothing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.bqcred(&["status", "--exit-code"]).fails(3);
    sandbox.login(&google, ADA, &[]).success();
    let quiet = |code: i32| {
        let run = sandbox.bqcred(&["status", "--exit-code"]).fails(code);
        assert_eq!(run.stderr, "");
    };
    quiet(0);
    google.script_times(3, common::Endpoint::Token, &Script::Unavailable(503));
    quiet(5);
    google.revoke_grant(ADA);
    quiet(4);
    let json = sandbox.bqcred(&["status", "--exit-code", "--json"]).code(4).json();
    assert_eq!((&json["valid"], &json["state"]), (&json!(false), &json!("revoked")));
    assert_eq!((&json["good_until"], &json["forecast"]), (&Value::Null, &json!([])));
}

#[test]
fn many_tokens_of_one_client_give_a_warning() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    sandbox.login(&google, ADA, &[]).success();
    assert_eq!(sandbox.bqcred(&["status", "--json"]).json()["refresh_tokens"], 2);
    assert!(!sandbox.bqcred(&["status"]).stdout.contains("without notice"));
    remember(&sandbox, &json!({"refresh_tokens": 97}));
    let text = sandbox.bqcred(&["status"]).success().stdout;
    assert!(text.contains("97 made here") && text.contains("Google keeps 100"), "{text}");
    google.revoke_grant(ADA);
}

#[test]
fn pending_login_is_shown() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    assert_eq!(sandbox.bqcred(&["status", "--json"]).json()["login_started"], Value::Null);
    sandbox.bqcred(&["login", "--start"]).success();
    assert_near(&sandbox.bqcred(&["status", "--json"]).json()["login_started"], 0);
    assert!(sandbox.bqcred(&["status"]).stdout.contains("waits for its answer"));
}
