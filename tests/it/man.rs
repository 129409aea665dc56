//! Manual pages and help: every verb has both, with an example, and the real `man` has nothing to complain of.

use std::path::Path;

use crate::common::{Sandbox, find_program, missing, mode, spawn_in_terminal};

/// Every verb that help shows, and those below them.
fn verbs(sandbox: &Sandbox) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut left = vec![Vec::<String>::new()];
    while let Some(verb) = left.pop() {
        let mut arguments = vec!["help"];
        arguments.extend(verb.iter().map(String::as_str));
        let help = sandbox.bqcred(&arguments).success().stdout;
        let below = help.lines().skip_while(|line| *line != "Verbs:").skip(1);
        for line in below.take_while(|line| !line.is_empty()) {
            let name = line.split_whitespace().next().unwrap();
            left.push(verb.iter().cloned().chain([name.to_owned()]).collect());
        }
        found.push(verb);
    }
    found
}

#[test]
fn every_verb_has_a_page_that_man_shows_without_a_warning() {
    let sandbox = Sandbox::new();
    let Some(man) = find_program("man") else { return missing("man") };
    let folder = sandbox.path("man1");
    sandbox.bqcred(&["man", "--out", folder.to_str().unwrap()]).success().says("pages written to");
    let verbs = verbs(&sandbox);
    assert!(verbs.len() > 20, "{verbs:?}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), verbs.len());
    for verb in verbs {
        let name = [vec!["bqcred".to_owned()], verb].concat().join("-");
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
fn one_page_goes_to_stdout() {
    let sandbox = Sandbox::new();
    let page = sandbox.bqcred(&["man", "client", "set"]).success().stdout;
    assert!(page.starts_with(".TH bqcred-client-set 1 "), "{page}");
    sandbox.bqcred(&["man", "nonsense"]).fails(2).says("bqcred has no verb \"nonsense\"");
}

#[test]
fn every_verb_shows_an_example_in_its_help() {
    let sandbox = Sandbox::new();
    for verb in verbs(&sandbox) {
        let mut arguments = vec!["help"];
        arguments.extend(verb.iter().map(String::as_str));
        let by_help = sandbox.bqcred(&arguments).success().stdout;
        let mut arguments: Vec<&str> = verb.iter().map(String::as_str).collect();
        arguments.push("--help");
        let by_flag = sandbox.bqcred(&arguments).success().stdout;
        assert_eq!(by_help, by_flag);
        let (_, example) =
            by_help.split_once("\nExample").unwrap_or_else(|| panic!("{verb:?} has no example:\n{by_help}"));
        assert!(example.contains("bqcred"), "{verb:?}");
        let about = by_help.lines().next().unwrap();
        assert!(!about.ends_with('.') && about.len() <= 90, "{verb:?}: {about}");
    }
}

#[test]
fn help_is_plain_text_whatever_the_terminal() {
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
    for verb in verbs(&sandbox) {
        let mut command = sandbox.command("sh");
        let line =
            format!("stty cols 40 rows 24; '{}' {} --help", env!("CARGO_BIN_EXE_bqcred"), verb.join(" "));
        command.args(["-c", &line]).env("TERM", "xterm");
        let shown = spawn_in_terminal(command).exp_eof().unwrap();
        // what follows "Example" is a command line, which must not be broken
        let prose = shown.split("Example").next().unwrap();
        for line in prose.lines().filter(|line| !line.starts_with("Usage:")) {
            // a word longer than the line, such as a path, stays whole; so does a flag with its value
            let whole = line.split_whitespace().count() == 1 || line.trim_start().starts_with("--");
            let fits = line.trim_end().chars().count() <= 40 || whole;
            assert!(fits, "{verb:?}: {line:?}");
        }
    }
}

#[test]
fn the_examples_are_command_lines_that_are_understood() {
    let sandbox = Sandbox::new();
    for verb in verbs(&sandbox) {
        let mut arguments = vec!["help"];
        arguments.extend(verb.iter().map(String::as_str));
        let help = sandbox.bqcred(&arguments).success().stdout;
        let example = help.split("\nExample").nth(1).unwrap();
        for line in example.lines().skip(1).filter(|line| line.starts_with("  bqcred ")) {
            // the words up to the first that is the shell's own
            let words: Vec<&str> = line
                .split_whitespace()
                .skip(1)
                .take_while(|word| !word.starts_with(['|', '>', '(', '#', '&']))
                .collect();
            let mut command = vec!["__complete", "--", "bqcred"];
            command.extend(&words);
            sandbox.bqcred(&command).success();
            // help of the same line: clap reads the words before it
            let known = verb.iter().zip(&words).all(|(name, word)| name == word);
            assert!(known, "{verb:?}: {line}");
        }
    }
}

#[test]
fn the_exit_codes_of_the_pages_are_those_of_the_program() {
    let sandbox = Sandbox::new();
    let page = sandbox.bqcred(&["man"]).success().stdout;
    let source = std::fs::read_to_string(Path::new("src/output/error.rs")).unwrap();
    let table = source.split("EXIT_CODES: &[(u8, &str)] = &[").nth(1).unwrap().split("];").next().unwrap();
    for entry in table.lines().filter_map(|line| line.trim().strip_prefix('(')) {
        let code = entry.split(',').next().unwrap();
        assert!(page.contains(&format!(".TP\n{code}\n")), "{code}");
    }
}
