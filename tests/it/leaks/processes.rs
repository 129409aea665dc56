//! What a process leaves behind, and what other processes can see of it.

use std::io::Read as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::ADA;
use crate::common::{
    Google, Sandbox, copy_program, find_program, missing, set_mode, skipped, spawn_in_terminal,
};

/// bqcred at its prompt, with a state and a verifier in memory; its process id and the address to open.
fn at_prompt(google: &Google, sandbox: &Sandbox) -> (rexpect::session::PtySession, i32, String) {
    let client = sandbox.client_file(google);
    let limited = "ulimit -c unlimited; echo $$ >\"$HOME/pid\"; exec \"$@\"";
    let mut command = sandbox.command("sh");
    command.args(["-c", limited, "sh", env!("CARGO_BIN_EXE_bqcred"), "login", "--no-browser"]);
    command.args(["--client-id-file", &client]).env("TERM", "xterm").current_dir(sandbox.path("tmp"));
    let mut terminal = spawn_in_terminal(command);
    let said = terminal.exp_string("Paste the address: ").unwrap();
    let url = said.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
    (terminal, pid(sandbox), url)
}

/// The process id that a shell wrote before it executed bqcred.
fn pid(sandbox: &Sandbox) -> i32 {
    std::fs::read_to_string(sandbox.home().join("pid")).unwrap().trim().parse().unwrap()
}

/// A login at a terminal, as another user without any rights, started by these lines of bash.
fn login_as_user(google: &Google, sandbox: &Sandbox, uid: u32, script: &str) -> Command {
    set_mode(&sandbox.path(""), 0o755);
    let program = sandbox.path("bin/bqcred-copy");
    copy_program(env!("CARGO_BIN_EXE_bqcred").as_ref(), &program);
    std::os::unix::fs::chown(sandbox.home(), Some(uid), Some(uid)).unwrap();
    let client = sandbox.client_file(google);
    let mut command = sandbox.command("bash");
    command.args(["-c", script, "bash"]).arg(&program);
    command.args(["login", "--no-browser", "--client-id-file", &client]).env("TERM", "xterm");
    command.gid(uid).uid(uid);
    command
}

/// Whether a crashed program leaves a core dump on this machine.
fn dumps(sandbox: &Sandbox) -> bool {
    let mut command = sandbox.command("sh");
    command.args(["-c", "ulimit -c unlimited; kill -s ABRT $$"]).current_dir(sandbox.path("tmp"));
    let dumped = command.status().unwrap().core_dumped();
    for file in std::fs::read_dir(sandbox.path("tmp")).unwrap().flatten() {
        std::fs::remove_file(file.path()).unwrap();
    }
    dumped
}

fn is_running(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}

#[test]
fn waiting_login_dumps_no_core() {
    for signal in ["ABRT", "SEGV", "BUS", "FPE"] {
        let (google, sandbox) = (Google::start(), Sandbox::new());
        if !dumps(&sandbox) {
            skipped("this machine writes no core dumps");
            return;
        }
        let (mut terminal, pid, _) = at_prompt(&google, &sandbox);
        // Rust's own handler of stack overflows lets the first SEGV and BUS from elsewhere pass
        let ends = Instant::now() + Duration::from_secs(60);
        while is_running(pid) && Instant::now() < ends {
            let line = format!("kill -s {signal} {pid} 2>/dev/null || true");
            assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
        }
        terminal.exp_eof().unwrap();
        let status = format!("{:?}", terminal.process().wait().unwrap());
        // Signaled(process, signal, whether there is a dump)
        assert!(status.starts_with("Signaled(") && status.ends_with("false)"), "{status}");
        let left: Vec<_> = std::fs::read_dir(sandbox.path("tmp")).unwrap().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn program_under_exec_can_dump_core() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    if !dumps(&sandbox) {
        skipped("this machine writes no core dumps");
        return;
    }
    sandbox.login(&google, ADA, &[]).success();
    let mut command = sandbox.command("sh");
    let line = "ulimit -c unlimited; exec \"$0\" exec -- sh -c 'kill -s ABRT $$'";
    command.args(["-c", line, env!("CARGO_BIN_EXE_bqcred")]).current_dir(sandbox.path("tmp"));
    assert!(command.status().unwrap().core_dumped());
}

#[test]
fn waiting_login_shows_no_secret_in_arguments_or_environment() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let (mut terminal, pid, url) = at_prompt(&google, &sandbox);
    let answer = google.approve(&url, ADA);
    terminal.send(&answer).unwrap(); // typed, Enter not yet pressed
    let state = url::Url::parse(&url).unwrap();
    let state = state.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    for name in ["cmdline", "environ", "comm", "status"] {
        let text = std::fs::read(format!("/proc/{pid}/{name}")).unwrap();
        let text = String::from_utf8_lossy(&text);
        for secret in google.secrets().iter().chain([&state]) {
            assert!(!text.contains(secret.as_str()), "{name} shows a secret");
        }
    }
    terminal.send_line("").unwrap();
    let said = terminal.exp_eof().unwrap();
    assert!(said.contains("signed in as ada@example.com") && !said.contains("code="), "{said}");
}

#[test]
fn other_processes_of_the_user_cannot_read_its_memory() {
    if !rustix::process::geteuid().is_root() {
        skipped("only root can be another user");
        return;
    }
    let Some(cat) = find_program("cat") else { return missing("cat") };
    let (google, sandbox) = (Google::start(), Sandbox::new());
    // as a user without root's rights: root can read every process
    let uid = 190_000 + std::process::id() % 10_000;
    let command = login_as_user(&google, &sandbox, uid, "echo $$ >\"$HOME/pid\"; exec \"$@\"");
    let mut terminal = spawn_in_terminal(command);
    terminal.exp_string("Paste the address: ").unwrap();
    let pid = pid(&sandbox);
    for name in ["environ", "mem", "maps"] {
        let output =
            Command::new(&cat).arg(format!("/proc/{pid}/{name}")).gid(uid).uid(uid).output().unwrap();
        assert!(!output.status.success(), "/proc/PID/{name} can be read");
    }
    terminal.send_control('c').unwrap();
    terminal.exp_eof().unwrap();
}

#[test]
fn shell_history_does_not_contain_the_answer() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let Some(bash) = find_program("bash") else { return missing("bash") };
    sandbox.bqcred(&["client", "set", &sandbox.client_file(&google)]).success();
    sandbox.link("bqcred", std::path::Path::new(env!("CARGO_BIN_EXE_bqcred")));
    let history = sandbox.path("home/history");
    let mut command = sandbox.command(bash);
    command.args(["--norc", "-i"]).env("PS1", "READY> ").env("TERM", "dumb").env("HISTFILE", &history);
    let mut shell = spawn_in_terminal(command);
    shell.exp_string("READY> ").unwrap();
    shell.send_line("bqcred login --start").unwrap();
    let said = shell.exp_string("READY> ").unwrap();
    let url = said.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
    shell.send_line("echo it runs; bqcred login --finish -").unwrap();
    shell.exp_string("it runs\r\n").unwrap(); // the shell no longer reads
    shell.send_line(&google.approve(&url, ADA)).unwrap();
    shell.send_control('d').unwrap();
    shell.exp_string("signed in as").unwrap();
    shell.exp_string("READY> ").unwrap();
    // and at the prompt
    shell.send_line("bqcred login --no-browser").unwrap();
    let said = shell.exp_string("Paste the address: ").unwrap();
    let url = said.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
    shell.send_line(&google.approve(&url, ADA)).unwrap();
    shell.exp_string("signed in as").unwrap();
    shell.exp_string("READY> ").unwrap();
    shell.send_line("exit").unwrap();
    shell.exp_eof().unwrap();
    let kept = std::fs::read_to_string(&history).unwrap();
    assert!(
        kept.contains("; bqcred login --finish -") && kept.contains("bqcred login --no-browser"),
        "{kept}"
    );
    assert!(!kept.contains("canary") && !kept.contains("code="), "{kept}");
}

#[test]
fn exec_shows_no_secret_in_arguments_or_environment() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    for file in [&["exec", "--"][..], &["exec", "--file", "--"]] {
        let words =
            [file, &["sh", "-c", "tr '\\0' '\\n' </proc/$$/environ; tr '\\0' ' ' </proc/$PPID/cmdline"]]
                .concat();
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_bqcred"));
        let mut child = command.args(&words).stdout(Stdio::piped()).spawn().unwrap();
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        assert!(child.wait().unwrap().success());
        assert!(text.contains("GOOGLE_APPLICATION_CREDENTIALS=/") && !text.contains("canary"), "{text}");
    }
}

#[test]
fn thread_limit_error_shows_no_secret() {
    if !rustix::process::geteuid().is_root() {
        skipped("only root can be another user");
        return;
    }
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let uid = 180_000 + std::process::id() % 10_000; // the limit does not apply to root
    let mut command = login_as_user(&google, &sandbox, uid, "ulimit -u 1; exec \"$@\"");
    command.envs(super::TALKATIVE.iter().copied());
    let mut terminal = spawn_in_terminal(command);
    let said = terminal.exp_eof().unwrap();
    crate::common::ends_with(&terminal, 1);
    assert!(said.contains("bqcred: ") && said.contains("hint: "), "{said}");
    for forbidden in ["panicked at", "canary", "state=", "unwrap()"] {
        assert!(!said.contains(forbidden), "{said}");
    }
}
