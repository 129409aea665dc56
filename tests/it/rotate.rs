//! `bqcred rotate`: revoke first, then sign in again, in place; at every moment the file is complete.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::common::keyring::Keyring;
use crate::common::{self, Consent, Endpoint, Google, Run, Sandbox, Script, mode};
use crate::double::{self, CLIENT_ID, SIBLING_CLIENT_ID};
use crate::jupyter::front_end::{address, snippet};
use rexpect::session::PtySession;
use serde_json::Value;

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const NOT_COMPLETED: &str = "was revoked by a rotation that was not completed";

fn read(sandbox: &Sandbox, profile: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(sandbox.adc(profile)).unwrap()).unwrap()
}

fn refresh_token(sandbox: &Sandbox, profile: &str) -> String {
    read(sandbox, profile)["refresh_token"].as_str().unwrap().to_owned()
}

/// Why a new sign-in is needed, as `list` knows it.
fn problem(sandbox: &Sandbox, profile: &str) -> Option<String> {
    let rows = sandbox.bqcred(&["list", "--json"]).success().json();
    let row = rows.as_array().unwrap().iter().find(|row| row["profile"] == profile)?.clone();
    assert_eq!(row["valid"] == false, row["problem"].is_string(), "{row}");
    row["problem"].as_str()?.strip_prefix("this credential ").map(str::to_owned)
}

/// The first step; gives the address to open.
fn start(sandbox: &Sandbox, extra: &[&str]) -> String {
    let mut words = vec!["rotate", "--start", "--yes"];
    words.extend(extra);
    sandbox.bqcred(&words).success().stdout.trim().to_owned()
}

fn finish(sandbox: &Sandbox, answer: &str) -> Run {
    sandbox.invoke(&["rotate", "--finish", "-"]).stdin(format!("{answer}\n")).run()
}

fn ends_with(mut session: PtySession, code: i32) -> String {
    let rest = session.exp_eof().unwrap();
    let status = session.process_mut().wait().unwrap();
    assert!(format!("{status:?}").contains(&format!(", {code})")), "{status:?}\n{rest}");
    rest
}

#[test]
fn old_credential_is_revoked_before_sign_in_and_settings_stay() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--project", "p1", "--quota-project", "q1", "--scopes", "drive"]).success();
    let before = read(&sandbox, "default");
    let settings = sandbox.bqcred(&["status", "--json", "--offline"]).json();
    let old = refresh_token(&sandbox, "default");
    let url = start(&sandbox, &[]);
    assert!(!google.is_valid(&old));
    assert_eq!(read(&sandbox, "default"), before, "until there is a new one, the old file stays");
    assert_eq!(problem(&sandbox, "default").as_deref(), Some(NOT_COMPLETED));
    assert!(url.contains("login_hint=ada%40example.com") && url.contains("drive"), "{url}");
    finish(&sandbox, &google.approve(&url, ADA)).fails(0).says("has a new credential, in the same place");
    let new = refresh_token(&sandbox, "default");
    assert!(new != old && google.is_valid(&new));
    assert_eq!(mode(&sandbox.adc("default")), 0o600);
    let mut expected = before;
    expected["refresh_token"] = new.clone().into();
    assert_eq!(read(&sandbox, "default"), expected);
    assert_eq!(problem(&sandbox, "default"), None);
    let after = sandbox.bqcred(&["status", "--json", "--offline"]).json();
    for key in ["account", "project", "quota_project", "scopes", "client_id", "store", "path"] {
        assert_eq!(after[key], settings[key], "{key}");
    }
    assert_eq!(after["refresh_tokens"], 1);
    assert_eq!(google.valid_tokens(ADA), [new]);
    assert!(sandbox.files_with(&old).is_empty());
}

#[test]
fn terminal_asks_then_signs_in() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let old = refresh_token(&sandbox, "default");
    let mut session = sandbox.terminal(&["rotate", "--no-browser"]);
    session.exp_string("Revoke, and sign in again? [y/N] ").unwrap();
    assert!(google.is_valid(&old));
    session.send_line("y").unwrap();
    let text = session.exp_string("Paste the address: ").unwrap();
    assert!(!google.is_valid(&old));
    let url = text.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
    session.send_line(&google.approve(&url, ADA)).unwrap();
    let rest = ends_with(session, 0);
    assert!(rest.contains("has a new credential"), "{rest}");
    assert!(google.is_valid(&refresh_token(&sandbox, "default")));
}

#[test]
fn declining_the_prompt_changes_nothing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let old = refresh_token(&sandbox, "default");
    let mut session = sandbox.terminal(&["rotate"]);
    session.exp_string("[y/N] ").unwrap();
    session.send_line("").unwrap();
    ends_with(session, 1);
    let run = sandbox.bqcred(&["rotate", "--start"]).fails(2);
    run.says("can't ask for confirmation here; nothing was changed").says("`bqcred rotate --yes`");
    assert!(google.is_valid(&old) && refresh_token(&sandbox, "default") == old);
    assert_eq!((problem(&sandbox, "default"), google.count("/revoke")), (None, 0));
}

#[test]
fn rotation_stopped_at_sign_in_is_fixed_by_login() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--project", "p1", "--scopes", "drive"]).success();
    let before = read(&sandbox, "default");
    let mut session = sandbox.terminal(&["rotate", "--no-browser", "--yes"]);
    session.exp_string("Paste the address: ").unwrap();
    session.send_control('c').unwrap();
    let rest = ends_with(session, 130);
    assert!(
        rest.contains("the old credential is revoked at Google, and there is no new one yet: stopped"),
        "{rest}"
    );
    assert!(
        rest.contains("`bqcred login ada@example.com`") && !rest.contains("nothing was changed"),
        "{rest}"
    );
    assert_eq!(read(&sandbox, "default"), before);
    assert_eq!(problem(&sandbox, "default").as_deref(), Some(NOT_COMPLETED));
    let text = sandbox.bqcred(&["status"]).code(4).says(NOT_COMPLETED).stdout;
    assert!(text.contains("credential  was revoked by a rotation"), "{text}");
    // plain `bqcred login`, with the profile's own client, scopes and project
    let url = sandbox.bqcred(&["login", "--start"]).success().stdout;
    assert!(url.contains("drive"), "{url}");
    sandbox.bqcred(&["login", "--finish", &google.approve(url.trim(), ADA)]).success();
    let status = sandbox.bqcred(&["status", "--json"]).success().json();
    assert_eq!((&status["project"], &status["state"]), (&"p1".into(), &"valid".into()));
}

#[test]
fn killed_rotation_leaves_the_profile_marked() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let mut command = sandbox.command("sh");
    let rotate =
        format!("echo \"pid=$$=\"; exec '{}' rotate --no-browser --yes", env!("CARGO_BIN_EXE_bqcred"));
    command.args(["-c", &rotate]).env("TERM", "xterm");
    let mut session = common::spawn_in_terminal(command);
    let (_, pid) = session.exp_regex("pid=[0-9]+=").unwrap();
    session.exp_string("Paste the address: ").unwrap();
    let pid = pid.trim_matches(|c: char| !c.is_ascii_digit());
    sandbox.program("kill", &["-9", pid]).run().success();
    session.exp_eof().unwrap();
    assert_eq!(problem(&sandbox, "default").as_deref(), Some(NOT_COMPLETED));
    sandbox.login(&google, ADA, &[]).success();
    assert_eq!(problem(&sandbox, "default"), None);
}

#[test]
fn another_account_is_refused() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let before = read(&sandbox, "default");
    let url = start(&sandbox, &[]);
    let run = finish(&sandbox, &google.approve(&url, BOB)).fails(4);
    run.says("no new one yet: you signed in as bob@example.com, not as ada@example.com")
        .says("`bqcred login ada@example.com`");
    assert_eq!(read(&sandbox, "default"), before);
    assert_eq!(problem(&sandbox, "default").as_deref(), Some(NOT_COMPLETED));
    // whoever takes the profile over is not told that what was revoked lives
    let run = sandbox.login(&google, BOB, &[]).success().says("profile default was ada@example.com before");
    assert!(!run.stderr.contains("still valid"), "{}", run.stderr);
}

#[test]
fn denied_sign_in_leaves_the_profile_marked() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let url = start(&sandbox, &[]);
    finish(&sandbox, &google.approve_with(&url, Consent::denied(ADA)))
        .fails(4)
        .says("there is no new one yet");
    assert_eq!(problem(&sandbox, "default").as_deref(), Some(NOT_COMPLETED));
}

#[test]
fn sign_in_problems_are_found_before_revoking() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let old = refresh_token(&sandbox, "default");
    for (script, code) in [
        (Script::refuse("deleted_client"), 4),
        (Script::refuse("admin_policy_enforced"), 4),
        (Script::Html200, 5),
        (Script::Unavailable(503), 5),
    ] {
        google.script_always(Endpoint::Token, script);
        sandbox.bqcred(&["rotate", "--start", "--yes"]).fails(code).says("nothing was changed");
        google.clear_scripts();
        sandbox.bqcred(&["status", "--exit-code"]).success();
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let session = sandbox.terminal(&["rotate", "--yes", "--port", &port]);
    assert!(ends_with(session, 1).contains("is taken by another program"));
    assert_eq!(google.count("/revoke"), 0);
    assert!(google.is_valid(&old) && refresh_token(&sandbox, "default") == old);
}

#[test]
fn failed_revocation_changes_nothing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let old = refresh_token(&sandbox, "default");
    google.script_always(Endpoint::Revoke, Script::Unavailable(503));
    sandbox
        .bqcred(&["rotate", "--start", "--yes"])
        .fails(5)
        .says("it is still valid at Google; nothing was removed");
    google.clear_scripts();
    assert!(google.is_valid(&old));
    assert_eq!((problem(&sandbox, "default"), refresh_token(&sandbox, "default")), (None, old));
    sandbox.bqcred(&["rotate", "--finish", "4/0Abcdef"]).fails(3).says("no sign-in of profile default waits");
}

#[test]
fn revocation_that_can_not_be_sent_changes_nothing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let mut client: Value = serde_json::from_str(&google.client_json()).unwrap();
    // nothing listens there
    client["installed"]["revoke_uri"] = "http://127.0.0.1:9/revoke".into();
    let file = sandbox.write("client.json", client.to_string());
    sandbox.login(&google, ADA, &["--client-id-file", file.to_str().unwrap()]).success();
    let run = sandbox.bqcred(&["rotate", "--start", "--yes"]).fails(5);
    run.says("it is still valid at Google; nothing was removed").says("is the network up?");
    assert_eq!(problem(&sandbox, "default"), None);
    sandbox.bqcred(&["revoke", "--yes"]).fails(5).says("it may still be valid: nothing was sent to Google");
    assert!(google.is_valid(&refresh_token(&sandbox, "default")));
}

#[test]
fn unverified_revocation_leaves_the_profile_marked() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let old = refresh_token(&sandbox, "default");
    // valid before, then no answer; the server only claims to have revoked
    google.script(Endpoint::Token, Script::Pass);
    google.script_always(Endpoint::Token, Script::Unavailable(503));
    google.script_always(Endpoint::Revoke, Script::Body("application/json".to_owned(), "{}".to_owned()));
    sandbox.bqcred(&["rotate", "--start", "--yes"]).fails(5).says("whether it worked can't be checked");
    let reason = problem(&sandbox, "default").unwrap();
    assert!(reason.contains("may have been revoked by a rotation that was not completed"), "{reason}");
    google.clear_scripts();
    sandbox.bqcred(&["status", "--exit-code"]).success();
    assert_eq!((problem(&sandbox, "default"), refresh_token(&sandbox, "default")), (None, old));
}

#[test]
fn rotation_stopped_while_revoking_leaves_the_profile_marked() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let old = refresh_token(&sandbox, "default");
    google.script_always(Endpoint::Revoke, Script::Slow(std::time::Duration::from_secs(100)));
    let mut session = sandbox.terminal(&["rotate", "--no-browser", "--yes"]);
    session.exp_string("profile default (ada@example.com)").unwrap();
    let asked = std::time::Instant::now();
    while problem(&sandbox, "default").is_none() {
        assert!(asked.elapsed() < std::time::Duration::from_secs(60), "it is marked before it is revoked");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    session.send_control('c').unwrap();
    session.exp_eof().unwrap();
    assert!(problem(&sandbox, "default").unwrap().contains("not completed"));
    google.clear_scripts();
    // whichever it was, the next question finds out
    let valid = google.is_valid(&old);
    sandbox.bqcred(&["status", "--exit-code"]).code(if valid { 0 } else { 4 });
    assert_eq!(problem(&sandbox, "default").is_none(), valid);
    sandbox.login(&google, ADA, &[]).success();
    sandbox.bqcred(&["status", "--exit-code"]).success();
}

#[test]
fn revoked_credential_can_be_rotated() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    google.revoke_grant(ADA);
    let url = start(&sandbox, &[]);
    finish(&sandbox, &google.approve(&url, ADA)).success();
    sandbox.bqcred(&["status", "--exit-code"]).success();
}

#[test]
fn rotating_an_ended_profile_keeps_a_newer_grant() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    google.revoke_grant(ADA);
    sandbox.login(&google, ADA, &["--profile", "new"]).success();
    let new = refresh_token(&sandbox, "new");
    google.take_requests();
    let run = sandbox
        .bqcred(&["rotate", "--start"])
        .success()
        .says("had been revoked at Google before, or had expired; all that is left is a new sign-in");
    finish(&sandbox, &google.approve(run.stdout.trim(), ADA)).fails(0).says("has a new credential");
    assert_eq!(google.count("/revoke"), 0);
    assert!(google.is_valid(&new) && google.is_valid(&refresh_token(&sandbox, "default")));
    assert_eq!((problem(&sandbox, "new"), problem(&sandbox, "default")), (None, None));
}

#[test]
fn keep_old_revokes_nothing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let old = refresh_token(&sandbox, "default");
    let url = sandbox.bqcred(&["rotate", "--keep-old", "--start"]).success().stdout;
    assert_eq!(problem(&sandbox, "default"), None);
    finish(&sandbox, &google.approve(url.trim(), ADA))
        .fails(0)
        .says("the old one was not revoked, and may still be valid at Google");
    assert!(google.is_valid(&old) && google.is_valid(&refresh_token(&sandbox, "default")));
    assert_ne!(refresh_token(&sandbox, "default"), old);
    assert_eq!(google.count("/revoke"), 0);
}

#[test]
fn profiles_of_the_same_account_and_client_are_rotated_together() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--project", "p1"]).success();
    let settings = ["--project", "p2", "--quota-project", "q2", "--scopes", "drive"];
    sandbox.login(&google, ADA, &[&["--profile", "twin"][..], &settings].concat()).success();
    let sibling = sandbox.write("sibling.json", google.client_json_of(SIBLING_CLIENT_ID));
    let sibling = sibling.to_str().unwrap();
    sandbox.login(&google, ADA, &["--profile", "sibling", "--client-id-file", sibling]).success();
    sandbox.login(&google, BOB, &["--profile", "bob"]).success();
    let url = start(&sandbox, &[]);
    assert!(
        problem(&sandbox, "twin").unwrap().contains("a rotation of profile default that was not completed")
    );
    finish(&sandbox, &google.approve(&url, ADA)).success().says(
        "profile twin has the new credential as well, without drive: `bqcred login --profile twin` asks for that",
    );
    let again = sandbox.bqcred(&["login", "--start", "--profile", "twin"]).success().stdout;
    assert!(again.contains("auth%2Fdrive"), "{again}");
    assert_eq!(refresh_token(&sandbox, "twin"), refresh_token(&sandbox, "default"));
    let twin = sandbox.bqcred(&["status", "--profile", "twin", "--json"]).success().json();
    assert_eq!(
        (&twin["project"], &twin["quota_project"], &twin["account"]),
        (&"p2".into(), &"q2".into(), &ADA.into())
    );
    assert_eq!(read(&sandbox, "twin")["quota_project_id"], "q2");
    assert_eq!(problem(&sandbox, "sibling").as_deref(), Some("was revoked from this machine"));
    sandbox.bqcred(&["status", "--exit-code", "--profile", "bob"]).success();
}

#[test]
fn terminal_asks_for_each_profile() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    for profile in ["default", "one", "two"] {
        sandbox.login(&google, ADA, &["--profile", profile]).success();
    }
    let mut session = sandbox.terminal(&["rotate", "--no-browser"]);
    for (question, answer) in [
        ("sign in again? [y/N] ", "y"),
        ("Give profile one the new credential as well? [y/N] ", "n"),
        ("Give profile two the new credential as well? [y/N] ", "y"),
    ] {
        session.exp_string(question).unwrap();
        session.send_line(answer).unwrap();
    }
    let text = session.exp_string("Paste the address: ").unwrap();
    let url = text.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
    session.send_line(&google.approve(&url, ADA)).unwrap();
    ends_with(session, 0);
    assert_eq!(problem(&sandbox, "one").as_deref(), Some("was revoked from this machine"));
    assert_eq!((problem(&sandbox, "two"), problem(&sandbox, "default")), (None, None));
    assert_eq!(refresh_token(&sandbox, "two"), refresh_token(&sandbox, "default"));
}

#[test]
fn profile_signed_in_meanwhile_keeps_its_credential() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    sandbox.login(&google, ADA, &["--profile", "twin"]).success();
    let url = start(&sandbox, &[]);
    sandbox.login(&google, ADA, &["--profile", "twin"]).success();
    let own = refresh_token(&sandbox, "twin");
    finish(&sandbox, &google.approve(&url, ADA)).fails(0).says("profile twin was changed meanwhile");
    assert_eq!(refresh_token(&sandbox, "twin"), own);
}

#[test]
fn second_rotation_is_refused_while_one_runs() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let mut session = sandbox.terminal(&["rotate", "--no-browser", "--yes"]);
    let text = session.exp_string("Paste the address: ").unwrap();
    let revocations = google.count("/revoke");
    for verb in ["rotate", "revoke"] {
        let run = sandbox.bqcred(&[verb, "--yes"]).fails(1);
        run.says("another bqcred is rotating or revoking profile default").says("`bqcred status`");
    }
    assert_eq!(google.count("/revoke"), revocations);
    let url = text.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
    session.send_line(&google.approve(&url, ADA)).unwrap();
    ends_with(session, 0);
    // a pending two-step rotation is not replaced either
    let url = start(&sandbox, &[]);
    let run = sandbox.bqcred(&["rotate", "--start", "--yes"]).fails(1);
    run.says("waits for its answer; nothing was changed").says("`bqcred rotate --finish -`");
    finish(&sandbox, &google.approve(&url, ADA)).success();
}

/// `bqcred login` would discard it, and with it what the siblings get.
#[test]
fn every_command_leads_to_the_rotation_that_waits() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--project", "p1"]).success();
    sandbox.login(&google, ADA, &["--profile", "other", "--project", "p1"]).success();
    let url = start(&sandbox, &[]);
    let copy = sandbox.home().join("copy.json");
    for words in [
        &[][..],
        &["env"],
        &["exec", "--", "true"],
        &["exec", "--token-only", "--", "true"],
        &["export", copy.to_str().unwrap()],
        &["export", "--token-only", "-"],
        &["token"],
        &["status"],
        &["status", "--offline"],
        &["doctor", "--for", "python"],
        &["snippet", "python"],
    ] {
        let of_other = [&["--profile", "other"], words].concat();
        for (words, finish) in
            [(words, "bqcred rotate --finish -"), (&of_other, "bqcred rotate --profile default --finish -")]
        {
            let run = sandbox.bqcred(words);
            let said = format!("{}{}", run.stderr, run.stdout);
            assert!(said.contains(finish) && !said.contains("bqcred login"), "{words:?}: {said}");
            let _ = std::fs::remove_file(&copy);
        }
    }
    finish(&sandbox, &google.approve(&url, ADA)).success();
    sandbox.bqcred(&["status", "--profile", "other"]).success();
    // one that would be refused, because the profile is somebody else's by now, doesn't help
    start(&sandbox, &[]);
    let file = sandbox.adc("default");
    let text = std::fs::read_to_string(&file).unwrap().replace(ADA, "bob@example.com");
    std::fs::write(&file, text).unwrap();
    sandbox.bqcred(&["token"]).fails(4).says("`bqcred login`");
}

#[test]
fn concurrent_rotations_revoke_once() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let runs: Vec<Run> = std::thread::scope(|scope| {
        let rotate = || sandbox.bqcred(&["rotate", "--start", "--yes"]);
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(rotate)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (won, lost): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(|run| run.code == Some(0));
    assert_eq!((won.len(), google.count("/revoke")), (1, 1));
    for run in lost {
        run.fails(1).says("nothing was changed");
    }
    finish(&sandbox, &google.approve(won[0].stdout.trim(), ADA)).success();
}

#[test]
fn answer_can_be_given_again_after_a_server_failure() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let url = start(&sandbox, &[]);
    let answer = google.approve(&url, ADA);
    google.fail_token(Script::Unavailable(503));
    finish(&sandbox, &answer)
        .fails(5)
        .says("there is no new one yet")
        .says("`bqcred rotate --finish -` again");
    finish(&sandbox, &answer).success();
}

#[test]
fn new_credential_revoked_at_once_is_reported() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let url = start(&sandbox, &[]);
    google.fail_token(Script::Pass);
    google.fail_token(Script::refuse("invalid_grant"));
    let run = finish(&sandbox, &google.approve(&url, ADA)).fails(4);
    run.says("Google revoked the new credential together with the old one").says("`bqcred login`");
}

#[test]
fn notebook_is_shown_the_second_step() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    sandbox.link("bqcred", env!("CARGO_BIN_EXE_bqcred").as_ref());
    let run = sandbox.invoke(&["rotate", "--yes"]).env("JPY_PARENT_PID", "1").run().success();
    let url = address(&run.stdout);
    let cell = snippet(&run.stdout, "import subprocess, getpass");
    assert!(
        cell.contains("[\"bqcred\", \"rotate\", \"--profile\", \"default\",")
            && cell.contains("getpass.getpass")
    );
    finish(&sandbox, &google.approve(&url, ADA)).success();
}

#[test]
fn programs_with_the_old_credential_are_named() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    // a kernel is known by its connection file
    let connection = sandbox.write("kernel-1.json", "{}");
    let mut command = sandbox.command("tail");
    command.args(["-f"]).arg(&connection).env("GOOGLE_APPLICATION_CREDENTIALS", sandbox.adc("default"));
    let mut kernel = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Read::read_exact(kernel.stdout.as_mut().unwrap(), &mut [0]).unwrap();
    let url = start(&sandbox, &[]);
    let run = finish(&sandbox, &google.approve(&url, ADA));
    let pid = kernel.id();
    kernel.kill().unwrap();
    kernel.wait().unwrap();
    run.fails(0).says(&format!("Jupyter kernel tail ({pid})")).says("Restart them");
}

#[test]
fn credential_of_the_gcloud_client_is_rotated_with_gcloud() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let token = google.grant(ADA, CLIENT_ID, &["bigquery", "userinfo.email", "openid"]);
    let adc = serde_json::json!({"type": "authorized_user", "client_id": CLIENT_ID,
        "client_secret": double::CLIENT_SECRET, "refresh_token": token});
    let file = sandbox.write("adc.json", adc.to_string());
    let env = google.env();
    let run = |words: &[&str]| sandbox.invoke(words).envs(env.clone()).run();
    run(&["import", file.to_str().unwrap()]).success();
    run(&["rotate", "--yes"]).fails(3).says("gcloud is not on the PATH");
    assert!(google.is_valid(&token), "what can't be completed isn't begun");
    sandbox.link_program("python3");
    sandbox.add_gcloud_stand_in(CLIENT_ID, double::CLIENT_SECRET);
    google.add_client(
        CLIENT_ID,
        double::CLIENT_SECRET,
        &["https://sdk.cloud.google.com/applicationdefaultauthcode.html"],
    );
    run(&["rotate", "--start", "--yes", "--port", "1234"]).fails(2).says("chooses the port itself");
    assert!(google.is_valid(&token));
    let started = run(&["rotate", "--yes"]).success().says("gcloud runs the new sign-in");
    assert!(!google.is_valid(&token));
    let answer = google.approve(started.stdout.trim(), ADA);
    let finish = sandbox.invoke(&["rotate", "--finish", "-"]).envs(env.clone()).stdin(&answer).run();
    finish.success().says("has a new credential").says("the old one was revoked");
    assert!(google.is_valid(&refresh_token(&sandbox, "default")));
}

#[test]
fn keyring_item_and_session_file_are_replaced() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    keyring.bqcred(&["env"]).success();
    let session = keyring.sandbox.session_file("default");
    let old = keyring.refresh_token("default");
    let url = keyring.bqcred(&["rotate", "--start", "--yes"]).success().stdout;
    assert!(
        std::fs::read_to_string(&session).unwrap().contains(&old),
        "until there is a new one, the old stays"
    );
    let answer = google.approve(url.trim(), ADA);
    keyring.invoke(&["rotate", "--finish", "-"]).stdin(&answer).run().success();
    let new = keyring.refresh_token("default");
    assert!(new != old && google.is_valid(&new));
    assert!(std::fs::read_to_string(&session).unwrap().contains(&new));
    assert!(!keyring.sandbox.adc("default").exists());
    assert!(keyring.sandbox.files_with(&old).is_empty());
}

/// While rotations run, a reader that opens the file as libraries do never sees anything but one whole
/// credential. `BQCRED_TEST_ROTATIONS=200` runs 200 rotations and 10,000 reads.
#[test]
fn readers_always_see_a_complete_file() {
    let rotations: usize =
        std::env::var("BQCRED_TEST_ROTATIONS").map_or(25, |number| number.parse().unwrap());
    let least = rotations * 50;
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let path = sandbox.adc("default");
    let template = read(&sandbox, "default");
    let (done, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    let seen = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = std::collections::BTreeSet::new();
            while !done.load(Ordering::SeqCst) || reads.load(Ordering::SeqCst) < least {
                let text = std::fs::read_to_string(&path).unwrap();
                let mut json: Value = serde_json::from_str(&text).unwrap();
                let token = json["refresh_token"].as_str().unwrap().to_owned();
                json["refresh_token"] = template["refresh_token"].clone();
                assert_eq!(json, template);
                seen.insert(token);
                reads.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(std::time::Duration::from_micros(200)); // leaves the processor to the writers
            }
            seen
        });
        for _ in 0..rotations {
            let url = start(&sandbox, &[]);
            finish(&sandbox, &google.approve(&url, ADA)).success();
        }
        done.store(true, Ordering::SeqCst);
        reader.join().unwrap()
    });
    let reads = reads.into_inner();
    assert!(reads >= least);
    eprintln!("{reads} reads of {} credentials, during {rotations} rotations", seen.len());
    let issued = google.secrets();
    assert!(seen.iter().all(|token| issued.contains(token)), "every one was a token that Google gave out");
    assert!(seen.len() > rotations / 2, "the reader saw {} of {rotations} rotations", seen.len());
    assert_eq!(google.valid_tokens(ADA), [refresh_token(&sandbox, "default")]);
}

#[test]
fn credential_that_needs_a_new_sign_in_is_revoked_first() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    google.require_reauth(ADA);
    sandbox.bqcred(&["status"]).code(4);
    google.take_requests();
    let run = sandbox.bqcred(&["rotate", "--start", "--yes"]).success().says("is revoked at Google");
    assert_eq!((google.count("/revoke"), google.valid_tokens(ADA)), (1, Vec::new()));
    finish(&sandbox, &google.approve(run.stdout.trim(), ADA))
        .fails(0)
        .says("profile default (ada@example.com) has a new credential")
        .says("the old one was revoked at Google when the rotation was started");
}

#[test]
fn rotation_under_a_deleted_client_is_refused_before_revoking() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let old = refresh_token(&sandbox, "default");
    google.refuse_client(CLIENT_ID, "deleted_client");
    for _ in 0..2 {
        let run = sandbox.bqcred(&["rotate", "--start", "--yes"]).fails(4);
        run.says("was deleted").says("nothing was changed");
    }
    google.accept_client(CLIENT_ID);
    assert!(google.is_valid(&old) && google.count("/revoke") == 0);
    google.refuse_client(CLIENT_ID, "deleted_client");
    // with another client the sign-in can start, and still nothing proves the revocation
    let other = sandbox.write("other.json", google.client_json_of(double::OTHER_CLIENT_ID));
    sandbox.bqcred(&["client", "set", other.to_str().unwrap()]).success();
    let run = sandbox.bqcred(&["rotate", "--start", "--yes"]).fails(4);
    run.says("whether it worked can't be checked")
        .says("may still be valid at Google")
        .says("`bqcred login`");
    assert_eq!(google.count("/revoke"), 1);
    let url = sandbox.bqcred(&["login", "--start"]).success().stdout;
    let run = sandbox.bqcred(&["login", "--finish", &google.approve(url.trim(), ADA)]).fails(0);
    run.says(
        "had another credential of ada@example.com before; that credential may still be valid at Google",
    );
    sandbox.bqcred(&["status", "--exit-code"]).success();
}

#[test]
fn revocation_whose_answer_is_lost_counts_as_done() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    sandbox.login(&google, ADA, &["--profile", "twin"]).success();
    google.script(Endpoint::Revoke, Script::LoseAnswer);
    let run = sandbox.bqcred(&["rotate", "--start", "--yes"]).success().says("is revoked at Google");
    assert_eq!(google.count("/revoke"), 2, "the retry hears that there is no such token");
    assert!(problem(&sandbox, "twin").unwrap().contains("a rotation of profile default"));
    let run = finish(&sandbox, &google.approve(run.stdout.trim(), ADA)).fails(0);
    run.says("profile twin has the new credential as well");
    assert_eq!(refresh_token(&sandbox, "twin"), refresh_token(&sandbox, "default"));
    assert!(google.is_valid(&refresh_token(&sandbox, "twin")));
}

#[test]
fn revocation_that_may_have_been_received_leaves_the_profile_marked() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    google.script(Endpoint::Token, Script::Pass);
    google.script_always(Endpoint::Token, Script::Unavailable(503));
    google.script_always(Endpoint::Revoke, Script::LoseAnswer);
    let run = sandbox.bqcred(&["rotate", "--start", "--yes"]).fails(5);
    run.says("may still be valid at Google; nothing was removed");
    assert!(problem(&sandbox, "default").unwrap().contains("may have been revoked by a rotation"));
    google.clear_scripts();
    let run = sandbox.bqcred(&["rotate", "--start", "--yes"]).success();
    run.says("was revoked at Google when the rotation was started; all that is left is a new sign-in");
}

#[test]
fn abandoned_rotation_gives_its_siblings_the_new_credential_when_it_is_repeated() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    sandbox.login(&google, ADA, &["--profile", "twin"]).success();
    let url = start(&sandbox, &[]);
    finish(&sandbox, &google.approve_with(&url, Consent::denied(ADA))).fails(4);
    let url = start(&sandbox, &[]);
    finish(&sandbox, &google.approve(&url, ADA)).fails(0).says("profile twin has the new credential as well");
    assert_eq!((problem(&sandbox, "default"), problem(&sandbox, "twin")), (None, None));
}

#[test]
fn finish_completes_only_what_the_same_command_started() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let kept = refresh_token(&sandbox, "default");
    let url = sandbox.bqcred(&["login", "--start"]).success().stdout;
    let answer = google.approve(url.trim(), BOB);
    let run = finish(&sandbox, &answer).fails(1);
    run.says("`bqcred login` started the sign-in that waits for profile default, not `bqcred rotate`")
        .says("nothing was changed")
        .says("`bqcred login --finish -` completes it");
    assert_eq!(refresh_token(&sandbox, "default"), kept);
    let run = sandbox.bqcred(&["login", "--finish", &answer]).fails(0).says("signed in as bob@example.com");
    run.says("profile default was ada@example.com before; that credential is still valid at Google");
    let url = start(&sandbox, &[]);
    let answer = google.approve(&url, BOB);
    let run = sandbox.bqcred(&["login", "--finish", &answer]).fails(1);
    run.says("`bqcred rotate` started the sign-in").says("`bqcred rotate --finish -` completes it");
    finish(&sandbox, &answer).fails(0).says("profile default (bob@example.com) has a new credential");
}

#[test]
fn the_command_that_completes_what_waits_is_the_one_that_is_named() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    start(&sandbox, &[]);
    sandbox.bqcred(&["status"]).code(4).says("`bqcred rotate --finish -`");
    let client = sandbox.client_file(&google);
    let url = sandbox.bqcred(&["login", "--start", "--client-id-file", &client]).success().stdout;
    let answer = google.approve(url.trim(), ADA);
    let run = finish(&sandbox, &answer).fails(1).says("the old credential was revoked");
    run.says("`bqcred login --finish -` completes it");
    sandbox.bqcred(&["status"]).code(4).says("`bqcred login --finish -`");
    sandbox.bqcred(&["login", "--finish", &answer]).success();
}

#[test]
fn rotation_is_not_completed_for_a_profile_that_became_somebody_elses() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let url = start(&sandbox, &[]);
    let adc = serde_json::json!({"type": "authorized_user", "client_id": CLIENT_ID, "account": BOB,
        "client_secret": double::CLIENT_SECRET,
        "refresh_token": google.grant(BOB, CLIENT_ID, &["bigquery", "userinfo.email", "openid"])});
    let file = sandbox.write("adc.json", adc.to_string());
    sandbox.bqcred(&["client", "set", &sandbox.client_file(&google)]).success();
    sandbox.bqcred(&["import", file.to_str().unwrap()]).success();
    let bobs = refresh_token(&sandbox, "default");
    let run = finish(&sandbox, &google.approve(&url, ADA)).fails(1);
    run.says("the rotation was started for ada@example.com, and profile default is bob@example.com by now");
    assert!(refresh_token(&sandbox, "default") == bobs && google.is_valid(&bobs));
    start(&sandbox, &[]);
    assert!(!google.is_valid(&bobs), "the one of before does not block the next");
}

#[test]
fn rotation_of_a_clock_that_was_ahead_does_not_block_the_next() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let url = start(&sandbox, &[]);
    let file = sandbox.path("home/.local/state/bqcred/default.login");
    let mut pending: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    pending["started"] = "2099-01-01T00:00:00Z".into();
    std::fs::write(&file, pending.to_string()).unwrap();
    finish(&sandbox, &google.approve(&url, ADA)).fails(1).says("was started when the clock was");
    let url = start(&sandbox, &[]);
    finish(&sandbox, &google.approve(&url, ADA)).success();
}

#[test]
fn place_of_the_pending_sign_in_is_checked_before_revoking() {
    for is_taken in [false, true] {
        let (google, sandbox) = (Google::start(), Sandbox::new());
        sandbox.login(&google, ADA, &[]).success();
        let old = refresh_token(&sandbox, "default");
        let state = sandbox.path("home/.local/state/bqcred");
        let _ = std::fs::remove_dir_all(&state);
        if is_taken {
            std::fs::create_dir_all(state.join("default.login")).unwrap();
        } else {
            sandbox.write("home/.local/state/bqcred", "");
        }
        let rotate = sandbox.invoke(&["rotate", "--yes"]).env("JPY_PARENT_PID", "1").run();
        for run in [rotate, sandbox.bqcred(&["rotate", "--start", "--yes"])] {
            run.fails(6).says("state/bqcred").says("nothing was changed");
        }
        assert!(google.is_valid(&old) && google.count("/revoke") == 0);
        assert_eq!(problem(&sandbox, "default"), None);
    }
}
