//! `bqcred status`: its forecasts, what it learns from expired credentials, and its exit codes.

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
        "alive",
        "client_id",
        "clock_offset",
        "ended",
        "forecast",
        "good_until",
        "last_read",
        "last_refreshed",
        "login_started",
        "mode",
        "path",
        "problem",
        "problem_code",
        "profile",
        "project",
        "quota_project",
        "refresh_token_expires",
        "refresh_tokens",
        "refresh_tokens_limit",
        "scopes",
        "session_file",
        "signed_in",
        "store",
    ];
    assert_eq!(keys, documented);
    assert_eq!(
        (&json["alive"], &json["problem"], &json["problem_code"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    assert_eq!((&json["account"], &json["client_id"]), (&json!(ADA), &json!(CLIENT_ID)));
    assert_eq!((&json["refresh_tokens"], &json["refresh_tokens_limit"]), (&json!(1), &json!(100)));
    // the double answers in another second where the machine is busy
    assert!(json["clock_offset"].as_i64().unwrap().abs() <= 10, "{}", json["clock_offset"]);
    assert_eq!(json["ended"], Value::Null);
}

#[test]
fn unused_credential_expires_after_six_months() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    remember(&sandbox, &json!({"signed_in": ago(100 * DAY), "last_refreshed": ago(90 * DAY)}));
    let forecast = forecast(&sandbox);
    assert_eq!(
        (forecast.len(), &forecast[0]["why"], &forecast[0]["by"]),
        (1, &json!("unused"), &Value::Null)
    );
    assert_near(&forecast[0]["from"], 90 * DAY);
    let text = sandbox.bqcred(&["status", "--offline"]).success().stdout;
    assert!(text.contains("if nobody uses it until then") && text.contains("100 days ago"), "{text}");
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
    assert!(sandbox.bqcred(&["status"]).success().stdout.contains("Google granted it for a time"));
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
fn client_in_testing_is_detected_from_an_expiry_after_seven_days() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    remember(&sandbox, &json!({"signed_in": ago(7 * DAY + 600), "last_refreshed": ago(DAY / 2)}));
    google.revoke_grant(ADA);
    let run = sandbox.bqcred(&["status"]).code(4);
    let run = run.says("after seven days, as it does while its OAuth client is in Testing");
    run.says("publish the client in Google's console").says("`bqcred login`");
    sandbox.bqcred(&["token", "--min-ttl", "9999"]).fails(4).says("after seven days");
    // and the next expiry is predicted
    sandbox.login(&google, ADA, &[]).success();
    let json = sandbox.bqcred(&["status", "--json"]).success().json();
    assert_eq!(json["forecast"][0]["why"], "client_in_testing");
    assert_near(&json["good_until"], 7 * DAY);
}

#[test]
fn other_revocations_do_not_indicate_testing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    remember(&sandbox, &json!({"signed_in": ago(3 * DAY), "last_refreshed": ago(HOUR)}));
    google.revoke_grant(ADA);
    sandbox.bqcred(&["status"]).code(4).says("was revoked or has expired");
    sandbox.login(&google, ADA, &[]).success();
    assert_eq!(forecast(&sandbox)[0]["why"], "unused");
}

#[test]
fn organisation_sign_in_interval_is_learned_from_past_expiries() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    remember(&sandbox, &json!({"signed_in": ago(16 * HOUR + 60), "last_refreshed": ago(HOUR / 2)}));
    google.require_reauth(ADA);
    sandbox.bqcred(&["status"]).code(4).says("your organisation wants you to sign in again");
    sandbox.login(&google, ADA, &[]).success();
    let json = sandbox.bqcred(&["status", "--json"]).success().json();
    assert_eq!(json["forecast"][0]["why"], "organisation_sign_in");
    assert_near(&json["good_until"], 16 * HOUR);
    assert_near(&json["forecast"][0]["by"], 16 * HOUR + 60);
    let text = sandbox.bqcred(&["status"]).success().stdout;
    assert!(text.contains("your organisation wants a new sign-in from time to time"), "{text}");
    // 15 hours are within the interval, 17 are not
    sandbox.bqcred(&["status", "--wait-valid", "15h", "--exit-code"]).fails(0);
    let run = sandbox.bqcred(&["status", "--wait-valid", "17h", "--exit-code"]).fails(4);
    assert_eq!(run.stderr, "");
    sandbox
        .bqcred(&["status", "--wait-valid", "17h"])
        .code(4)
        .says("may not stay good for 17 h")
        .says("`bqcred login`");
}

#[test]
fn required_validity_decides_the_exit_code() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    google.set_refresh_token_expires_in(Some(2 * HOUR));
    sandbox.login(&google, ADA, &[]).success();
    sandbox.bqcred(&["status", "--wait-valid", "30m"]).success();
    sandbox.bqcred(&["status", "--wait-valid", "30m", "--offline"]).success();
    sandbox.bqcred(&["status", "--wait-valid", "3h"]).code(4).says("Google granted it for a time");
    sandbox.bqcred(&["status", "--wait-valid", "3h", "--offline"]).code(4);
    sandbox.bqcred(&["status", "--wait-valid", "200d"]).code(4).says("`bqcred login` now starts");
    google.set_refresh_token_expires_in(None);
    sandbox.login(&google, ADA, &[]).success();
    sandbox.bqcred(&["status", "--wait-valid", "170d"]).success();
    sandbox.bqcred(&["status", "--wait-valid", "200d"]).code(4).says("use it in between");
    sandbox.bqcred(&["status", "--wait-valid", "soon"]).fails(2).says("30m");
    google.revoke_grant(ADA);
    sandbox.bqcred(&["status", "--wait-valid", "1s"]).code(4).says("was revoked");
    // now it is known without a request
    let run = sandbox.bqcred(&["status", "--wait-valid", "1s", "--offline"]).code(4).says("was revoked");
    assert!(run.stdout.contains("credential  ended, as far as is known"), "{}", run.stdout);
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
    assert_eq!((&json["alive"], &json["problem_code"]), (&json!(false), &json!("revoked_or_expired")));
    assert_eq!((&json["good_until"], &json["forecast"]), (&Value::Null, &json!([])));
}

#[test]
fn many_tokens_of_one_client_give_a_warning() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    sandbox.login(&google, ADA, &[]).success();
    assert_eq!(sandbox.bqcred(&["status", "--json"]).json()["refresh_tokens"], 2);
    assert!(!sandbox.bqcred(&["status"]).stdout.contains("without a word"));
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
