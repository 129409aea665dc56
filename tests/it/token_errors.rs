//! Messages when the token endpoint gives no token: each cause has its code, exit code, words and suggested
//! command.

use crate::common::{Endpoint, Google, Sandbox, Script, TlsFault};
use crate::double;

const ADA: &str = "ada@example.com";

/// What is expected of a cause.
struct Told {
    code: i32,
    /// The state of the credential afterwards.
    state: &'static str,
    says: &'static str,
    hint: &'static str,
}

const fn told(code: i32, state: &'static str, says: &'static str, hint: &'static str) -> Told {
    Told { code, state, says, hint }
}

/// Both commands that use the token endpoint report the same; `token` prints nothing.
#[track_caller]
fn check(sandbox: &Sandbox, env: &[(String, String)], expected: &Told) {
    let invoke = |args: &[&str]| sandbox.invoke(args).envs(env.iter().cloned()).run();
    let run = invoke(&["token", "--min-ttl", "99999"]).fails(expected.code);
    let run = run.says(expected.says).says(expected.hint);
    assert!(run.stderr.starts_with("bqcred: ") && run.stderr.contains("\n  hint: "), "{}", run.stderr);
    let status = invoke(&["status", "--json"]).code(expected.code).json();
    assert_eq!(status["state"], expected.state, "{}", expected.says);
    let valid = if expected.code == 4 { serde_json::json!(false) } else { serde_json::Value::Null };
    assert_eq!(status["valid"], valid, "{}", expected.says);
    assert!(status["problem"].as_str().unwrap().contains(expected.says), "{}", status["problem"]);
}

#[track_caller]
fn scripted(script: Script, expected: &Told) {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    google.script_always(Endpoint::Token, script);
    check(&sandbox, &[], expected);
    // and a credential that is still valid works again as soon as Google does
    google.clear_scripts();
    sandbox.bqcred(&["status", "--exit-code"]).success();
}

#[test]
fn each_refusal_has_its_own_message() {
    for (error, expected) in [
        (
            "invalid_grant",
            told(
                4,
                "revoked",
                "was revoked or has expired",
                "every seven days: the OAuth client is in Testing; publish it",
            ),
        ),
        (
            "invalid_rapt",
            told(
                4,
                "reauth_required",
                "your organisation wants you to sign in again",
                "`bqcred login` (nothing was revoked)",
            ),
        ),
        (
            "rapt_required",
            told(4, "reauth_required", "your organisation wants you to sign in again", "`bqcred login`"),
        ),
        ("deleted_client", told(4, "client_deleted", "was deleted", "`bqcred client guide`")),
        ("disabled_client", told(4, "unknown", "was disabled", "ask its owner to enable it")),
        ("invalid_client", told(4, "unknown", "does not know this OAuth client", "`bqcred client set FILE`")),
        ("unauthorized_client", told(4, "unknown", "may not sign people in", "`bqcred client guide`")),
        (
            "admin_policy_enforced",
            told(4, "unknown", "administrator does not allow this OAuth client", "`bqcred client show`"),
        ),
        (
            "org_internal",
            told(
                4,
                "unknown",
                "members of its own organisation only",
                "sign in with an account of that organisation",
            ),
        ),
        (
            "access_denied",
            told(
                4,
                "unknown",
                "does not allow access from this device or network",
                "its VPN, a managed device",
            ),
        ),
        ("invalid_scope", told(4, "unknown", "does not grant one of the scopes", "--scopes")),
        (
            "something_new",
            told(4, "unknown", "Google refused (something_new)", "`bqcred login`, or `bqcred doctor`"),
        ),
    ] {
        scripted(Script::refuse(error), &expected);
    }
}

#[test]
fn access_denied_is_not_reported_as_a_restricted_account() {
    let denied = Script::Refuse { error: "access_denied".into(), subtype: None, description: None };
    scripted(
        denied,
        &told(4, "unknown", "was cancelled, or this account may not use", "its owner lists who may use it"),
    );
}

#[test]
fn secret_repeated_by_the_server_is_not_shown() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let secret = "1//0canary-repeated".to_owned();
    let refusal =
        Script::Refuse { error: secret.clone(), subtype: Some(secret.clone()), description: Some(secret) };
    google.script_always(Endpoint::Token, refusal);
    // every run is searched for it
    sandbox.bqcred(&["token", "--min-ttl", "99999"]).fails(4).says("an error without a name");
    sandbox.bqcred(&["status", "--json"]).code(4);
    google.clear_scripts();
}

#[test]
fn temporary_failures_are_not_refusals() {
    let troubles = [
        (Script::TooManyRequests, told(5, "valid", "Google asks to slow down (429)", "wait a minute")),
        (Script::refuse("rate_limit_exceeded"), told(5, "valid", "slow down", "wait a minute")),
        (Script::refuse("temporarily_unavailable"), told(5, "valid", "a problem of its own", "try again")),
        (Script::Unavailable(503), told(5, "valid", "a problem of its own (503)", "try again")),
        (Script::Html(500), told(5, "valid", "a problem of its own (500)", "try again")),
        (Script::Close, told(5, "valid", "broke off before the answer was complete", "try again")),
        (Script::Truncated, told(5, "valid", "broke off before the answer was complete", "try again")),
    ];
    // concurrently: each is retried after a while
    std::thread::scope(|scope| {
        for (script, expected) in troubles {
            scope.spawn(move || scripted(script, &expected));
        }
    });
}

#[test]
fn answer_not_from_google_is_reported() {
    let page = told(
        5,
        "valid",
        "a page came instead of Google's answer",
        "open a browser on this network and sign in to it",
    );
    let body = |kind: &str, body: &str| Script::Body(kind.to_owned(), body.to_owned());
    let cut = told(5, "valid", "cut off, or is not Google's", "check HTTPS_PROXY");
    for (script, expected) in [
        (Script::Html200, &page),
        (Script::Html(403), &page),
        (Script::Status(404), &page),
        (Script::Redirect("https://portal.example/login".to_owned()), &page),
        (body("text/plain", "ok"), &page),
        (body("application/json", ""), &page),
        (body("application/json", "{\"access_token\": \"ya29.canary-cut"), &cut),
        (body("text/html", "{\"welcome\": true}"), &cut),
        (Script::Huge(300_000), &cut),
    ] {
        scripted(script, expected);
    }
}

#[test]
fn temporary_failures_are_retried_and_refusals_are_not() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    google.script_times(2, Endpoint::Token, &Script::Unavailable(503));
    sandbox.bqcred(&["status", "--exit-code"]).success();
    google.take_requests();
    google.script_always(Endpoint::Token, Script::refuse("admin_policy_enforced"));
    sandbox.bqcred(&["status", "--exit-code"]).code(4);
    assert_eq!(google.take_requests().len(), 1);
    google.clear_scripts();
}

/// A credential checked under Google's host names, through a proxy.
fn at_google(google: &Google) -> (Sandbox, Vec<(String, String)>) {
    let sandbox = Sandbox::new();
    let client = sandbox.write("google.json", google.google_client_json());
    let token = google.grant(ADA, double::CLIENT_ID, &["bigquery", "userinfo.email", "openid"]);
    let adc = serde_json::json!({"type": "authorized_user", "client_id": double::CLIENT_ID,
        "client_secret": double::CLIENT_SECRET, "refresh_token": token});
    let adc = sandbox.write("adc.json", adc.to_string());
    let env = google.env();
    sandbox
        .invoke(&["import", adc.to_str().unwrap()])
        .env("BQCRED_CLIENT_ID_FILE", client)
        .envs(env.clone())
        .run()
        .success();
    (sandbox, env)
}

fn without(env: &[(String, String)], names: &[&str]) -> Vec<(String, String)> {
    env.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect()
}

#[test]
fn each_invalid_certificate_has_its_own_message() {
    let google = Google::start();
    let (sandbox, env) = at_google(&google);
    sandbox.invoke(&["status", "--exit-code"]).envs(env.clone()).run().success();
    for (fault, expected) in [
        (
            TlsFault::Untrusted,
            told(5, "valid", "an authority that this system does not trust", "SSL_CERT_FILE"),
        ),
        (TlsFault::Expired, told(5, "valid", "at the time that this machine's clock shows", "`date`")),
        (TlsFault::WrongName, told(5, "valid", "is for another host", "nothing was sent to it")),
    ] {
        google.break_tls(Some(fault));
        check(&sandbox, &env, &expected);
    }
    google.break_tls(None);
    // a company's proxy whose authority nobody told this system about
    let expected = told(5, "valid", "does not trust", "set SSL_CERT_FILE to its CA file");
    check(&sandbox, &without(&env, &["SSL_CERT_FILE"]), &expected);
}

#[test]
fn proxy_failures_are_distinguished_from_google_failures() {
    let google = Google::start();
    let (sandbox, env) = at_google(&google);
    google.set_proxy_password(Some("user:canary-password"));
    check(&sandbox, &env, &told(5, "valid", "wants a user name and a password (407)", "USER:PASSWORD@HOST"));
    google.set_proxy_password(None);
    google.script_always(Endpoint::Connect, Script::Status(403));
    check(
        &sandbox,
        &env,
        &told(5, "valid", "the proxy did not let the request through", "HTTPS_PROXY and NO_PROXY"),
    );
    google.clear_scripts();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut down = without(&env, &["HTTPS_PROXY", "https_proxy"]);
    down.push(("HTTPS_PROXY".to_owned(), format!("http://{free}")));
    check(&sandbox, &down, &told(5, "valid", "the proxy can't be reached", "HTTPS_PROXY and NO_PROXY"));
}

#[test]
fn unreachable_server_is_reported() {
    let sandbox = Sandbox::new();
    let google = Google::start();
    sandbox.login(&google, ADA, &[]).success();
    drop(google);
    check(&sandbox, &[], &told(5, "valid", "can't be reached", "is the network up?"));
}

#[test]
fn unknown_host_is_reported() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let path = sandbox.data("default").join("profile.json");
    let mut profile: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    // RFC 6761 section 6.4: this name never exists, and resolvers don't ask the network for it
    for uri in ["auth_uri", "token_uri", "revoke_uri", "tokeninfo_uri"] {
        profile["endpoints"][uri] = "https://oauth.invalid/token".into();
    }
    std::fs::write(&path, profile.to_string()).unwrap();
    check(&sandbox, &[], &told(5, "valid", "name can't be found", "HTTPS_PROXY"));
}

#[test]
fn status_reports_a_wrong_clock() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    for (skew, says) in [(3_600, "behind Google's"), (-3_600, "ahead of Google's")] {
        google.set_skew(skew);
        let offset = sandbox.bqcred(&["status", "--json"]).success().json()["clock_offset"].as_i64().unwrap();
        assert!((offset - skew).abs() < 30, "{offset}");
        let text = sandbox.bqcred(&["status"]).success().stdout;
        assert!(text.contains(says), "{text}");
    }
}

#[test]
fn token_of_another_user_is_not_handed_out_and_changes_nothing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, "ada@example.com", &[]).success();
    let kept = std::fs::read(sandbox.adc("default")).unwrap();
    google.claim_user(Some("bob@example.com"));
    for words in [&["token"][..], &["status"], &["rotate", "--start", "--yes"]] {
        let run = sandbox.bqcred(words).code(4).says("a token of another user");
        assert!(!run.stdout.contains("ya29") && !run.stdout.contains("bob"), "{}", run.stdout);
    }
    assert_eq!(std::fs::read(sandbox.adc("default")).unwrap(), kept);
    assert_eq!(sandbox.bqcred(&["status", "--offline", "--json"]).json()["account"], "ada@example.com");
    assert_eq!(google.count("/revoke"), 0);
    google.claim_user(None);
    // the same user under a new address
    google.claim_email(Some("ada.new@example.com"));
    let run = sandbox.bqcred(&["status"]).success();
    run.says("Google names ada.new@example.com as the account of this credential; it was ada@example.com");
    let adc: serde_json::Value =
        serde_json::from_slice(&std::fs::read(sandbox.adc("default")).unwrap()).unwrap();
    assert_eq!(adc["account"], "ada.new@example.com");
}

#[test]
fn lifetime_of_a_token_may_be_text_and_is_never_nothing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let token = || sandbox.invoke(&["token", "--min-ttl", "99999"]).may_print_secret().run();
    for written in [serde_json::json!("3599"), serde_json::json!(3599.5)] {
        google.write_expires_in(Some(written));
        sandbox.login(&google, "ada@example.com", &[]).success();
        assert!(token().success().stdout.starts_with("ya29."));
    }
    for written in [serde_json::json!(0), serde_json::json!(-3599), serde_json::json!("0")] {
        google.write_expires_in(Some(written));
        let run = token().fails(5).says("has expired already");
        assert_eq!(run.stdout, "");
        sandbox.login(&google, "ada@example.com", &[]).success();
    }
    google.write_expires_in(Some(serde_json::json!("soon")));
    let run = token().fails(5).says("`expires_in` is no number");
    assert!(!run.stderr.contains("proxy"), "{}", run.stderr);
}
