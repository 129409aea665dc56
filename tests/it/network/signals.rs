//! Ctrl-C and SIGTERM end every wait at once, with a last sentence that is true.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::http::scene;
use super::wire::Wire;
use super::{ADA, Google, Route, Sandbox, Scene};
use crate::common::{Endpoint, Script, ends_with, spawn_in_terminal};

/// Less than any limit of a request or a lock.
const AT_ONCE: Duration = Duration::from_secs(15);

/// A server that takes every request of this kind, and answers late.
fn never_answers(scene: &Scene, endpoint: Endpoint) {
    scene.google.script_always(endpoint, Script::Slow(Duration::from_secs(100)));
}

#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let ends = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < ends, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn spawn(scene: &Scene, words: &[&str]) -> Child {
    let mut command = scene.sandbox.command(env!("CARGO_BIN_EXE_bqcred"));
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    if words.contains(&"--finish") {
        stdin.write_all(scene.answer.as_bytes()).unwrap();
    }
    child
}

fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap().success());
}

/// Sends the signal; gives stderr. The process has to end at once, with 130 and an empty stdout.
#[track_caller]
fn stopped(mut child: Child, name: &str) -> String {
    let since = Instant::now();
    signal(child.id(), name);
    let code = child.wait().unwrap().code();
    assert!(since.elapsed() < AT_ONCE, "{:?}", since.elapsed());
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((code, stdout.as_str()), (Some(130), ""), "{name}: {stderr}");
    stderr
}

/// Runs a command until the server has this request and does not answer it, and sends the signal.
#[track_caller]
fn stopped_at(scene: &Scene, wire: &Wire, words: &[&str], request: &str, name: &str) -> String {
    let count = |wire: &Wire| wire.relayed().matches(request).count();
    let before = count(wire);
    let child = spawn(scene, words);
    until(request, || count(wire) > before);
    stopped(child, name)
}

#[test]
fn signals_end_a_slow_request_and_say_what_may_have_been_done() {
    for name in ["INT", "TERM", "HUP"] {
        let (scene, wire) = scene(Route::Direct);
        let adc = std::fs::read(scene.sandbox.adc("default")).unwrap();
        never_answers(&scene, Endpoint::Token);
        let said =
            stopped_at(&scene, &wire, &["token", "--min-ttl", "99999"], "grant_type=refresh_token", name);
        assert_eq!(said, "bqcred: stopped; nothing was changed\n", "{name}");
        let finish = ["login", "--profile", "new", "--finish", "-"];
        let said = stopped_at(&scene, &wire, &finish, "grant_type=authorization_code", name);
        assert!(
            said.contains("stopped; Google may have issued a new credential, which was not saved"),
            "{said}"
        );
        assert!(said.contains("https://myaccount.google.com/connections"), "{said}");
        assert!(!scene.sandbox.adc("new").exists());
        scene.google.clear_scripts();
        never_answers(&scene, Endpoint::Revoke);
        let said = stopped_at(&scene, &wire, &["revoke", "--yes"], "POST /revoke", name);
        assert!(said.contains("stopped; the revocation was on its way and may have taken effect"), "{said}");
        assert_eq!(std::fs::read(scene.sandbox.adc("default")).unwrap(), adc, "{name}");
        scene.google.clear_scripts();
    }
}

#[test]
fn signal_ends_the_wait_for_a_lock() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    let lock = sandbox.data("default").with_file_name(".default.lock");
    let lock =
        std::fs::File::options().read(true).write(true).create(true).truncate(false).open(lock).unwrap();
    lock.lock().unwrap();
    let scene = Scene { google, sandbox, env: Vec::new(), answer: String::new() };
    let child = spawn(&scene, &["forget"]);
    let status = format!("/proc/{}/status", child.id());
    until("it waits for signals", || {
        let status = std::fs::read_to_string(&status).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(caught.trim(), 16).unwrap() & 2 != 0
    });
    assert_eq!(stopped(child, "INT"), "bqcred: stopped; nothing was changed\n");
    drop(lock);
    assert!(scene.sandbox.adc("default").exists());
}

/// A sign-in at a terminal, whose answer was pasted and whose code the server has; it does not answer.
#[test]
fn ctrl_c_after_the_answer_ends_the_login_and_restores_the_terminal() {
    let (scene, wire) = scene(Route::Direct);
    never_answers(&scene, Endpoint::Token);
    let mut shell = scene.sandbox.command("sh");
    let login = format!("{} login --no-browser --profile slow", env!("CARGO_BIN_EXE_bqcred"));
    shell
        .args(["-c", &format!("trap : INT; stty echo; {login}; echo code=$?; stty -a")])
        .env("TERM", "xterm");
    let mut terminal = spawn_in_terminal(shell);
    let before = terminal.exp_string("Paste the address: ").unwrap();
    let url = before.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
    terminal.send_line(&scene.google.approve(&url, ADA)).unwrap();
    // the first was that of the scene's own sign-in
    until("the code", || wire.relayed().matches("grant_type=authorization_code").count() == 2);
    let since = Instant::now();
    terminal.send_control('c').unwrap();
    terminal.exp_string("stopped; Google may have issued a new credential, which was not saved").unwrap();
    terminal.exp_string("code=130").unwrap();
    assert!(since.elapsed() < AT_ONCE, "{:?}", since.elapsed());
    let modes = terminal.exp_eof().unwrap();
    assert!(modes.split_whitespace().all(|mode| mode != "-echo" && mode != "-icanon"), "{modes}");
    scene.google.clear_scripts();
}

#[test]
fn ctrl_c_at_a_question_changes_nothing() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    for words in [&["rotate"][..], &["revoke"]] {
        let mut terminal = sandbox.terminal(words);
        terminal.exp_string("[y/N] ").unwrap();
        terminal.send_control('c').unwrap();
        assert!(terminal.exp_eof().unwrap().contains("\nbqcred: stopped; nothing was changed"));
        ends_with(&terminal, 130);
    }
    assert_eq!(google.count("/revoke"), 0);
    sandbox.bqcred(&["status", "--exit-code"]).success();
}

#[test]
fn signals_end_gclouds_login() {
    let sandbox = Sandbox::new();
    sandbox
        .script("gcloud", "trap '' INT; sleep 1000 & echo $! >\"$TMPDIR/child\"; echo ready >&2; wait; wait");
    let words = ["login", "--via", "gcloud"];
    let mut terminal = sandbox.terminal(&words);
    terminal.exp_string("ready").unwrap();
    let since = Instant::now();
    terminal.send_control('c').unwrap();
    assert!(terminal.exp_eof().unwrap().contains("stopped; nothing was changed"));
    ends_with(&terminal, 130);
    assert!(since.elapsed() < AT_ONCE, "{:?}", since.elapsed());
    let left = std::fs::read_dir(sandbox.home().join(".local/state/bqcred")).unwrap().flatten();
    assert_eq!(left.filter(|entry| entry.file_type().unwrap().is_dir()).count(), 0);
}
