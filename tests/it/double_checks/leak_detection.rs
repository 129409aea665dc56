//! Secrets in the wrong place and unexpected requests fail the test that caused them.

use super::*;

#[test]
fn secret_in_a_url_fails_the_test() {
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
fn verifier_and_client_secret_leaks_are_detected() {
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
fn unknown_path_fails_the_test() {
    let google = Google::start();
    let answer = client(&google, false).get(google.http_base() + "/favicon.ico").send().unwrap();
    assert_eq!(answer.status().as_u16(), 404);
    assert!(catch_unwind(AssertUnwindSafe(move || drop(google))).is_err());
}

#[test]
fn sandbox_detects_a_secret_in_the_output() {
    let sandbox = Sandbox::new();
    let echo = |args: &[&str]| sandbox.program("/bin/echo", args);
    echo(&["nothing to see"]).run().success();
    echo(&["1//0canary-x"]).may_print_secret().run().success();
    assert!(catch_unwind(AssertUnwindSafe(|| echo(&["1//0canary-x"]).run())).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| echo(&["1%2F%2F0canary-x"]).run())).is_err());
    let slow = || sandbox.program("/bin/sleep", &["60"]).limit(Duration::from_millis(100)).run();
    assert!(catch_unwind(AssertUnwindSafe(slow)).is_err());
}

#[test]
fn sandbox_has_terminals() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("/bin/sh");
    command.args(["-c", "test -t 0 && test -t 1 && test -t 2 && read answer && echo \"got $answer\""]);
    let mut terminal = crate::common::spawn_in_terminal(command);
    terminal.send_line("it").unwrap();
    terminal.exp_string("got it").unwrap();
}
