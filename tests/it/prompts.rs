//! What is pasted at a prompt, in all the forms in which terminals give it; and terminals that are not ordinary.

use crate::common::{self, Google, Sandbox, ends_with, find_program, spawn_in_terminal};
use rexpect::session::PtySession;

const ADA: &str = "ada@example.com";
const PROMPT: &str = "Paste the address: ";

/// bqcred at a terminal, up to its prompt, and the address to open.
fn at_prompt(google: &Google, sandbox: &Sandbox) -> (PtySession, String) {
    let client = sandbox.client_file(google);
    let mut session = sandbox.terminal(&["login", "--no-browser", "--client-id-file", &client]);
    let url = address(&mut session);
    (session, url)
}

fn address(session: &mut PtySession) -> String {
    let before = session.exp_string(PROMPT).unwrap();
    before.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned()
}

fn paste(session: &mut PtySession, text: &str) {
    session.send(text).unwrap();
    session.flush().unwrap();
}

#[track_caller]
fn signs_in(mut session: PtySession) {
    let rest = session.exp_eof().unwrap();
    assert!(rest.contains("signed in as ada@example.com") && !rest.contains("code="), "{rest}");
    ends_with(&session, 0);
}

/// The address with a line's end in the middle of its code.
fn broken(answer: &str) -> String {
    let at = answer.find("code=").unwrap() + 12;
    format!("{}\r{}", &answer[..at], &answer[at..])
}

#[test]
fn every_form_of_an_answer_is_taken() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let forms: [fn(&str) -> String; 5] = [
        |answer| format!("{}\r", broken(answer)),
        |answer| format!("  {} \r\r", broken(&broken(answer))),
        |answer| format!("\u{1b}[200~{}\u{1b}[201~\r", broken(answer)),
        |answer| format!("{}\r", answer.split_once("code=").unwrap().1),
        |answer| format!("xx\u{7f}\u{7f}{answer}\r"),
    ];
    for form in forms {
        let (mut session, url) = at_prompt(&google, &sandbox);
        let answer = google.approve(&url, ADA);
        paste(&mut session, &form(&answer));
        signs_in(session);
    }
}

#[test]
fn wrong_or_incomplete_code_asks_again() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let (mut session, url) = at_prompt(&google, &sandbox);
    let answer = google.approve(&url, ADA);
    let state = answer.split_once("state=").unwrap().1.split('&').next().unwrap();
    paste(&mut session, &format!("http://127.0.0.1/?state={state}&code=4/0wrong-code-of-another\r"));
    session.exp_string("did not accept the code").unwrap();
    session.exp_string(PROMPT).unwrap();
    // the first part, and after a while the second
    let whole = broken(&answer);
    let (first, second) = whole.split_once('\r').unwrap();
    paste(&mut session, &format!("{first}\r"));
    session.exp_string("did not accept the code").unwrap();
    session.exp_string(PROMPT).unwrap();
    paste(&mut session, &format!("{second}\r"));
    signs_in(session);
}

#[test]
fn answer_to_another_sign_in_is_told_from_a_wrong_one() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let (mut session, url) = at_prompt(&google, &sandbox);
    let (mut other, other_url) = at_prompt(&google, &sandbox);
    paste(&mut session, &format!("{}\r", google.approve(&other_url, ADA)));
    session.exp_string("belongs to another sign-in").unwrap();
    session.exp_string(PROMPT).unwrap();
    paste(&mut session, &format!("{url}\r"));
    session.exp_string("the address to open").unwrap();
    session.exp_string(PROMPT).unwrap();
    paste(&mut session, &format!("{}\r", google.approve(&url, ADA)));
    signs_in(session);
    other.send_control('c').unwrap();
    other.exp_eof().unwrap();
}

#[test]
fn wrong_code_leaves_a_started_login_waiting() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let client = sandbox.client_file(&google);
    let url = sandbox.bqcred(&["login", "--start", "--client-id-file", &client]).success().stdout;
    let answer = google.approve(url.trim(), ADA);
    let finish = |answer: &str| sandbox.invoke(&["login", "--finish", "-"]).stdin(answer).run();
    let whole = broken(&answer);
    let cut_off = whole.split_once('\r').unwrap().0;
    finish(cut_off).fails(4).says("did not accept the code").says("give it again: `bqcred login --finish -`");
    finish("no").fails(2).says("neither an address nor a code");
    finish(&format!("\u{1b}[200~{}\u{1b}[201~\n", whole.replace('\r', "\n"))).fails(0).says(ADA);
    finish(&answer).fails(3).says("no sign-in of profile default waits");
}

/// What is pasted beyond an answer is part of it, or goes nowhere; the shell never gets it.
#[test]
fn shell_gets_nothing_of_what_was_pasted() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let client = sandbox.client_file(&google);
    let mut bash = sandbox.command(find_program("bash").unwrap());
    bash.args(["--norc", "--noprofile", "-i"]).env("PS1", "ready> ").env("TERM", "dumb");
    let mut shell = spawn_in_terminal(bash);
    shell.exp_string("ready> ").unwrap();
    let bqcred = env!("CARGO_BIN_EXE_bqcred");
    shell.send_line(&format!("{bqcred} login --no-browser --client-id-file {client}")).unwrap();
    let url = address(&mut shell);
    let injected = "touch injected\r".repeat(3);
    paste(&mut shell, &format!("{}\r{injected}", broken(&google.approve(&url, ADA))));
    shell.exp_string("signed in as ada@example.com").unwrap();
    shell.exp_string("ready> ").unwrap();
    shell.send_line("echo said-$((40 + 2)); exit").unwrap();
    let rest = shell.exp_eof().unwrap();
    assert!(rest.contains("said-42") && !rest.contains("touch"), "{rest}");
    assert!(!sandbox.path("injected").exists());
}

/// As under `su -c`, and as the first process of a container: stdin is a terminal, and /dev/tty can't be opened.
#[test]
fn without_a_controlling_terminal_stdin_is_read() {
    let Some(setsid) = find_program("setsid") else {
        common::missing("setsid");
        return;
    };
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let client = sandbox.client_file(&google);
    let start = |words: &[&str]| {
        let mut command = sandbox.command(&setsid);
        command.args(["--fork", "--wait", env!("CARGO_BIN_EXE_bqcred")]).args(words).env("TERM", "xterm");
        spawn_in_terminal(command)
    };
    let mut session = start(&["login", "--no-browser", "--client-id-file", &client]);
    let url = address(&mut session);
    paste(&mut session, &format!("{}\r", broken(&google.approve(&url, ADA))));
    signs_in(session);
    let mut session = start(&["revoke"]);
    session.exp_string("[y/N] ").unwrap();
    session.send_line("y").unwrap();
    session.exp_eof().unwrap();
    ends_with(&session, 0);
    assert_eq!(google.count("/revoke"), 1);
}

#[test]
fn text_browser_is_not_started_over_the_prompt() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let client = sandbox.client_file(&google);
    for name in ["w3m", "lynx", "elinks"] {
        sandbox.script(name, "touch \"$TMPDIR/started\"; sleep 1000");
    }
    // Debian's alternatives
    std::os::unix::fs::symlink(sandbox.path("bin/w3m"), sandbox.path("bin/my-browser")).unwrap();
    for browser in
        ["w3m", "lynx %s", "elinks:firefox", "my-browser", sandbox.path("bin/w3m").to_str().unwrap()]
    {
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_bqcred"));
        command.args(["login", "--client-id-file", &client]).env("BROWSER", browser);
        let mut session = spawn_in_terminal(command);
        session.exp_string("is not opened: it shows text only").unwrap();
        let url = address(&mut session);
        paste(&mut session, &format!("{}\r", google.approve(&url, ADA)));
        signs_in(session);
        assert!(!sandbox.path("tmp/started").exists(), "{browser}");
    }
}

/// Whatever a browser does, the address is on the screen and the prompt takes an answer.
#[test]
fn browser_that_does_not_end_keeps_nobody_from_pasting() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let client = sandbox.client_file(&google);
    let browser = sandbox.script("stuck", "sleep 5");
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_bqcred"));
    command.args(["login", "--client-id-file", &client]).env("BROWSER", browser).env("DISPLAY", ":0");
    let mut session = spawn_in_terminal(command);
    let url = address(&mut session);
    paste(&mut session, &format!("{}\r", google.approve(&url, ADA)));
    signs_in(session);
}
