//! Completions: what bqcred offers, and the real shells at a terminal, where Tab is pressed.

use std::net::TcpListener;
use std::path::Path;

use crate::common::{Sandbox, find_program, missing, spawn_in_terminal, write_profile};
use rexpect::session::PtySession;

/// What `bqcred __complete` answers, without the descriptions.
fn offered(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let mut arguments = vec!["__complete", "--", "bqcred"];
    arguments.extend(words);
    let run = sandbox.bqcred(&arguments).success();
    assert_eq!(run.stderr, "");
    run.stdout.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn profiles_accounts_and_kernels_are_completed() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", "p");
    write_profile(&sandbox, "work", "p");
    sandbox.write(
        "venv/share/jupyter/kernels/my-kernel/kernel.json",
        r#"{"argv": ["true", "{connection_file}"], "display_name": "Mine", "language": "python"}"#,
    );
    sandbox.add_jupyter();
    assert_eq!(offered(&sandbox, &["use", ""]), ["default", "work"]);
    assert_eq!(offered(&sandbox, &["status", "--profile", "w"]), ["work"]);
    assert_eq!(offered(&sandbox, &["--profile=w"]), ["--profile=work"]);
    assert_eq!(offered(&sandbox, &["login", ""]), ["ada@example.com"]);
    let run = sandbox
        .invoke(&["__complete", "--", "bqcred", "kernel", "uninstall", "my"])
        .env("VIRTUAL_ENV", sandbox.path("venv"))
        .run()
        .success();
    assert_eq!(run.stdout, "my-kernel\tpython\n");
}

#[test]
fn account_with_shell_code_is_not_offered() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", "p");
    for file in ["adc.json", "profile.json"] {
        let known = sandbox.data("default").join(file);
        let text = std::fs::read_to_string(&known).unwrap();
        std::fs::write(&known, text.replace("ada@example.com", "$(touch${IFS}ran)")).unwrap();
    }
    assert!(offered(&sandbox, &["login", ""]).is_empty());
}

#[test]
fn completion_uses_neither_network_nor_keyring() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "work", "p");
    let known = sandbox.data("work").join("profile.json");
    let text = std::fs::read_to_string(&known).unwrap();
    std::fs::write(&known, text.replace("\"file\"", "\"keyring\"")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let lines: [&[&str]; 5] = [
        &["__complete", "--", "bqcred", "use", ""],
        &["__complete", "--", "bqcred", "login", ""],
        &["__complete", "--", "bqcred", "kernel", "install", ""],
        &["__complete", "--", "bqcred", ""],
        &[],
    ];
    for line in lines {
        let proxy = format!("http://127.0.0.1:{port}");
        sandbox
            .invoke(line)
            .env("DBUS_SESSION_BUS_ADDRESS", format!("tcp:host=127.0.0.1,port={port}"))
            .env("HTTPS_PROXY", &proxy)
            .env("ALL_PROXY", &proxy)
            .run()
            .success();
    }
    let asked = listener.accept();
    assert!(asked.is_err(), "somebody was asked: {asked:?}");
}

#[test]
fn completion_prints_no_errors() {
    let sandbox = Sandbox::new();
    sandbox.write("home/.config/bqcred/config.json", "{");
    for words in
        [&["use", ""][..], &["nonsense", ""], &["--nonsense", "x", ""], &["env", "--shell=", "--"], &[]]
    {
        let _ = offered(&sandbox, words);
    }
}

/// A shell at a terminal, with the completions loaded.
struct Shell {
    name: &'static str,
    terminal: PtySession,
}

const PROMPT: &str = "READY>";

impl Shell {
    /// `None`, or a failure, if the shell is not installed.
    fn start(sandbox: &Sandbox, name: &'static str, wanted: &str) -> Option<Shell> {
        let Some(program) = find_program(wanted) else {
            missing(wanted);
            return None;
        };
        sandbox.link("bqcred", Path::new(env!("CARGO_BIN_EXE_bqcred")));
        let mut command = sandbox.command(program);
        command.env("TERM", "xterm");
        let completions = sandbox.bqcred(&["completions", name]).success().stdout;
        match name {
            "bash" => {
                let rc = sandbox.write("rc/bashrc", format!("{completions}\nPS1='{PROMPT}'\n"));
                command.args(["--noprofile", "--rcfile"]).arg(rc).arg("-i");
            }
            "zsh" => {
                sandbox.write("rc/functions/_bqcred", completions);
                let rc = "fpath=($ZDOTDIR/functions $fpath)\nautoload -Uz compinit && compinit -u -D\n";
                let rc = sandbox.write("rc/.zshrc", format!("{rc}PS1='{PROMPT}'\n"));
                command.args(["-d", "-i"]).env("ZDOTDIR", rc.parent().unwrap());
            }
            "fish" => {
                sandbox.write("home/.config/fish/completions/bqcred.fish", completions);
                command.args(["--init-command", "function fish_prompt; echo READY'>'; end"]);
            }
            "elvish" => {
                let prompt = "set edit:prompt = { print READY'>' }\n";
                let rc = sandbox.write("rc/rc.elv", completions + prompt);
                command.arg("-rc").arg(rc);
            }
            _ => {
                let prompt = "$env.PROMPT_COMMAND = { 'READY' }\n$env.config.show_banner = false\n";
                let rc = sandbox.write("rc/config.nu", completions + prompt);
                let none = sandbox.write("rc/env.nu", "");
                command.arg("--config").arg(rc).arg("--env-config").arg(none).arg("--no-history");
            }
        }
        let mut terminal = spawn_in_terminal(command);
        terminal.process_mut().set_kill_timeout(Some(500)); // an interactive shell shrugs SIGTERM off
        Some(Shell { name, terminal })
    }

    /// Waits for the prompt, types the line, and waits for the expected text.
    fn type_and_see(&mut self, typed: &str, seen: &str) {
        if self.name == "nushell" {
            // it asks the terminal for the cursor position
            self.terminal.exp_string("\u{1b}[6n").unwrap();
            self.terminal.send("\u{1b}[1;1R").unwrap();
            self.terminal.flush().unwrap();
        }
        let prompt = if self.name == "nushell" { "READY" } else { PROMPT };
        let name = self.name;
        self.terminal.exp_string(prompt).unwrap_or_else(|e| panic!("{name}: no prompt: {e}"));
        self.terminal.send(typed).unwrap();
        self.terminal.flush().unwrap();
        self.terminal.exp_string(seen).unwrap_or_else(|e| panic!("{name}: {typed:?}: {e}"));
    }
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", "p");
    write_profile(&sandbox, "work", "p");
    sandbox.write("wrong one.json", "{");
    sandbox
}

const PROFILE: (&str, &str) = ("bqcred use w\t\r", "the current profile is work");
const FLAG: (&str, &str) = ("bqcred status --off\t\r", "not asked (--offline)");
const SUBCOMMAND: (&str, &str) = ("bqcred compl\t ba\t\r", "Completes bqcred in Bash");
const FILE: (&str, &str) = ("bqcred import --profile new wro\t\r", "the JSON ends too early");

/// What follows `--` is another program's: its name, and its own completions.
const ITS_FLAG: (&str, &str) =
    ("bqcred exec --always-start -- bqcred status --off\t\r", "not asked (--offline)");

/// Presses Tab in this shell.
fn press(name: &'static str, program: &str, cases: &[(&str, &str)]) {
    let sandbox = sandbox();
    let Some(mut shell) = Shell::start(&sandbox, name, program) else { return };
    for (typed, seen) in cases {
        shell.type_and_see(typed, seen);
    }
}

const WITH_EQUALS: (&str, &str) = ("bqcred list --profile=wo\t --json\r", "\"profile\": \"work\"");

#[test]
fn bash() {
    // readline treats the part after @ as a word of its own
    let account =
        ("bqcred import --profile new --from gcloud --account ada@ex\t\r", "no account ada@example.com");
    press("bash", "bash", &[FLAG, SUBCOMMAND, FILE, WITH_EQUALS, PROFILE, account]);
}

/// The line of `init` may come before compinit.
#[test]
fn zsh_with_compinit_after_init() {
    let sandbox = sandbox();
    let Some(program) = find_program("zsh") else { return missing("zsh") };
    sandbox.link("bqcred", Path::new(env!("CARGO_BIN_EXE_bqcred")));
    let text =
        format!("eval \"$(bqcred init zsh)\"\nautoload -Uz compinit && compinit -u -D\nPS1='{PROMPT}'\n");
    let rc = sandbox.write("rc/.zshrc", text);
    let mut command = sandbox.command(program);
    command.env("TERM", "xterm").args(["-d", "-i"]).env("ZDOTDIR", rc.parent().unwrap());
    let mut terminal = spawn_in_terminal(command);
    terminal.process_mut().set_kill_timeout(Some(500));
    let mut shell = Shell { name: "zsh", terminal };
    for (typed, seen) in [FLAG, SUBCOMMAND, PROFILE] {
        shell.type_and_see(typed, seen);
    }
}

#[test]
fn zsh() {
    press("zsh", "zsh", &[FLAG, SUBCOMMAND, FILE, WITH_EQUALS, ITS_FLAG, PROFILE]);
}

#[test]
fn fish() {
    press("fish", "fish", &[FLAG, SUBCOMMAND, FILE, WITH_EQUALS, ITS_FLAG, PROFILE]);
}

#[test]
fn elvish() {
    // it shows even a single file, and waits for Enter
    let file = ("bqcred import --profile new wro\t\r\r", FILE.1);
    press("elvish", "elvish", &[FLAG, SUBCOMMAND, file, PROFILE]);
}

#[test]
fn nushell() {
    press("nushell", "nu", &[FLAG, SUBCOMMAND, PROFILE]);
}
