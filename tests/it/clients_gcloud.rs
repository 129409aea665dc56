//! gcloud and bq: they use bqcred's credential, and gcloud can run a login for bqcred, which leaves nothing
//! behind.
//!
//! gcloud is not in Debian: where it is missing, these tests are skipped even with `CI=true`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::common::{
    self, Consent, NO_GCLOUD, PERSON, Vm, ends_with, find_program, gcloud_clients, missing, skipped,
    spawn_in_terminal,
};
use crate::double::{Request, metadata};

/// Where gcloud's login shows the code to paste.
const CODE_PAGE: &str = "https://sdk.cloud.google.com/applicationdefaultauthcode.html";

const QUERY: &str = "bq --format=json query --nouse_legacy_sql 'SELECT SESSION_USER() AS who'";

/// A VM with gcloud; `None`, reported as skipped, where it is not installed.
fn vm(start: fn() -> Vm) -> Option<Vm> {
    let clients = gcloud_clients();
    if clients.is_empty() {
        skipped(NO_GCLOUD);
        return None;
    }
    if find_program("curl").is_none() {
        missing("curl");
        return None;
    }
    let vm = start();
    vm.sandbox.add_gcloud();
    vm.sandbox.link_program("curl");
    for (id, secret) in clients {
        vm.google.add_client(&id, &secret, &[CODE_PAGE]);
    }
    Some(vm)
}

/// The refresh tokens that were sent to the token endpoint.
fn refreshed_with(requests: &[Request]) -> Vec<String> {
    requests
        .iter()
        .filter(|request| request.path == "/token")
        .filter_map(|r| r.field("refresh_token"))
        .collect()
}

fn kept_refresh_token(vm: &Vm) -> String {
    let text = std::fs::read_to_string(vm.sandbox.adc("default")).unwrap();
    let adc: serde_json::Value = serde_json::from_str(&text).unwrap();
    adc["refresh_token"].as_str().unwrap().to_owned()
}

#[test]
fn gcloud_reads_the_credential_file() {
    let Some(vm) = vm(Vm::with_login) else { return };
    vm.google.take_requests();
    let script = "eval $(bqcred env); gcloud auth application-default print-access-token";
    let run = vm.bash(script).may_print_secret().run().success();
    assert!(run.stdout.starts_with("ya29.canary-"), "{}", run.stdout);
    assert_eq!(refreshed_with(&vm.google.take_requests()), [kept_refresh_token(&vm)]);
    vm.assert_never_the_vm();
}

#[test]
fn bq_after_env_runs_as_the_user() {
    let Some(vm) = vm(Vm::with_login) else { return };
    let run = vm.bash(&format!("eval $(bqcred env --gcloud); {QUERY}")).run().success();
    assert_eq!(run.json()[0]["who"], PERSON, "{}", run.stdout);
    vm.assert_only_the_user();
}

/// The control: without the account in the environment, bq runs as the VM.
#[test]
fn bq_without_account_variable_runs_as_the_vm() {
    let Some(vm) = vm(Vm::with_login) else { return };
    let script = format!("eval $(bqcred env --gcloud); unset CLOUDSDK_CORE_ACCOUNT; {QUERY}");
    let run = vm.bash(&script).run().success();
    assert_eq!(run.json()[0]["who"], metadata::ACCOUNT, "{}", run.stdout);
}

/// `bqcred login` with these arguments at a terminal, and a browser that opens every address; what is shown there.
fn login(vm: &Vm, args: &[&str], code: i32) -> String {
    // gcloud's browser inherits gcloud's environment: it records what is in gcloud's configuration
    vm.sandbox
        .script("browser", "ls -AR \"$CLOUDSDK_CONFIG\" >$TMPDIR/seen\nexec curl --silent --location \"$1\"");
    let mut terminal = spawn_in_terminal(at_browser(vm, args));
    let said = terminal.exp_eof().unwrap();
    ends_with(&terminal, code);
    said
}

fn at_browser(vm: &Vm, args: &[&str]) -> std::process::Command {
    let mut command = vm.sandbox.command("sh");
    command.args(["-c", "echo $$ >\"$TMPDIR/pid\"; exec bqcred login \"$@\"", "sh"]);
    command.args(args).envs(vm.google.env()).envs(vm.metadata.env()).env("TERM", "xterm");
    command.env("DISPLAY", ":0").env("BROWSER", "browser %s &");
    command
}

/// The folders in which a login by gcloud could leave something.
fn assert_nothing_left(vm: &Vm) {
    let state = vm.sandbox.home().join(".local/state/bqcred");
    let left: Vec<PathBuf> =
        std::fs::read_dir(state).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    let left: Vec<&PathBuf> = left.iter().filter(|path| !path.ends_with(".+gcloud.lock")).collect();
    assert!(left.is_empty(), "gcloud's login left {left:?}");
    assert!(!vm.sandbox.home().join(".config/gcloud").exists(), "gcloud wrote to the person's own settings");
    let ours = [vm.sandbox.data("default"), vm.sandbox.home().join(".cache/bqcred")];
    for secret in vm.google.secrets() {
        for file in vm.sandbox.files_with(&secret) {
            assert!(ours.iter().any(|folder| file.starts_with(folder)), "a secret is in {}", file.display());
        }
    }
    // a killed process takes a moment to end
    let until = Instant::now() + Duration::from_secs(60);
    while !processes(vm).is_empty() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(processes(vm), [""; 0], "still running");
}

/// The command lines of the processes whose home is the sandbox's.
fn processes(vm: &Vm) -> Vec<String> {
    let home = format!("HOME={}", vm.sandbox.home().display());
    let read = |path: PathBuf| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
    let folders = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let ours = folders.filter(|folder| read(folder.join("environ")).split('\0').any(|line| line == home));
    ours.map(|folder| read(folder.join("cmdline")).replace('\0', " "))
        .filter(|line| !line.is_empty())
        .collect()
}

fn assert_signed_in_as_the_user(vm: &Vm) {
    let status = vm.program("bqcred", &["status", "--json"]).run().success().json();
    assert_eq!(status["account"], PERSON);
    assert_eq!(status["valid"], true);
    assert_eq!(common::mode(&vm.sandbox.adc("default")), 0o600);
}

#[test]
fn gcloud_login_with_a_browser() {
    let Some(vm) = vm(Vm::new) else { return };
    vm.google.sign_in_browser(Some(Consent::all(PERSON)));
    login(&vm, &["--via", "gcloud", "--project", "p1"], 0);
    assert_signed_in_as_the_user(&vm);
    let seen = std::fs::read_to_string(vm.sandbox.path("tmp/seen")).unwrap();
    assert!(!seen.contains("log"), "gcloud keeps a log, which would hold the refresh token:\n{seen}");
    assert_nothing_left(&vm);
    vm.assert_never_the_vm();
}

#[test]
fn gcloud_runs_the_login_when_no_client_is_set() {
    let Some(vm) = vm(Vm::new) else { return };
    vm.google.sign_in_browser(Some(Consent::all(PERSON)));
    let said = login(&vm, &[PERSON], 0);
    for words in [
        "no OAuth client is set, so gcloud runs the sign-in",
        "`bqcred login --quota-project PROJECT` sets one",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert_signed_in_as_the_user(&vm);
    assert_nothing_left(&vm);
}

fn changes_nothing(consent: Consent, args: &[&str]) {
    let Some(vm) = vm(Vm::new) else { return };
    vm.google.sign_in_browser(Some(consent));
    let said = login(&vm, args, 1);
    assert!(said.contains("gcloud did not complete the sign-in"), "{said}");
    assert!(!vm.sandbox.adc("default").exists());
    assert_nothing_left(&vm);
}

#[test]
fn denied_consent_changes_nothing() {
    changes_nothing(Consent::denied(PERSON), &["--via", "gcloud"]);
}

#[test]
fn sign_in_with_another_account_changes_nothing() {
    changes_nothing(Consent::all(PERSON), &["bob@example.com", "--via", "gcloud"]);
}

/// A login in a terminal, up to gcloud's question for the code; and the address that gcloud shows.
fn asked_for_the_code(vm: &Vm) -> (rexpect::session::PtySession, String) {
    let mut command = vm.sandbox.command(env!("CARGO_BIN_EXE_bqcred"));
    command.args(["login", "--via", "gcloud", "--no-browser"]).env("TERM", "xterm");
    command.envs(vm.google.env()).envs(vm.metadata.env());
    let mut terminal = spawn_in_terminal(command);
    let (_, url) = terminal.exp_regex(r"https://accounts\.google\.com/\S+").unwrap();
    terminal.exp_string("enter the verification code").unwrap();
    (terminal, url)
}

#[test]
fn gcloud_login_with_a_pasted_code() {
    let Some(vm) = vm(Vm::new) else { return };
    let (mut terminal, url) = asked_for_the_code(&vm);
    let redirect = vm.google.approve(&url, PERSON);
    let code = url::Url::parse(&redirect).unwrap();
    let code = code.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    terminal.send_line(&code).unwrap();
    let rest = terminal.exp_eof().unwrap();
    ends_with(&terminal, 0);
    // gcloud's words about its own file, which is removed
    assert!(rest.contains("signed in as ada@example.com") && !rest.contains("Credentials saved"), "{rest}");
    assert_signed_in_as_the_user(&vm);
    assert_nothing_left(&vm);
}

#[test]
fn ctrl_c_removes_temporary_files() {
    let Some(vm) = vm(Vm::new) else { return };
    let (mut terminal, _) = asked_for_the_code(&vm);
    terminal.send_control('c').unwrap();
    terminal.exp_eof().unwrap();
    ends_with(&terminal, 130);
    assert!(!vm.sandbox.adc("default").exists());
    assert_nothing_left(&vm);
}

/// A signal from a script does not reach gcloud through a terminal.
#[test]
fn sigterm_removes_temporary_files_and_processes() {
    let Some(vm) = vm(Vm::new) else { return };
    let arrived = vm.sandbox.path("tmp/arrived");
    let made = std::process::Command::new("mkfifo").arg(&arrived).status().unwrap();
    assert!(made.success());
    vm.sandbox.script("browser", "echo arrived >$TMPDIR/arrived");
    // some packages start gcloud from a script that keeps running
    std::fs::remove_file(vm.sandbox.path("bin/gcloud")).unwrap();
    vm.sandbox.script("gcloud", &format!("{} \"$@\"\nexit $?", find_program("gcloud").unwrap().display()));
    let mut terminal = spawn_in_terminal(at_browser(&vm, &["--via", "gcloud"]));
    // gcloud listens now, and waits for the browser to come back
    assert_eq!(std::fs::read_to_string(&arrived).unwrap(), "arrived\n");
    let pid = std::fs::read_to_string(vm.sandbox.path("tmp/pid")).unwrap();
    assert!(std::process::Command::new("kill").args(["-TERM", pid.trim()]).status().unwrap().success());
    terminal.exp_eof().unwrap();
    ends_with(&terminal, 130);
    assert_nothing_left(&vm);
}
