//! `bqcred revoke`: what it lists, what it revokes and verifies, and what it keeps when it fails.

use std::process::{Child, Command, Stdio};

use crate::common::keyring::Keyring;
use crate::common::{Endpoint, Google, Sandbox, Script};
use crate::double::{CLIENT_ID, CLIENT_SECRET, OTHER_CLIENT_ID, SIBLING_CLIENT_ID};
use serde_json::Value;

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

fn refresh_token(sandbox: &Sandbox, profile: &str) -> String {
    let text = std::fs::read_to_string(sandbox.adc(profile)).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["refresh_token"].as_str().unwrap().to_owned()
}

/// Why a new sign-in is needed, as `list` knows it.
fn problem(sandbox: &Sandbox, profile: &str) -> Option<String> {
    let rows = sandbox.bqcred(&["list", "--json"]).success().json();
    let row = rows.as_array().unwrap().iter().find(|row| row["profile"] == profile)?.clone();
    assert_eq!(row["valid"] == false, row["problem"].is_string(), "{row}");
    row["problem"].as_str()?.strip_prefix("this credential ").map(str::to_owned)
}

fn login_as(sandbox: &Sandbox, google: &Google, who: &str, profile: &str, client: &str) {
    let file = sandbox.write(&format!("{client}.json"), google.client_json_of(client));
    let file = file.to_str().unwrap();
    sandbox.login(google, who, &["--profile", profile, "--client-id-file", file]).success();
}

#[test]
fn grant_is_revoked_and_profile_removed() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    sandbox.bqcred(&["use", "default"]).success();
    let token = refresh_token(&sandbox, "default");
    google.take_requests();
    sandbox.bqcred(&["revoke", "--yes"]).fails(0).says("the credential of ada@example.com is revoked");
    assert!(!google.is_valid(&token));
    assert!(!sandbox.data("default").exists());
    assert!(sandbox.files_with(&token).is_empty());
    let asked: Vec<String> = google.take_requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(asked, ["/revoke", "/token"], "revoked, then proved");
    sandbox.bqcred(&["revoke", "--yes"]).fails(3).says("`bqcred login`");
}

#[test]
fn without_terminal_yes_is_required() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--profile", "work"]).success();
    let token = refresh_token(&sandbox, "work");
    let run = sandbox.bqcred(&["revoke", "--profile", "work"]).fails(2);
    run.says("can't ask for confirmation here; nothing was changed")
        .says("`bqcred revoke --profile work --yes`");
    assert!(google.is_valid(&token) && sandbox.adc("work").exists());
    assert_eq!(google.count("/revoke"), 0);
}

#[test]
fn terminal_prompt_must_be_confirmed() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    for (answer, code) in [("", 1), ("n", 1), ("y", 0)] {
        let mut session = sandbox.terminal(&["revoke"]);
        let before = session.exp_string("Revoke? [y/N] ").unwrap();
        assert!(before.contains("on every machine") && before.contains("profile default (ada@example.com)"));
        assert!(sandbox.adc("default").exists());
        session.send_line(answer).unwrap();
        let rest = session.exp_eof().unwrap();
        let status = session.process().wait().unwrap();
        assert!(format!("{status:?}").contains(&format!(", {code})")), "{status:?} {rest}");
    }
    assert!(!sandbox.data("default").exists());
}

/// A program that runs with this profile's file in its environment.
struct Running(Child);

impl Running {
    fn start(sandbox: &Sandbox, profile: &str) -> Self {
        let mut command = sandbox.command("cat");
        command.env("GOOGLE_APPLICATION_CREDENTIALS", sandbox.adc(profile));
        Running::of(command)
    }

    /// The same by `bqcred exec`, which leaves no lasting path.
    fn exec(sandbox: &Sandbox, options: &[&str]) -> Self {
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_bqcred"));
        command.arg("exec").args(options).args(["--", "cat"]);
        Running::of(command)
    }

    fn of(mut command: Command) -> Self {
        command.env("API_KEY", "canary-of-another");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // what comes back proves that the program runs, with its own environment
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"x").unwrap();
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        Running(child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn everything_affected_is_listed_before_the_prompt() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    login_as(&sandbox, &google, ADA, "sibling", SIBLING_CLIENT_ID);
    login_as(&sandbox, &google, ADA, "stranger", OTHER_CLIENT_ID);
    sandbox.login(&google, BOB, &["--profile", "bob"]).success();
    let gclouds = sandbox.home().join(".config/gcloud");
    sandbox.bqcred(&["export", "--well-known"]).success();
    let copy = std::fs::read(sandbox.adc("default")).unwrap();
    sandbox.write("home/.config/gcloud/legacy_credentials/ada@example.com/adc.json", &copy);
    let pydata = sandbox.write("home/.config/pydata/pydata_google_credentials.json", &copy);
    let bobs = std::fs::read(sandbox.adc("bob")).unwrap();
    sandbox.write("home/.config/gcloud/legacy_credentials/bob@example.com/adc.json", bobs);
    let adc = sandbox.adc("default");
    let env = serde_json::json!({"GOOGLE_APPLICATION_CREDENTIALS": adc});
    let spec = serde_json::json!({"argv": ["python"], "display_name": "x", "language": "python", "env": env});
    let kernel = sandbox.write("home/.local/share/jupyter/kernels/py/kernel.json", spec.to_string());
    let running = Running::start(&sandbox, "default");
    let other = Running::start(&sandbox, "bob");
    let run = sandbox.bqcred(&["revoke"]).fails(2);
    for line in [
        "profile sibling (ada@example.com)".to_owned(),
        format!("the same grant in {}", gclouds.join("application_default_credentials.json").display()),
        format!(
            "the same grant in {}",
            gclouds.join("legacy_credentials/ada@example.com/adc.json").display()
        ),
        format!("the same grant in {}", pydata.display()),
        format!("the kernelspec {}", kernel.display()),
        format!("cat ({})", running.0.id()),
    ] {
        assert!(run.stderr.contains(&line), "{line}\n{}", run.stderr);
    }
    for other in
        ["stranger".to_owned(), "bob".to_owned(), other.0.id().to_string(), "canary-of-another".to_owned()]
    {
        assert!(!run.stderr.contains(&other), "{other}\n{}", run.stderr);
    }
}

#[test]
fn programs_under_exec_are_listed_by_their_credential() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    sandbox.login(&google, BOB, &["--profile", "bob"]).success();
    login_as(&sandbox, &google, ADA, "sibling", SIBLING_CLIENT_ID);
    let in_memory = Running::exec(&sandbox, &[]);
    let of_sibling = Running::exec(&sandbox, &["--profile", "sibling"]);
    let of_bob = Running::exec(&sandbox, &["--profile", "bob"]);
    let stderr = sandbox.bqcred(&["revoke"]).fails(2).stderr;
    for running in [&in_memory, &of_sibling] {
        assert!(stderr.contains(&format!("cat ({})", running.0.id())), "{stderr}");
    }
    assert!(!stderr.contains(&of_bob.0.id().to_string()), "{stderr}");
}

#[test]
fn other_profiles_of_the_grant_are_marked_as_revoked_and_kept() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    login_as(&sandbox, &google, ADA, "sibling", SIBLING_CLIENT_ID);
    login_as(&sandbox, &google, ADA, "stranger", OTHER_CLIENT_ID);
    sandbox.login(&google, BOB, &["--profile", "bob"]).success();
    let token = sandbox.invoke(&["token", "--profile", "sibling"]).may_print_secret().run().success().stdout;
    assert!(token.starts_with("ya29."));
    sandbox.bqcred(&["revoke", "--yes"]).fails(0).says("profile sibling is revoked with it");
    assert_eq!(problem(&sandbox, "sibling").as_deref(), Some("was revoked from this machine"));
    assert_eq!((problem(&sandbox, "stranger"), problem(&sandbox, "bob")), (None, None));
    assert!(sandbox.adc("sibling").exists());
    // the cached access token is revoked, and is not printed any more
    let run = sandbox.bqcred(&["token", "--profile", "sibling"]).fails(4);
    run.says("this credential was revoked from this machine").says("`bqcred login --profile sibling`");
    sandbox.bqcred(&["status", "--profile", "stranger"]).success();
}

#[test]
fn already_revoked_succeeds() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    google.revoke_grant(ADA);
    sandbox.bqcred(&["revoke", "--yes"]).fails(0).says("had been revoked at Google before, or had expired");
    assert!(!sandbox.data("default").exists());
}

#[test]
fn revoking_an_ended_profile_keeps_a_newer_grant() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--profile", "old"]).success();
    google.revoke_grant(ADA);
    sandbox.login(&google, ADA, &["--profile", "new"]).success();
    // whether that is known here or not
    for asked_before in [false, true] {
        if asked_before {
            sandbox.login(&google, ADA, &["--profile", "old"]).success();
            google.revoke_grant(ADA);
            sandbox.login(&google, ADA, &["--profile", "new"]).success();
            sandbox.bqcred(&["status", "--profile", "old"]).code(4);
        }
        let run = sandbox.bqcred(&["revoke", "--profile", "old", "--yes"]).fails(0).says("before");
        assert_eq!(run.stderr.contains("profile new"), !asked_before, "{}", run.stderr);
        assert_eq!(problem(&sandbox, "new"), None);
        assert!(google.is_valid(&refresh_token(&sandbox, "new")) && !sandbox.data("old").exists());
    }
}

#[test]
fn failing_revocation_endpoint_removes_nothing() {
    let failures = [
        Script::Html200,
        Script::Html(403),
        Script::Html(503),
        Script::Unavailable(503),
        Script::TooManyRequests,
        Script::Close,
        Script::Status(502),
        Script::Redirect("http://127.0.0.1:9/".to_owned()),
    ];
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let token = refresh_token(&sandbox, "default");
    for failure in failures {
        google.script_always(Endpoint::Revoke, failure.clone());
        let run = sandbox.bqcred(&["revoke", "--yes"]).fails(5);
        run.says("it is still valid at Google; nothing was removed");
        assert!(google.is_valid(&token) && refresh_token(&sandbox, "default") == token, "{failure:?}");
        assert_eq!(problem(&sandbox, "default"), None);
    }
    google.clear_scripts();
    sandbox.bqcred(&["revoke", "--yes"]).success();
}

#[test]
fn network_failure_removes_nothing() {
    let sandbox = Sandbox::new();
    let google = Google::start();
    sandbox.login(&google, ADA, &[]).success();
    drop(google);
    sandbox
        .bqcred(&["revoke", "--yes"])
        .fails(5)
        .says("nothing was sent to Google")
        .says("is the network up?");
    assert!(sandbox.adc("default").exists());
}

#[test]
fn ineffective_revocation_is_detected() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    google.script_always(Endpoint::Revoke, Script::Body("application/json".to_owned(), "{}".to_owned()));
    sandbox.bqcred(&["revoke", "--yes"]).fails(5).says("is still valid at Google; nothing was removed");
    assert!(sandbox.adc("default").exists());
    // and an unverified revocation does not count as done
    google.script_always(Endpoint::Token, Script::Unavailable(503));
    sandbox.bqcred(&["revoke", "--yes"]).fails(5).says("whether it worked can't be checked");
    assert!(sandbox.adc("default").exists());
    google.clear_scripts();
}

#[test]
fn refused_revocation_removes_nothing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    google.script_always(Endpoint::Revoke, Script::refuse("invalid_request"));
    sandbox
        .bqcred(&["revoke", "--yes"])
        .fails(4)
        .says("still valid")
        .says("myaccount.google.com/connections");
    assert!(sandbox.adc("default").exists());
    google.clear_scripts();
}

#[test]
fn server_without_revocation_endpoint_is_reported_before_the_prompt() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let mut client: Value = serde_json::from_str(&google.client_json()).unwrap();
    client["installed"].as_object_mut().unwrap().remove("revoke_uri");
    let file = sandbox.write("client.json", client.to_string());
    sandbox.login(&google, ADA, &["--client-id-file", file.to_str().unwrap()]).success();
    let run = sandbox.bqcred(&["revoke", "--yes"]).fails(1);
    run.says("has no revocation endpoint").says("`bqcred forget`").says("nothing was sent to Google");
    assert!(sandbox.adc("default").exists());
}

#[test]
fn unreadable_credential_is_not_revoked() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let token = refresh_token(&sandbox, "default");
    std::fs::write(sandbox.adc("default"), "{").unwrap();
    sandbox.bqcred(&["revoke", "--yes"]).fails(6);
    assert!(google.is_valid(&token));
    assert_eq!(google.count("/revoke"), 0);
}

#[test]
fn keyring_item_and_session_file_are_removed() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    keyring.bqcred(&["env"]).success();
    let session = keyring.sandbox.session_file("default");
    assert!(session.exists());
    let token = keyring.refresh_token("default");
    keyring.bqcred(&["revoke", "--yes"]).fails(0).says("is revoked");
    assert!(!google.is_valid(&token) && !session.exists());
    assert_eq!(keyring.lookup("default"), "");
}

#[test]
fn locked_keyring_changes_nothing() {
    let google = Google::start();
    let Some(keyring) = Keyring::with_login(&google, ADA) else { return };
    let token = keyring.refresh_token("default");
    keyring.lock();
    for command in ["revoke", "rotate"] {
        keyring.bqcred(&[command, "--yes"]).fails(6).says("locked");
    }
    assert_eq!(google.count("/revoke"), 0);
    assert!(google.is_valid(&token));
    let rows = keyring.bqcred(&["list", "--json"]).success().json();
    assert_eq!((&rows[0]["profile"], &rows[0]["state"]), (&"default".into(), &"valid".into()));
}

#[test]
fn kernels_of_the_profile_are_restored_or_named() {
    const SPEC: &str = "{\"argv\": [\"python\"], \"display_name\": \"x\", \"language\": \"python\"}\n";
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--project", "p1"]).success();
    let folder = "home/.local/share/jupyter/kernels";
    let kernel = sandbox.write(&format!("{folder}/py/kernel.json"), SPEC);
    let spec =
        serde_json::json!({"argv": ["x"], "env": {"GOOGLE_APPLICATION_CREDENTIALS": sandbox.adc("default")}});
    let by_hand = sandbox.write(&format!("{folder}/by-hand/kernel.json"), spec.to_string());
    sandbox.bqcred(&["kernel", "install", "py"]).success();
    assert_ne!(std::fs::read_to_string(&kernel).unwrap(), SPEC);
    let run = sandbox.bqcred(&["revoke", "--yes"]).success();
    run.says(&format!("{} names a file that is gone", by_hand.display()));
    assert_eq!(std::fs::read_to_string(&kernel).unwrap(), SPEC);
    assert_eq!(std::fs::read_to_string(&by_hand).unwrap(), spec.to_string());
}

#[test]
fn credential_that_needs_a_new_sign_in_is_revoked() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    google.require_reauth(ADA);
    sandbox.bqcred(&["status"]).code(4);
    sandbox
        .bqcred(&["revoke", "--yes"])
        .fails(0)
        .says("the credential of ada@example.com is revoked at Google");
    assert_eq!(google.valid_tokens(ADA), Vec::<String>::new());
    assert_eq!(google.count("/revoke"), 1);
}

#[test]
fn credential_of_a_deleted_client_is_kept_as_nothing_proves_its_revocation() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    google.refuse_client(CLIENT_ID, "deleted_client");
    sandbox.bqcred(&["status"]).code(4);
    let run = sandbox.bqcred(&["revoke", "--yes"]).fails(4);
    run.says("the server accepted the revocation, but whether it worked can't be checked")
        .says("the credential may still be valid at Google; nothing was removed")
        .says("`bqcred forget` removes it here");
    assert_eq!(google.count("/revoke"), 1);
    assert!(sandbox.adc("default").exists());
    // restored, it shows that the revocation worked
    google.accept_client(CLIENT_ID);
    sandbox.bqcred(&["revoke", "--yes"]).fails(0).says("had been revoked at Google before, or had expired");
    assert!(!sandbox.data("default").exists());
}

#[test]
fn revocation_whose_answer_is_lost_is_resolved_by_a_refresh() {
    for is_always in [false, true] {
        let (google, sandbox) = (Google::start(), Sandbox::new());
        sandbox.login(&google, ADA, &[]).success();
        login_as(&sandbox, &google, ADA, "sibling", SIBLING_CLIENT_ID);
        match is_always {
            true => google.script_always(Endpoint::Revoke, Script::LoseAnswer),
            false => google.script(Endpoint::Revoke, Script::LoseAnswer),
        }
        let run = sandbox.bqcred(&["revoke", "--yes"]).fails(0);
        run.says("the credential of ada@example.com is revoked at Google")
            .says("profile sibling is revoked with it");
        assert_eq!(problem(&sandbox, "sibling").as_deref(), Some("was revoked from this machine"));
    }
}

#[test]
fn revocation_that_can_not_be_resolved_removes_nothing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    google.script_always(Endpoint::Revoke, Script::LoseAnswer);
    google.script_always(Endpoint::Token, Script::Unavailable(503));
    let run = sandbox.bqcred(&["revoke", "--yes"]).fails(5);
    run.says("it may still be valid at Google; nothing was removed").says("try again");
    assert!(sandbox.adc("default").exists());
    assert_eq!(sandbox.bqcred(&["list", "--json"]).json()[0]["state"], "unknown");
    google.clear_scripts();
    sandbox.bqcred(&["revoke", "--yes"]).fails(0).says("had been revoked at Google before");
}

/// A credential of gcloud's, as gcloud writes it: without an account.
fn gclouds(token: &str) -> String {
    serde_json::json!({"account": "", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        "refresh_token": token, "type": "authorized_user", "universe_domain": "googleapis.com"})
    .to_string()
}

#[test]
fn gclouds_file_is_named_only_if_it_shares_the_grant() {
    const FILE: &str = "home/.config/gcloud/application_default_credentials.json";
    let scopes = ["openid", "userinfo.email", "bigquery"];
    for (who, is_named) in [(ADA, true), (BOB, false)] {
        let (google, sandbox) = (Google::start(), Sandbox::new());
        sandbox.login(&google, ADA, &[]).success();
        let file = sandbox.write(FILE, gclouds(&google.grant(who, CLIENT_ID, &scopes)));
        let file = file.display().to_string();
        let run = sandbox.bqcred(&["revoke"]).fails(2);
        assert_eq!(run.stderr.contains(&format!("the same grant in {file}")), is_named, "{}", run.stderr);
        let run = sandbox.bqcred(&["revoke", "--yes"]).fails(0);
        assert_eq!(run.stderr.contains("no longer works"), is_named, "{}", run.stderr);
        assert_eq!(run.stderr.contains(&file), is_named, "{}", run.stderr);
    }
    // whose it is can't be found out
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let file = sandbox.write(FILE, gclouds(&google.grant(BOB, CLIENT_ID, &["bigquery"])));
    google.script_always(Endpoint::Tokeninfo, Script::Unavailable(503));
    let run = sandbox.bqcred(&["revoke", "--yes"]).fails(0);
    let run = run
        .says(&format!("perhaps {}: it does not say whose credential it holds", file.display()))
        .says(&format!("{} may be revoked as well", file.display()));
    assert!(!run.stderr.contains("no longer works"), "{}", run.stderr);
}

#[test]
fn credential_that_came_from_gcloud_ends_gclouds_on_every_machine() {
    let scopes = ["openid", "userinfo.email", "bigquery"];
    for words in [&["import", "--from", "gcloud"][..], &["import", "--from", "gcloud", "--move"]] {
        let (google, sandbox) = (Google::start(), Sandbox::new());
        sandbox.bqcred(&["client", "set", &sandbox.client_file(&google)]).success();
        let adc = gclouds(&google.grant(ADA, CLIENT_ID, &scopes));
        sandbox.write("home/.config/gcloud/application_default_credentials.json", adc);
        sandbox.bqcred(words).success();
        for command in ["revoke", "rotate"] {
            let run = sandbox.bqcred(&[command]).fails(2);
            run.says("`gcloud auth application-default login` of this account, on every machine");
        }
    }
    // an export to gcloud's place is still bqcred's own
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    sandbox.bqcred(&["export", "--well-known"]).success();
    let run = sandbox.bqcred(&["revoke"]).fails(2).says("the same grant in");
    assert!(!run.stderr.contains("`gcloud auth"), "{}", run.stderr);
}
