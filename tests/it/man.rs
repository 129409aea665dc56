//! Manual pages and help: every command has both, with an example, and the real `man` gives no warning.

use std::path::Path;

use crate::common::{Sandbox, find_program, missing, mode, spawn_in_terminal};

/// Every command that help shows, and their subcommands.
fn commands(sandbox: &Sandbox) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut left = vec![Vec::<String>::new()];
    while let Some(name) = left.pop() {
        let mut arguments = vec!["help"];
        arguments.extend(name.iter().map(String::as_str));
        let help = sandbox.bqcred(&arguments).success().stdout;
        let below = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        for line in below.take_while(|line| !line.is_empty()) {
            let word = line.split_whitespace().next().unwrap();
            left.push(name.iter().cloned().chain([word.to_owned()]).collect());
        }
        found.push(name);
    }
    found
}

#[test]
fn every_command_has_a_page_that_man_shows_without_a_warning() {
    let sandbox = Sandbox::new();
    let Some(man) = find_program("man") else { return missing("man") };
    let folder = sandbox.path("man1");
    sandbox.bqcred(&["man", "--out", folder.to_str().unwrap()]).success().says("pages written to");
    let commands = commands(&sandbox);
    assert!(commands.len() > 20, "{commands:?}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), commands.len());
    for name in commands {
        let name = [vec!["bqcred".to_owned()], name].concat().join("-");
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
    sandbox.bqcred(&["man", "nonsense"]).fails(2).says("bqcred has no command \"nonsense\"");
}

#[test]
fn every_command_has_an_example_in_its_help() {
    let sandbox = Sandbox::new();
    for name in commands(&sandbox) {
        let mut arguments = vec!["help"];
        arguments.extend(name.iter().map(String::as_str));
        let by_help = sandbox.bqcred(&arguments).success().stdout;
        let mut arguments: Vec<&str> = name.iter().map(String::as_str).collect();
        arguments.push("--help");
        let by_flag = sandbox.bqcred(&arguments).success().stdout;
        assert_eq!(by_help, by_flag);
        let (_, example) =
            by_help.split_once("\nExample").unwrap_or_else(|| panic!("{name:?} has no example:\n{by_help}"));
        assert!(example.contains("bqcred"), "{name:?}");
        let about = by_help.lines().next().unwrap();
        assert!(!about.ends_with('.') && about.len() <= 90, "{name:?}: {about}");
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
    for name in commands(&sandbox) {
        let mut command = sandbox.command("sh");
        let line =
            format!("stty cols 40 rows 24; '{}' {} --help", env!("CARGO_BIN_EXE_bqcred"), name.join(" "));
        command.args(["-c", &line]).env("TERM", "xterm");
        let shown = spawn_in_terminal(command).exp_eof().unwrap();
        // what follows "Example" is a command line, which must not be broken
        let prose = shown.split("Example").next().unwrap();
        for line in prose.lines().filter(|line| !line.starts_with("Usage:")) {
            // a word longer than the line, such as a path, stays whole; so does a flag with its value
            let whole = line.split_whitespace().count() == 1 || line.trim_start().starts_with("--");
            let fits = line.trim_end().chars().count() <= 40 || whole;
            assert!(fits, "{name:?}: {line:?}");
        }
    }
}

#[test]
fn the_examples_are_command_lines_that_are_understood() {
    let sandbox = Sandbox::new();
    for name in commands(&sandbox) {
        let mut arguments = vec!["help"];
        arguments.extend(name.iter().map(String::as_str));
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
            let known = name.iter().zip(&words).all(|(part, word)| part == word);
            assert!(known, "{name:?}: {line}");
        }
    }
}

#[test]
fn at_a_terminal_man_shows_the_page() {
    let sandbox = Sandbox::new();
    if find_program("man").is_none() {
        return missing("man");
    }
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_bqcred"));
    command.args(["man", "client", "set"]);
    command.env("TERM", "xterm").env("PATH", "/usr/bin:/bin").env("MANPAGER", "cat").env("MANWIDTH", "80");
    let shown = spawn_in_terminal(command).exp_eof().unwrap();
    assert!(
        shown.contains("bqcred-client-set(1)") && shown.contains("File of a \"Desktop app\" client"),
        "{shown}"
    );
    assert!(!shown.contains(".TH"), "{shown}");
}

#[test]
fn without_man_the_text_of_the_page_is_shown() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_bqcred"));
    command.args(["man", "client", "set"]).env("TERM", "xterm").env("PATH", sandbox.path("empty"));
    let shown = spawn_in_terminal(command).exp_eof().unwrap();
    assert!(shown.contains("Usage: bqcred client set") && shown.contains("Exit status:"), "{shown}");
    assert!(!shown.contains(".TH"), "{shown}");
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
