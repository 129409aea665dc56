//! `bqcred init` in the real shells, at a terminal; and the linters on the shell files.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::common::{Sandbox, find_program, missing, spawn_in_terminal, write_profile};
use rexpect::session::PtySession;

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// An interactive shell with `bqcred init` in its start file.
struct Shell<'s> {
    sandbox: &'s Sandbox,
    terminal: PtySession,
    lines: usize,
}

impl<'s> Shell<'s> {
    /// `None`, or a failure, if the shell is not installed.
    fn start(sandbox: &'s Sandbox, name: &'static str, options: &str, before: &str) -> Option<Shell<'s>> {
        let Some(program) = find_program(name) else {
            missing(name);
            return None;
        };
        sandbox.link("bqcred", Path::new(env!("CARGO_BIN_EXE_bqcred")));
        let init = format!("bqcred init {name} {options}");
        let mut command = sandbox.command(program);
        match name {
            "bash" => {
                let rc = sandbox.write("rc/bashrc", format!("{before}\nPS1='$ '\neval \"$({init})\"\n"));
                command.args(["--noprofile", "--rcfile"]).arg(rc).arg("-i");
            }
            "zsh" => {
                let text = format!("{before}\nPS1='$ '\nunsetopt zle\neval \"$({init})\"\n");
                let rc = sandbox.write("rc/.zshrc", text);
                command.args(["-d", "-i"]).env("ZDOTDIR", rc.parent().unwrap());
            }
            _ => {
                let text = format!("{before}\nfunction fish_prompt; echo '$ '; end\n{init} | source\n");
                let rc = sandbox.write("rc/config.fish", text);
                command.args(["--no-config", "--init-command"]).arg(format!("source {}", rc.display()));
            }
        }
        let terminal = spawn_in_terminal({
            command.env("TERM", "dumb");
            command
        });
        Some(Shell { sandbox, terminal, lines: 0 })
    }

    /// Types a line, waits until it is done, and returns the output.
    fn line(&mut self, line: &str) -> String {
        self.lines += 1;
        let end = self.lines;
        self.terminal.send_line(line).unwrap();
        // on its own line, so that the prompt and its hooks run in between
        self.terminal.send_line(&format!("printf '%s%s;' END {end}")).unwrap();
        self.terminal.exp_string(&format!("END{end};")).unwrap()
    }

    /// The variables that a program now sees.
    fn environment(&mut self) -> BTreeMap<String, String> {
        let file = self.sandbox.path("seen");
        self.line(&format!("env -0 > {}", file.display()));
        let text = std::fs::read_to_string(file).unwrap();
        text.split_terminator('\0')
            .filter_map(|entry| entry.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    fn end(mut self) {
        self.terminal.send_line("exit").unwrap();
        let _ = self.terminal.exp_eof();
    }
}

#[test]
fn env_and_use_change_the_shell() {
    for name in SHELLS {
        let sandbox = Sandbox::new();
        write_profile(&sandbox, "default", "first");
        write_profile(&sandbox, "work", "second");
        let Some(mut shell) = Shell::start(&sandbox, name, "", "") else { continue };
        let shown = shell.line("bqcred env");
        assert!(shown.contains("this shell runs as ada@example.com (project first)"), "{name}: {shown}");
        let seen = shell.environment();
        assert_eq!(
            seen.get("GOOGLE_APPLICATION_CREDENTIALS").map(String::as_str),
            sandbox.adc("default").to_str(),
            "{name}"
        );
        assert_eq!(seen.get("GOOGLE_CLOUD_PROJECT").map(String::as_str), Some("first"), "{name}");

        let shown = shell.line("bqcred use work");
        assert!(shown.contains("this shell runs as ada@example.com (project second)"), "{name}: {shown}");
        assert!(!shown.contains("still has BQCRED_PROFILE"), "{name}: {shown}");
        let seen = shell.environment();
        assert_eq!(seen.get("BQCRED_PROFILE").map(String::as_str), Some("work"), "{name}");
        assert_eq!(seen.get("GOOGLE_CLOUD_PROJECT").map(String::as_str), Some("second"), "{name}");

        shell.line("bqcred --profile default env");
        assert_eq!(shell.environment().get("BQCRED_PROFILE").map(String::as_str), Some("default"), "{name}");

        shell.line("bqcred env --unset");
        let seen = shell.environment();
        let left: Vec<&String> = seen
            .keys()
            .filter(|key| key.starts_with("GOOGLE_") || key.starts_with("BQCRED_PROFILE"))
            .collect();
        assert!(left.is_empty(), "{name}: {left:?}");
        shell.end();
    }
}

#[test]
fn failing_command_returns_its_exit_code_and_only_env_changes_the_environment() {
    for name in SHELLS {
        let sandbox = Sandbox::new();
        write_profile(&sandbox, "work", "second");
        let Some(mut shell) = Shell::start(&sandbox, name, "", "") else { continue };
        let status = if name == "fish" { "$status" } else { "$?" };
        shell.line("bqcred env --profile work");
        let without_last_word = |mut seen: BTreeMap<String, String>| {
            seen.remove("_");
            seen
        };
        let before = without_last_word(shell.environment());
        let fail = |shell: &mut Shell, line: &str| {
            let shown = shell.line(&format!("{line}; echo code={status}"));
            assert!(shown.contains("code=3"), "{name}: {line}: {shown}");
        };
        for line in ["bqcred use nosuch", "bqcred status --profile nosuch"] {
            fail(&mut shell, line);
        }
        assert_eq!(without_last_word(shell.environment()), before, "{name}");
        fail(&mut shell, "bqcred env --profile nosuch");
        let after = shell.environment();
        assert!(after["GOOGLE_APPLICATION_CREDENTIALS"].ends_with("nosuch.json"), "{name}: {after:?}");
        assert_eq!((after.get("BQCRED_PROFILE"), after.get("GOOGLE_CLOUD_PROJECT")), (None, None), "{name}");
        shell.end();
    }
}

#[test]
fn env_prints_when_piped_captured_or_given_a_format() {
    for name in SHELLS {
        let sandbox = Sandbox::new();
        write_profile(&sandbox, "default", "first");
        let Some(mut shell) = Shell::start(&sandbox, name, "", "") else { continue };
        let file = sandbox.path("printed");
        let capture = match name {
            "fish" => format!("set text (bqcred env); printf '%s' \"$text\" > {}", file.display()),
            _ => format!("text=$(bqcred env); printf '%s' \"$text\" > {}", file.display()),
        };
        for line in [capture, format!("bqcred env | cat > {}", file.display())] {
            shell.line(&line);
            let printed = std::fs::read_to_string(&file).unwrap();
            let word = if name == "fish" { "set -gx" } else { "export" };
            assert!(printed.starts_with(word), "{name}: {line}: {printed:?}");
        }
        assert!(shell.line("bqcred env --format json").contains("\"BQCRED_PROFILE\": \"default\""), "{name}");
        assert!(shell.line("bqcred env --help").contains("Usage: bqcred env"), "{name}");
        assert_eq!(shell.environment().get("BQCRED_PROFILE"), None, "{name}");
        shell.end();
    }
}

#[test]
fn allowed_pin_applies_and_leaving_the_folder_restores() {
    for name in SHELLS {
        let sandbox = Sandbox::new();
        write_profile(&sandbox, "work", "second");
        sandbox.write("a folder/.bqcred", "work\n");
        sandbox.write("a folder/below/x", "");
        let before = match name {
            "fish" => "set -gx GOOGLE_APPLICATION_CREDENTIALS 'my own  *'\nset -gx GOOGLE_CLOUD_PROJECT mine",
            _ => "export GOOGLE_APPLICATION_CREDENTIALS='my own  *' GOOGLE_CLOUD_PROJECT=mine",
        };
        let Some(mut shell) = Shell::start(&sandbox, name, "--pins", before) else { continue };
        let profile = |shell: &mut Shell| shell.environment().get("BQCRED_PROFILE").cloned();

        let shown = shell.line("cd 'a folder'");
        assert!(shown.contains("but is not allowed"), "{name}: {shown}");
        assert_eq!(profile(&mut shell), None, "{name}");

        shell.line("bqcred allow");
        assert_eq!(profile(&mut shell).as_deref(), Some("work"), "{name}");
        shell.line("cd below");
        assert_eq!(
            shell.environment().get("GOOGLE_CLOUD_PROJECT").map(String::as_str),
            Some("second"),
            "{name}"
        );

        shell.line("cd ../..");
        let seen = shell.environment();
        assert_eq!(
            seen.get("GOOGLE_APPLICATION_CREDENTIALS").map(String::as_str),
            Some("my own  *"),
            "{name}"
        );
        assert_eq!(seen.get("GOOGLE_CLOUD_PROJECT").map(String::as_str), Some("mine"), "{name}");
        for removed in ["BQCRED_PROFILE", "NO_GCE_CHECK", "GCE_METADATA_URL"] {
            assert_eq!(seen.get(removed), None, "{name}");
        }

        shell.line("cd 'a folder'");
        assert_eq!(profile(&mut shell).as_deref(), Some("work"), "{name}");
        shell.line("cd ..");
        sandbox.write("a folder/.bqcred", "default\n");
        let shown = shell.line("cd 'a folder'");
        assert!(shown.contains("has changed since"), "{name}: {shown}");
        assert_eq!(profile(&mut shell), None, "{name}");
        shell.end();
    }
}

#[test]
fn profile_chosen_in_a_pinned_folder_stays_after_leaving() {
    for name in SHELLS {
        let sandbox = Sandbox::new();
        write_profile(&sandbox, "work", "second");
        write_profile(&sandbox, "other", "third");
        sandbox.write("pinned/.bqcred", "work");
        sandbox.bqcred(&["allow", sandbox.path("pinned").to_str().unwrap()]).success();
        let Some(mut shell) = Shell::start(&sandbox, name, "--pins", "") else { continue };
        shell.line("cd pinned");
        shell.line("bqcred use other");
        shell.line("cd ..");
        assert_eq!(shell.environment().get("BQCRED_PROFILE").map(String::as_str), Some("other"), "{name}");
        shell.end();
    }
}

/// By the README's line, which doesn't go through the function.
#[test]
fn profile_chosen_by_hand_wins_over_pins_until_it_is_unset() {
    for name in SHELLS {
        let sandbox = Sandbox::new();
        for profile in ["work", "other", "default"] {
            write_profile(&sandbox, profile, profile);
        }
        for folder in ["pinned", "again"] {
            sandbox.write(&format!("{folder}/.bqcred"), "work");
            sandbox.bqcred(&["allow", sandbox.path(folder).to_str().unwrap()]).success();
        }
        let Some(mut shell) = Shell::start(&sandbox, name, "--pins", "") else { continue };
        let line = |profile: &str| match name {
            "fish" => format!("command bqcred env {profile} | source"),
            _ => format!("eval $(command bqcred env {profile})"),
        };
        let after = |shell: &mut Shell, line: &str| {
            shell.line(line);
            shell.environment().remove("BQCRED_PROFILE")
        };
        // the first one without a name is the one of all shells
        assert_eq!(after(&mut shell, &line("")).as_deref(), Some("default"), "{name}");
        assert_eq!(after(&mut shell, "cd pinned").as_deref(), Some("work"), "{name}");
        assert_eq!(after(&mut shell, "cd ..").as_deref(), Some("default"), "{name}");
        shell.line("cd pinned");
        assert_eq!(after(&mut shell, &line("--profile other")).as_deref(), Some("other"), "{name}");
        for folder in ["..", "pinned", "../again", ".."] {
            assert_eq!(
                after(&mut shell, &format!("cd {folder}")).as_deref(),
                Some("other"),
                "{name}: {folder}"
            );
        }
        assert_eq!(after(&mut shell, "bqcred env --unset"), None, "{name}");
        assert_eq!(after(&mut shell, "cd pinned").as_deref(), Some("work"), "{name}");
        assert_eq!(after(&mut shell, "cd .."), None, "{name}");
        shell.end();
    }
}

#[test]
fn pinned_profile_that_cannot_be_used_leaves_no_other_account() {
    for name in SHELLS {
        let sandbox = Sandbox::new();
        write_profile(&sandbox, "default", "first");
        sandbox.write("pinned/.bqcred", "gone");
        sandbox.bqcred(&["allow", sandbox.path("pinned").to_str().unwrap()]).success();
        let Some(mut shell) = Shell::start(&sandbox, name, "--pins", "") else { continue };
        shell.line("bqcred env");
        let shown = shell.line("cd pinned");
        assert!(shown.contains("no profile named gone"), "{name}: {shown}");
        let seen = shell.environment();
        assert!(seen["GOOGLE_APPLICATION_CREDENTIALS"].contains("gone.json"), "{name}: {seen:?}");
        assert_eq!(seen.get("GOOGLE_CLOUD_PROJECT"), None, "{name}");
        shell.line("cd ..");
        assert_eq!(shell.environment()["GOOGLE_CLOUD_PROJECT"], "first", "{name}");
        shell.end();
    }
}

#[test]
fn pins_work_with_every_form_of_prompt_command() {
    let forms = [
        "unset PROMPT_COMMAND; other=1",
        "PROMPT_COMMAND=; other=1",
        "PROMPT_COMMAND='other=1'",
        "PROMPT_COMMAND=';other=1'",
        "PROMPT_COMMAND=' ; other=1 ; '",
        "PROMPT_COMMAND='other=1;'",
        "PROMPT_COMMAND=('true;' 'other=1')",
        "declare -a PROMPT_COMMAND; other=1",
        "PROMPT_COMMAND='other=1\n'",
        "PROMPT_COMMAND='\n;other=1'",
    ];
    for form in forms {
        let sandbox = Sandbox::new();
        write_profile(&sandbox, "work", "second");
        sandbox.write("pinned/.bqcred", "work");
        sandbox.bqcred(&["allow", sandbox.path("pinned").to_str().unwrap()]).success();
        let Some(mut shell) = Shell::start(&sandbox, "bash", "--pins", form) else { return };
        let shown = shell.line("cd pinned");
        assert_eq!(
            shell.environment().get("BQCRED_PROFILE").map(String::as_str),
            Some("work"),
            "{form}: {shown}"
        );
        assert!(shell.line("echo other=$other; (exit 3)").contains("other=1"), "{form}");
        assert!(!shell.line("echo code=$?").contains("syntax"), "{form}");
        shell.end();
    }
}

#[test]
fn readonly_prompt_command_is_named_and_the_rest_of_init_works() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", "first");
    let before = "readonly PROMPT_COMMAND=other=1";
    let Some(mut shell) = Shell::start(&sandbox, "bash", "--pins", before) else { return };
    let shown = shell.line("bqcred env");
    assert!(shown.contains("PROMPT_COMMAND is readonly") && shown.contains("runs as ada"), "{shown}");
    assert!(shell.line("complete -p bqcred").contains("_bqcred_complete"));
    shell.end();
}

#[test]
fn function_names_a_variable_that_does_not_take_its_value() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", "first");
    for name in ["bash", "zsh"] {
        let before = "typeset -u GOOGLE_CLOUD_PROJECT";
        let Some(mut shell) = Shell::start(&sandbox, name, "", before) else { continue };
        let shown = shell.line("bqcred env || echo code=$?");
        assert!(shown.contains("did not take its value") && shown.contains("code=1"), "{name}: {shown}");
        shell.end();
    }
}

#[test]
fn prompt_shows_the_profile_and_keeps_the_exit_code() {
    for name in SHELLS {
        let sandbox = Sandbox::new();
        write_profile(&sandbox, "work", "second");
        let Some(mut shell) = Shell::start(&sandbox, name, "--prompt --pins", "") else { continue };
        assert!(!shell.line("true").contains("[work]"), "{name}");
        shell.line("bqcred use work");
        assert!(shell.line("true").contains("[work] $"), "{name}");
        let status = if name == "fish" { "$status" } else { "$?" };
        shell.terminal.send_line("cd /; sh -c 'exit 7'").unwrap();
        assert!(shell.line(&format!("echo code={status}")).contains("code=7"), "{name}");
        shell.end();
    }
}

#[test]
fn sourcing_is_silent_under_strict_options() {
    let sandbox = Sandbox::new();
    sandbox.link("bqcred", Path::new(env!("CARGO_BIN_EXE_bqcred")));
    let line = "eval \"$(bqcred init SHELL --pins --prompt)\"; eval \"$(bqcred init SHELL --pins --prompt)\"";
    let cases: [(&str, &[&str], &str); 3] = [
        ("bash", &["--norc", "-eu", "-o", "pipefail", "-c"], line),
        ("zsh", &["-f", "-eu", "-o", "pipefail", "-o", "warn_create_global", "-c"], line),
        ("fish", &["--no-config", "-c"], "bqcred init fish --pins --prompt | source"),
    ];
    for (name, arguments, line) in cases {
        let Some(program) = find_program(name) else {
            missing(name);
            continue;
        };
        let line = line.replace("SHELL", name);
        let run = sandbox.program(program, arguments).arg(&line).run().success();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{name}");
    }
}

#[test]
fn pins_restore_every_variable_of_env() {
    let sandbox = Sandbox::new();
    let unset = sandbox.bqcred(&["env", "--unset", "--format", "json"]).success().json();
    let names: Vec<&String> = unset.as_object().unwrap().keys().collect();
    for shell in SHELLS {
        let text = std::fs::read_to_string(format!("shell/pins.{shell}")).unwrap();
        let words: Vec<&str> = text.split([' ', '\n', '(', ')']).collect();
        for name in &names {
            assert!(words.contains(&name.as_str()), "shell/pins.{shell} does not restore {name}");
        }
    }
}

#[test]
fn shell_files_pass_their_linters() {
    let bash = ["shell/bqcred.bash", "shell/pins.bash", "shell/prompt.bash", "shell/completions/bqcred.bash"];
    let zsh = ["shell/bqcred.zsh", "shell/pins.zsh", "shell/prompt.zsh", "shell/completions/_bqcred"];
    let fish = ["shell/bqcred.fish", "shell/pins.fish", "shell/prompt.fish", "shell/completions/bqcred.fish"];
    // SC2250: braces around every variable; SC2312: every command in its own statement
    lint("shellcheck", &["--enable=all", "--exclude=SC2250,SC2312"], &bash);
    lint("shfmt", &["-i", "4", "-ci", "-d"], &bash);
    for file in zsh {
        lint("zsh", &["-n"], &[file]);
    }
    for file in fish {
        lint("fish_indent", &["--check"], &[file]);
        lint("fish", &["--no-config", "-n"], &[file]);
    }
}

fn lint(program: &str, arguments: &[&str], files: &[&str]) {
    let Some(path) = find_program(program) else { return missing(program) };
    let output = Command::new(path).args(arguments).args(files).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success() && text.is_empty(), "{program} {files:?}:\n{text}");
}
