//! Manual pages and help: every command has both, with an example, and `man` shows each page without a
//! warning.

use std::path::Path;

use crate::common::{Sandbox, find_program, missing, mode, spawn_in_terminal};

/// Every command in the help, and its subcommands.
fn subcommands(sandbox: &Sandbox) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut left = vec![Vec::<String>::new()];
    while let Some(subcommand) = left.pop() {
        let help = help_of(sandbox, &subcommand);
        let below = help.lines().skip_while(|line| *line != "Verbs:").skip(1);
        for line in below.take_while(|line| !line.is_empty()) {
            let name = line.split_whitespace().next().unwrap();
            left.push(subcommand.iter().cloned().chain([name.to_owned()]).collect());
        }
        found.push(subcommand);
    }
    found
}

/// What `bqcred help` prints for a subcommand.
fn help_of(sandbox: &Sandbox, subcommand: &[String]) -> String {
    let arguments: Vec<&str> = std::iter::once("help").chain(subcommand.iter().map(String::as_str)).collect();
    sandbox.bqcred(&arguments).success().stdout
}

#[test]
fn every_command_has_a_page_without_warnings() {
    let sandbox = Sandbox::new();
    let Some(man) = find_program("man") else { return missing("man") };
    let folder = sandbox.path("man1");
    sandbox.bqcred(&["man", "--out", folder.to_str().unwrap()]).success().says("pages written to");
    let subcommands = subcommands(&sandbox);
    assert!(subcommands.len() > 20, "{subcommands:?}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), subcommands.len());
    for subcommand in subcommands {
        let name = [vec!["bqcred".to_owned()], subcommand].concat().join("-");
        let page = folder.join(format!("{name}.1"));
        assert_eq!(mode(&page) & 0o600, 0o600);
        let run = sandbox
            .program(&man, &["--warnings", "-l"])
            .arg(&page)
            .env("PATH", "/usr/bin:/bin")
            .env("MANWIDTH", "80")
            .env("MAN_KEEP_STDERR", "1")
            .run()
            .success();
        assert_eq!(run.stderr, "", "{name}");
        for heading in ["NAME", "SYNOPSIS", "EXIT STATUS", "SEE ALSO"] {
            assert!(
                run.stdout.lines().any(|line| line == heading),
                "{name} has no {heading}:\n{}",
                run.stdout
            );
        }
        assert!(run.stdout.contains(&format!("{name}(1)")), "{name}");
    }
}

#[test]
fn named_page_is_printed() {
    let sandbox = Sandbox::new();
    let page = sandbox.bqcred(&["man", "client", "set"]).success().stdout;
    assert!(page.starts_with(".TH bqcred-client-set 1 "), "{page}");
    sandbox.bqcred(&["man", "nonsense"]).fails(2).says("bqcred has no verb \"nonsense\"");
}

#[test]
fn every_command_has_an_example_in_its_help() {
    let sandbox = Sandbox::new();
    for subcommand in subcommands(&sandbox) {
        let by_help = help_of(&sandbox, &subcommand);
        let mut arguments: Vec<&str> = subcommand.iter().map(String::as_str).collect();
        arguments.push("--help");
        let by_flag = sandbox.bqcred(&arguments).success().stdout;
        assert_eq!(by_help, by_flag);
        let (_, example) = by_help
            .split_once("\nExample")
            .unwrap_or_else(|| panic!("{subcommand:?} has no example:\n{by_help}"));
        assert!(example.contains("bqcred"), "{subcommand:?}");
        let about = by_help.lines().next().unwrap();
        assert!(!about.ends_with('.') && about.len() <= 90, "{subcommand:?}: {about}");
    }
}

#[test]
fn help_is_plain_text_on_every_terminal() {
    let sandbox = Sandbox::new();
    for (name, value) in [("CLICOLOR_FORCE", "1"), ("FORCE_COLOR", "1"), ("TERM", "dumb"), ("NO_COLOR", "1")]
    {
        for line in [&["--help"][..], &["login", "--help"], &[], &["nonsense"]] {
            let run = sandbox.invoke(line).env(name, value).run();
            assert!(!(run.stdout + &run.stderr).contains('\u{1b}'), "{name} {line:?}");
        }
    }
}

#[test]
fn help_fits_a_terminal_of_40_columns() {
    let sandbox = Sandbox::new();
    for subcommand in subcommands(&sandbox) {
        let mut command = sandbox.command("sh");
        let line = format!(
            "stty cols 40 rows 24; '{}' {} --help",
            env!("CARGO_BIN_EXE_bqcred"),
            subcommand.join(" ")
        );
        command.args(["-c", &line]).env("TERM", "xterm");
        let shown = spawn_in_terminal(command).exp_eof().unwrap();
        // what follows "Example" is a command line, which must not be broken
        let prose = shown.split("Example").next().unwrap();
        for line in prose.lines().filter(|line| !line.starts_with("Usage:")) {
            // a word longer than the line, such as a path, stays whole; so does a flag with its value
            let whole = line.split_whitespace().count() == 1 || line.trim_start().starts_with("--");
            let fits = line.trim_end().chars().count() <= 40 || whole;
            assert!(fits, "{subcommand:?}: {line:?}");
        }
    }
}

#[test]
fn examples_are_valid_command_lines() {
    let sandbox = Sandbox::new();
    for subcommand in subcommands(&sandbox) {
        let help = help_of(&sandbox, &subcommand);
        let example = help.split("\nExample").nth(1).unwrap();
        for line in example.lines().skip(1).filter(|line| line.starts_with("  bqcred ")) {
            // the words before the first shell operator
            let words: Vec<&str> = line
                .split_whitespace()
                .skip(1)
                .take_while(|word| !word.starts_with(['|', '>', '(', '#', '&']))
                .collect();
            let mut command = vec!["__complete", "--", "bqcred"];
            command.extend(&words);
            sandbox.bqcred(&command).success();
            // help of the same line: clap reads the words before it
            let known = subcommand.iter().zip(&words).all(|(name, word)| name == word);
            assert!(known, "{subcommand:?}: {line}");
        }
    }
}

#[test]
fn page_lists_every_exit_code() {
    let sandbox = Sandbox::new();
    let page = sandbox.bqcred(&["man"]).success().stdout;
    let source = std::fs::read_to_string(Path::new("src/output/error.rs")).unwrap();
    let table = source.split("EXIT_CODES: &[(u8, &str)] = &[").nth(1).unwrap().split("];").next().unwrap();
    for entry in table.lines().filter_map(|line| line.trim().strip_prefix('(')) {
        let code = entry.split(',').next().unwrap();
        assert!(page.contains(&format!(".TP\n{code}\n")), "{code}");
    }
}
