//! gcloud's login in two steps: no client, nothing at hand but gcloud, and nobody can be asked. With a stand-in for
//! gcloud, and where gcloud is installed, with the real one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::{Consent, Invocation, PERSON, Run, Sandbox, Script, Vm, gcloud_clients, mode, venv};
use crate::jupyter::front_end::address;

/// Where gcloud's login shows the code to copy.
const CODE_PAGE: &str = "https://sdk.cloud.google.com/applicationdefaultauthcode.html";
/// A client that is not bqcred's user's.
const GCLOUD: (&str, &str) = ("1234-gcloud.apps.googleusercontent.com", "gcloud-secret");
/// What a killed process may need to be gone.
const SOON: Duration = Duration::from_secs(60);

/// A VM with the stand-in for gcloud.
fn stand_in() -> Vm {
    let vm = Vm::new();
    vm.google.add_client(GCLOUD.0, GCLOUD.1, &[CODE_PAGE]);
    vm.sandbox.add_gcloud_stand_in(GCLOUD.0, GCLOUD.1);
    vm
}

/// Both: the stand-in, and the real gcloud where there is one.
fn vms() -> Vec<Vm> {
    let clients = gcloud_clients();
    let real = (!clients.is_empty()).then(|| {
        let vm = Vm::new();
        vm.sandbox.add_gcloud();
        for (id, secret) in clients {
            vm.google.add_client(&id, &secret, &[CODE_PAGE]);
        }
        vm
    });
    [Some(stand_in()), real].into_iter().flatten().collect()
}

fn bqcred(vm: &Vm, words: &[&str]) -> Invocation {
    vm.program("bqcred", words)
}

fn start(vm: &Vm, words: &[&str]) -> Run {
    bqcred(vm, &[&["login", "--start"], words].concat()).run().success()
}

fn finish(vm: &Vm, answer: &str) -> Run {
    bqcred(vm, &["login", "--finish", "-"]).stdin(answer).run()
}

/// The address at which the browser ends, and the code that the page there shows.
fn approve(vm: &Vm, started: &Run, who: &str) -> (String, String) {
    let address = vm.google.approve(&address(&started.stdout), who);
    let url = url::Url::parse(&address).unwrap();
    let code = url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    (address, code)
}

/// The processes of this home: their ids and command lines.
fn processes(vm: &Vm) -> Vec<(String, String)> {
    let home = format!("HOME={}", vm.sandbox.home().display());
    let read = |path: PathBuf| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
    let folders = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let ours = folders.filter(|folder| read(folder.join("environ")).split('\0').any(|line| line == home));
    ours.map(|folder| {
        let pid = folder.file_name().unwrap().to_str().unwrap().to_owned();
        (pid, read(folder.join("cmdline")).replace('\0', " "))
    })
    .filter(|(_, line)| !line.is_empty())
    .collect()
}

/// The process that keeps gcloud waiting: one that is replaced takes a moment to end.
fn supervisor(vm: &Vm) -> String {
    let mut found = Vec::new();
    until("one process keeps gcloud waiting", || {
        found = processes(vm);
        found.retain(|(_, line)| line.starts_with("bqcred __keep-gcloud"));
        found.len() == 1
    });
    found.remove(0).0
}

fn kill(pid: &str) {
    assert!(Command::new("kill").args(["-KILL", pid]).status().unwrap().success());
}

#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let limit = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < limit, "not within {SOON:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn state_files(vm: &Vm) -> Vec<PathBuf> {
    let state = vm.sandbox.home().join(".local/state/bqcred");
    let entries = std::fs::read_dir(state).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.extension().is_none_or(|extension| extension != "lock")).collect()
}

/// No process, no file of gcloud's, and no secret outside of the profile.
#[track_caller]
fn assert_nothing_left(vm: &Vm) {
    until("no process is left", || processes(vm).is_empty());
    until("no folder of gcloud is left", || state_files(vm).iter().all(|path| !path.is_dir()));
    assert!(!vm.sandbox.home().join(".config/gcloud").exists());
    assert_no_secret_outside_of_the_profile(vm);
}

#[track_caller]
fn assert_no_secret_outside_of_the_profile(vm: &Vm) {
    let ours = [vm.sandbox.data("default"), vm.sandbox.home().join(".cache/bqcred")];
    for secret in vm.google.secrets() {
        for file in vm.sandbox.files_with(&secret) {
            // what the tests themselves need has a client in it
            let is_tests = file.ends_with("gcloud.py") || file.ends_with("client_secret.json");
            let is_good = is_tests || ours.iter().any(|folder| file.starts_with(folder));
            assert!(is_good, "a secret is in {}", file.display());
        }
    }
}

#[track_caller]
fn assert_signed_in(vm: &Vm) {
    let status = bqcred(vm, &["status", "--json"]).run().success().json();
    assert_eq!((&status["account"], &status["valid"]), (&json!(PERSON), &json!(true)));
    assert_eq!(mode(&vm.sandbox.adc("default")), 0o600);
}

#[test]
fn two_steps_with_the_address_of_the_page() {
    for vm in vms() {
        let started = start(&vm, &["--project", "p1"]);
        assert!(
            started.stdout.starts_with("https://accounts.google.com/") && started.stdout.lines().count() == 1
        );
        started.says("no OAuth client is set, so gcloud runs the sign-in");
        let started = start(&vm, &[]);
        let (address, code) = approve(&vm, &started, PERSON);
        finish(&vm, &address).success().says("signed in as ada@example.com");
        assert_signed_in(&vm);
        assert_nothing_left(&vm);
        // the same answer, again
        finish(&vm, &code)
            .fails(3)
            .says("no sign-in of profile default waits")
            .says("was completed")
            .says("as ada@example.com, and an answer can be used once");
        vm.assert_never_the_vm();
    }
}

#[test]
fn in_a_cell_it_is_explained_and_the_bare_code_is_taken() {
    let vm = stand_in();
    let in_cell = |words: &[&str]| bqcred(&vm, words).env("JPY_PARENT_PID", "1");
    let started = in_cell(&["login"]).run().success();
    let shown = started.stdout.clone();
    assert!(shown.contains("The page then shows a code") && shown.contains("Paste the code: "), "{shown}");
    let (_, code) = approve(&vm, &started, PERSON);
    in_cell(&["login", "--finish", "-"]).stdin(&code).run().success().says("signed in as ada@example.com");
    assert_signed_in(&vm);
    assert_nothing_left(&vm);
}

#[test]
fn the_caller_is_not_waited_for_and_nothing_of_it_is_held() {
    let vm = stand_in();
    let script =
        "cd tmp; x=$(bqcred login --start 5>held 2>&1 | cat); printf '%s' \"$x\" >address; echo ended";
    let run = vm.bash(script).limit(Duration::from_secs(60)).run().success();
    assert_eq!(run.stdout, "ended\n");
    let proc = Path::new("/proc").join(supervisor(&vm));
    let held: Vec<PathBuf> = std::fs::read_dir(proc.join("fd"))
        .unwrap()
        .map(|fd| fd.unwrap().path().read_link().unwrap())
        .collect();
    let root = vm.sandbox.path("");
    for path in held.iter().filter(|path| path.starts_with(&root)) {
        assert!(path.ends_with("code.pipe"), "{held:?}");
        assert_eq!(mode(path), 0o600);
    }
    assert_eq!(held.iter().filter(|path| path == &Path::new("/dev/null")).count(), 3, "{held:?}");
    assert_eq!(proc.join("cwd").read_link().unwrap(), Path::new("/"));
    let stat = std::fs::read_to_string(proc.join("stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    assert_eq!(fields[3], proc.file_name().unwrap().to_str().unwrap(), "a session of its own");
    // a machine that is shut down asks it to stop
    assert!(Command::new("kill").args(["-TERM", &supervisor(&vm)]).status().unwrap().success());
    assert_nothing_left(&vm);
}

#[test]
fn wrong_codes_are_told_apart() {
    for vm in vms() {
        let start_again = |words: &[&str]| start(&vm, words);
        // another sign-in's address leaves this one waiting
        let first = start_again(&[]);
        let (old, _) = approve(&vm, &first, PERSON);
        let second = start_again(&[]).says("this replaces the sign-in of profile default");
        finish(&vm, &old)
            .fails(1)
            .says("this answer belongs to another sign-in")
            .says("paste the code that the last `bqcred login --start` led to");
        let run = finish(&vm, second.stdout.trim()).fails(2).says("this is the address to open");
        assert!(run.says("shows a code. Copy the whole code").stderr.find("127.0.0.1").is_none());
        // what is no code of this sign-in ends gcloud
        finish(&vm, "4/0not-a-code-of-anybody").fails(4).says("Google did not accept the code");
        assert_nothing_left(&vm);
        finish(&vm, "4/0not-a-code-of-anybody").fails(3).says("no sign-in of profile default waits");
        assert!(!vm.sandbox.adc("default").exists());
    }
}

#[test]
fn a_credential_that_is_issued_and_not_saved_is_named() {
    let vm = stand_in();
    // gcloud gets a credential, which then can't be confirmed
    let started = start(&vm, &[]);
    let (_, code) = approve(&vm, &started, PERSON);
    vm.google.fail_token(Script::Pass);
    (0..3).for_each(|_| vm.google.fail_token(Script::Close));
    let run = finish(&vm, &code).fails(5).says("a new credential was issued, and was not saved");
    assert!(!run.stderr.contains("nothing was changed"));
    run.says("`bqcred login` starts again");
    assert_nothing_left(&vm);
    // gcloud gets no answer, and neither does bqcred
    let started = start(&vm, &[]);
    let (_, code) = approve(&vm, &started, PERSON);
    (0..2).for_each(|_| vm.google.fail_token(Script::Close));
    let run = finish(&vm, &code).fails(5).says("gcloud did not complete the sign-in. It says: ");
    run.says("if Google has issued a credential, it was not saved")
        .says("start again: `bqcred login --start`");
    assert_nothing_left(&vm);
    assert!(!vm.sandbox.adc("default").exists());
}

#[test]
fn a_lock_that_a_killed_first_step_left_is_removed() {
    let vm = stand_in();
    start(&vm, &[]);
    let left = vm.sandbox.home().join(".local/state/bqcred/gcloud-gone01.lock");
    std::fs::write(&left, "").unwrap();
    start(&vm, &[]);
    assert!(!left.exists());
    assert!(Command::new("kill").args(["-TERM", &supervisor(&vm)]).status().unwrap().success());
    assert_nothing_left(&vm);
}

/// A consent to these scopes alone.
fn only(scopes: &[&str]) -> Consent {
    let long = scopes.iter().map(|scope| format!("https://www.googleapis.com/auth/{scope}"));
    let mut all: Vec<String> = long.collect();
    all.push("openid".to_owned());
    Consent::only(PERSON, &all.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_refused_consent_and_another_account_keep_nothing() {
    let vm = stand_in();
    let started = start(&vm, &[]);
    let refused = vm.google.approve_with(started.stdout.trim(), Consent::denied(PERSON));
    finish(&vm, &refused).fails(4).says("the sign-in was cancelled");
    assert_nothing_left(&vm);
    let started = start(&vm, &["bob@example.com"]);
    let (address, _) = approve(&vm, &started, PERSON);
    finish(&vm, &address).fails(4).says("you signed in as ada@example.com, not as bob@example.com");
    assert_nothing_left(&vm);
    let started = start(&vm, &[]);
    let answer = vm.google.approve_with(started.stdout.trim(), only(&["userinfo.email"]));
    finish(&vm, &answer).fails(4).says("you signed in, but did not allow BigQuery");
    assert_nothing_left(&vm);
    assert!(!vm.sandbox.adc("default").exists());
}

#[test]
fn scopes_are_passed_on_and_compared() {
    for vm in vms() {
        let started = start(&vm, &["--scopes", "drive"]);
        assert!(started.stdout.contains("auth%2Fdrive"), "{}", started.stdout);
        let some = only(&["userinfo.email", "bigquery", "cloud-platform"]);
        let asked = vm.google.approve_with(&address(&started.stdout), some);
        finish(&vm, &asked).success().says("not granted: drive");
        // gcloud's client may not get what another one got
        vm.sandbox.login(&vm.google, PERSON, &["--scopes", "drive", "--profile", "own"]).success();
        let started = start(&vm, &["--via", "gcloud", "--profile", "own"]);
        assert!(!started.stdout.contains("auth%2Fdrive"), "{}", started.stdout);
        started.says(
            "does not ask for drive, which profile own has: a sign-in with an OAuth client of your own",
        );
        assert!(Command::new("kill").args(["-TERM", &supervisor(&vm)]).status().unwrap().success());
    }
}

#[test]
fn a_code_that_comes_too_late_is_told() {
    let vm = stand_in();
    // long enough for gcloud to start, and no longer
    let tries = ["3", "12", "48"].map(|seconds| (seconds, ["login", "--start", "--timeout", seconds]));
    let mut started = tries.into_iter().map(|(seconds, words)| (seconds, bqcred(&vm, &words).run()));
    let (seconds, started) = started.find(|(_, started)| !started.stdout.is_empty()).unwrap();
    let (_, code) = approve(&vm, &started, PERSON);
    until("gcloud is ended", || processes(&vm).is_empty());
    until("the time is up", || finish_is_late(&vm, &code, seconds));
    assert_nothing_left(&vm);
    assert!(state_files(&vm).is_empty(), "{:?}", state_files(&vm));
}

/// The clock of files counts whole seconds.
fn finish_is_late(vm: &Vm, code: &str, seconds: &str) -> bool {
    let since = std::fs::read_to_string(vm.sandbox.home().join(".local/state/bqcred/default.login")).unwrap();
    let pending: serde_json::Value = serde_json::from_str(&since).unwrap();
    let started = humantime::parse_rfc3339(pending["started"].as_str().unwrap()).unwrap();
    if started.elapsed().unwrap() < Duration::from_secs(seconds.parse::<u64>().unwrap() + 1) {
        return false;
    }
    finish(vm, code).fails(1).says(&format!("its answer is valid for {seconds} s"));
    true
}

#[test]
fn a_killed_supervisor_leaves_nothing_and_is_told() {
    for vm in vms() {
        let started = start(&vm, &[]);
        let (_, code) = approve(&vm, &started, PERSON);
        kill(&supervisor(&vm));
        until("gcloud ends with it", || processes(&vm).is_empty());
        assert_no_secret_outside_of_the_profile(&vm);
        finish(&vm, &code).fails(1).says("the process that kept gcloud waiting for the code has ended");
        assert_nothing_left(&vm);
        assert!(state_files(&vm).is_empty(), "{:?}", state_files(&vm));
        // the next one works
        let started = start(&vm, &[]);
        let (_, code) = approve(&vm, &started, PERSON);
        finish(&vm, &code).success();
        assert_signed_in(&vm);
    }
}

/// `--finish`, running, while gcloud holds the code.
fn finishing(vm: &Vm) -> std::process::Child {
    let held = vm.sandbox.write("tmp/hold-the-exchange", "");
    let started = start(vm, &[]);
    let (_, code) = approve(vm, &started, PERSON);
    let mut command = vm.sandbox.command("bqcred");
    command.args(["login", "--finish", "-"]).envs(vm.google.env()).envs(vm.metadata.env());
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), code.as_bytes()).unwrap();
    // the record is taken away once gcloud has the code
    until("gcloud has the code", || state_files(vm).iter().all(|path| path.is_dir()));
    assert!(held.exists());
    child
}

#[test]
fn a_killed_second_step_leaves_nothing() {
    let vm = stand_in();
    let mut second = finishing(&vm);
    second.kill().unwrap();
    second.wait().unwrap();
    std::fs::remove_file(vm.sandbox.path("tmp/hold-the-exchange")).unwrap();
    assert_nothing_left(&vm);
    assert!(!vm.sandbox.adc("default").exists());
}

#[test]
fn a_supervisor_that_is_killed_while_gcloud_has_the_code_leaves_nothing() {
    let vm = stand_in();
    let second = finishing(&vm);
    kill(&supervisor(&vm));
    let output = second.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("was killed while gcloud had the code"), "{said}");
    assert_eq!(output.status.code(), Some(1));
    assert_nothing_left(&vm);
}

#[test]
fn rotation_starts_gcloud_before_anything_is_revoked() {
    for vm in vms() {
        let started = start(&vm, &[]);
        finish(&vm, &approve(&vm, &started, PERSON).0).success();
        let old = vm.google.valid_tokens(PERSON);
        let gcloud = vm.sandbox.path("bin/gcloud");
        let kept = vm.sandbox.path("bin/gcloud-kept");
        std::fs::rename(&gcloud, &kept).unwrap();
        vm.sandbox.script("gcloud", "echo 'no module named ssl' >&2; exit 1");
        bqcred(&vm, &["rotate", "--start", "--yes"]).run().fails(1).says("It says: no module named ssl");
        assert_eq!(vm.google.valid_tokens(PERSON), old);
        std::fs::remove_file(&gcloud).unwrap();
        std::fs::rename(&kept, &gcloud).unwrap();
        // without --yes nobody can be asked: gcloud is ended again
        bqcred(&vm, &["rotate", "--start"]).run().fails(2);
        assert_nothing_left(&vm);
        let started = bqcred(&vm, &["rotate", "--start", "--yes"]).run().success();
        assert!(old.iter().all(|token| !vm.google.is_valid(token)));
        let (_, code) = approve(&vm, &started, PERSON);
        finish(&vm, &code).fails(1).says("`bqcred rotate` started the sign-in that waits");
        bqcred(&vm, &["rotate", "--finish", "-"]).stdin(&code).run().success().says("has a new credential");
        assert_signed_in(&vm);
        assert_nothing_left(&vm);
    }
}

#[test]
fn forget_ends_what_waits() {
    let vm = stand_in();
    let started = start(&vm, &[]);
    finish(&vm, &approve(&vm, &started, PERSON).0).success();
    start(&vm, &[]);
    bqcred(&vm, &["forget", "--yes"]).run().success();
    assert_nothing_left(&vm);
}

#[test]
fn own_sign_in_replaces_gclouds() {
    let vm = stand_in();
    start(&vm, &[]);
    let client = vm.sandbox.client_file(&vm.google);
    let run = start(&vm, &["--client-id-file", &client]).says("this replaces the sign-in of profile default");
    until("gcloud is ended", || processes(&vm).is_empty());
    assert!(state_files(&vm).iter().all(|path| !path.is_dir()));
    finish(&vm, &vm.google.approve(run.stdout.trim(), PERSON)).success();
}

/// A kernel that is restarted kills its process group, and ipykernel all processes below it.
#[test]
fn sign_in_survives_a_restart_of_the_kernel() {
    let Some(python) = venv(&["ipykernel", "jupyter_client"]) else {
        return crate::common::missing("ipykernel");
    };
    let vm = stand_in();
    let script = r"
import sys
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name='python3', startup_timeout=100, stdout=sys.stderr)
said = []
def run(code):
    client.execute_interactive(code, timeout=60, allow_stdin=False,
        output_hook=lambda m: said.append(m['content'].get('text', '')) if m['msg_type'] == 'stream' else None)
run('!bqcred login --start')
manager.restart_kernel(now=True)
client.wait_for_ready(timeout=100)
print([w for w in ''.join(said).split() if w.startswith('https://accounts')][0])
manager.shutdown_kernel()
";
    let started = vm.program(&python, &["-c", script]).limit(Duration::from_secs(200)).run().success();
    let (_, code) = approve(&vm, &started, PERSON);
    finish(&vm, &code).success().says("signed in as ada@example.com");
    assert_nothing_left(&vm);
}

#[test]
fn without_gcloud_and_without_client_the_way_is_named() {
    let sandbox = Sandbox::new();
    sandbox
        .bqcred(&["login", "--start"])
        .fails(3)
        .says("gcloud is not on the PATH")
        .says("bqcred client guide");
    let vm = stand_in();
    bqcred(&vm, &["login", "--start", "--port", "8085"]).run().fails(2).says("leave out --port");
}
