//! `bqcred env` in the real shells, with the lines of the README. Thousands of values are tested next to the
//! renderers (`src/handover/format/real_shells.rs`); here a few dozen are tested end to end, as the name of the
//! credential's folder.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::common::{GUARD_HOST, write_program};

const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// A shell, its arguments before a script, and the documented lines: to set, and to remove.
struct Shell {
    program: &'static str,
    arguments: &'static [&'static str],
    set: &'static [&'static str],
    unset: &'static [&'static str],
}

const fn posix(program: &'static str, arguments: &'static [&'static str]) -> Shell {
    Shell {
        program,
        arguments,
        set: &["eval $(bqcred env)", "eval \"$(bqcred env)\""],
        unset: &["eval $(bqcred env --unset)"],
    }
}

const SHELLS: &[Shell] = &[
    posix("bash", &["--noprofile", "--norc", "-c"]),
    posix("dash", &["-c"]),
    posix("zsh", &["-f", "-c"]),
    posix("ksh", &["-c"]),
    posix("mksh", &["-c"]),
    posix("yash", &["--norcfile", "-c"]),
    posix("busybox", &["sh", "-c"]),
    posix("posh", &["-c"]),
    Shell {
        program: "fish",
        arguments: &["--no-config", "-c"],
        set: &["bqcred env | source", "eval (bqcred env)"],
        unset: &["bqcred env --unset | source"],
    },
    Shell {
        program: "tcsh",
        arguments: &["-f", "-c"],
        set: &["eval `bqcred env`", "eval \"`bqcred env`\""],
        unset: &["eval `bqcred env --unset`"],
    },
    Shell {
        program: "elvish",
        arguments: &["-norc", "-c"],
        set: &["eval (bqcred env | slurp)", "eval (bqcred env --shell elvish | slurp)"],
        unset: &["eval (bqcred env --unset | slurp)"],
    },
    Shell {
        program: "nu",
        arguments: &["--no-config-file", "-c"],
        set: &["bqcred env | from json | load-env", "bqcred env --shell nu | from json | load-env"],
        unset: &[
            "bqcred env --unset | from json | load-env",
            "bqcred env --unset | from json | columns | hide-env --ignore-errors ...$in",
        ],
    },
];

/// Names of folders.
const HOSTILE: &[&[u8]] = &[
    b"plain",
    b"with blank",
    b"two  blanks   three",
    b" lead and trail ",
    b"tab\there",
    b"it's",
    b"\"double\"",
    b"`touch PWNED`",
    b"$(touch PWNED)",
    b"${HOME}$$",
    b"';touch PWNED;'",
    b"back\\slash\\",
    b"!!bang!$",
    b"*",
    b"a?[b-c]{d,e}",
    b"~",
    b"#hash # more",
    b";touch PWNED;",
    b"&|<>()",
    b"100%s%n",
    b"^a^b",
    b"-n",
    b"=ls",
    b"a:b,c=d",
    b"ada@example.com",
    "ünï 日本 \u{1f600}\u{2019}".as_bytes(),
    b"line\nbreak",
    b"\n\n",
    b"\r\x01\x7f",
];

/// A home with one profile, whose data are in a folder of that name.
struct Home {
    folder: tempfile::TempDir,
    data: PathBuf,
}

impl Home {
    fn new(name: &[u8]) -> Home {
        let home = Home::empty(name);
        private_file(&home.data.join("bqcred/default/adc.json"), ADC);
        private_file(&home.data.join("bqcred/default/profile.json"), PROFILE);
        home
    }

    fn empty(name: &[u8]) -> Home {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join(OsStr::from_bytes(name));
        for part in ["here", "home"] {
            std::fs::create_dir(folder.path().join(part)).unwrap();
        }
        Home { folder, data }
    }

    /// The expected value of the variable.
    fn adc(&self) -> OsString {
        self.data.join("bqcred/default/adc.json").into_os_string()
    }

    /// Runs a script in a shell, in an empty folder.
    fn run(&self, shell: &Shell, script: &str) -> Output {
        let bin = Path::new(env!("CARGO_BIN_EXE_bqcred")).parent().unwrap();
        let mut path = vec![bin.to_owned()];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
        Command::new(shell.program)
            .args(shell.arguments)
            .arg(script)
            .current_dir(self.folder.path().join("here"))
            .env_clear()
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("HOME", self.folder.path().join("home"))
            .env("XDG_DATA_HOME", &self.data)
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// The variable as a program sees it after the line, and what was said on stderr.
    fn after(&self, shell: &Shell, line: &str) -> (Option<OsString>, String) {
        let output = self.run(shell, &format!("{line}\n/usr/bin/env -0"));
        let found = output.stdout.split(|byte| *byte == 0).find_map(|entry| {
            let value = entry.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"=")?;
            Some(OsString::from_vec(value.to_vec()))
        });
        let here = self.folder.path().join("here");
        assert_eq!(std::fs::read_dir(here).unwrap().count(), 0, "{}: {line}: something ran", shell.program);
        (found, String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

const ADC: &str = r#"{
  "account": "ada@example.com",
  "client_id": "1-a.apps.googleusercontent.com",
  "client_secret": "not-a-secret",
  "refresh_token": "1//not-a-token",
  "type": "authorized_user",
  "universe_domain": "googleapis.com"
}"#;

const PROFILE: &str = r#"{"account": "ada@example.com", "project": "ada-project", "store": "file"}"#;

fn private_file(path: &Path, content: &str) {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path.parent().unwrap()).unwrap();
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(content.as_bytes()).unwrap();
}

/// The installed shells. A missing one is a failure where `CI=true`.
fn shells() -> impl Iterator<Item = &'static Shell> {
    SHELLS.iter().filter(|shell| installed(shell.program))
}

fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !found {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{program} is not installed");
        eprintln!("skipped: {program} is not installed");
    }
    found
}

fn named(program: &str) -> &'static Shell {
    SHELLS.iter().find(|shell| shell.program == program).unwrap()
}

#[test]
fn documented_lines_set_the_exact_path() {
    for name in HOSTILE {
        let home = Home::new(name);
        for shell in shells() {
            for line in shell.set {
                let place = format!("{}: {line}: {}", shell.program, name.escape_ascii());
                let (value, said) = home.after(shell, line);
                if shell.program == "tcsh" && name.contains(&b'\n') {
                    let value = value.unwrap().into_string().unwrap();
                    assert!(
                        value.contains("/bqcred-") && value.contains("can-t-be-written"),
                        "{place}: {value}"
                    );
                    assert!(said.contains(VARIABLE) && said.contains("bqcred exec"), "{place}: {said}");
                } else {
                    assert_eq!((value, said.as_str()), (Some(home.adc()), ""), "{place}");
                }
            }
        }
    }
}

#[test]
fn documented_lines_unset_the_variable() {
    let home = Home::new(b"with blank");
    for shell in shells() {
        for line in shell.unset {
            let (value, said) = home.after(shell, &format!("{}\n{line}", shell.set[0]));
            assert_eq!((value, said.as_str()), (None, ""), "{}: {line}", shell.program);
        }
    }
}

#[test]
fn failing_env_fails_the_documented_line() {
    let home = Home::empty(b"nothing");
    for shell in shells() {
        for line in shell.set {
            let output = home.run(shell, line);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{}: {line}", shell.program);
            assert!(said.contains("bqcred login"), "{}: {line}: {said}", shell.program);
        }
    }
}

/// Ways in which a stored credential becomes useless.
type Damage = fn(&Path);

const DAMAGES: [(&str, Damage); 4] = [
    ("no-credential", |profile| std::fs::remove_file(profile.join("adc.json")).unwrap()),
    ("the-JSON-ends", |profile| std::fs::write(profile.join("adc.json"), "{").unwrap()),
    ("link", |profile| {
        std::fs::rename(profile.join("adc.json"), profile.join("moved.json")).unwrap();
        std::os::unix::fs::symlink("moved.json", profile.join("adc.json")).unwrap();
    }),
    ("JSON", |profile| std::fs::write(profile.join("profile.json"), "[").unwrap()),
];

/// What a profile's environment may hold, and what a failing `env` leaves of it.
const EARLIER: &[&str] = &["GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_QUOTA_PROJECT", "CLOUDSDK_CORE_ACCOUNT"];

#[test]
fn failing_env_leaves_no_other_account_and_the_next_success_repairs_it() {
    for shell in shells().filter(|shell| !matches!(shell.program, "nu" | "elvish")) {
        for (reason, damage) in DAMAGES {
            let home = Home::new(b"plain");
            let profile = home.data.join("bqcred/default");
            let line = shell.set[0];
            let gcloud = line.replace("bqcred env", "bqcred env --gcloud");
            let look =
                |script: &str| seen_by_programs(&home.run(shell, &format!("{script}\n/usr/bin/env -0")));
            let before = look(&gcloud);
            assert!(before.contains_key("CLOUDSDK_CORE_ACCOUNT"), "{}", shell.program);
            let set = assignments(shell.program, &before);
            damage(&profile);
            let place = format!("{}: {reason}", shell.program);
            let after = look(&format!("{set}\n{line}"));
            let file = &after[VARIABLE];
            assert!(file.contains("/bqcred-") && file.contains(reason), "{place}: {file}");
            assert_eq!(after["GCE_METADATA_URL"], GUARD_HOST, "{place}");
            assert_eq!(after["NO_GCE_CHECK"], "true", "{place}");
            for name in EARLIER {
                assert_eq!(after.get(*name), None, "{place}");
            }
            assert!(!home.run(shell, line).status.success(), "{place}");
            std::fs::remove_dir_all(&profile).unwrap();
            private_file(&profile.join("adc.json"), ADC);
            private_file(&profile.join("profile.json"), PROFILE);
            let repaired = look(&format!("{}\n{line}", assignments(shell.program, &after)));
            assert_eq!(Some(repaired[VARIABLE].as_ref()), home.adc().to_str(), "{place}");
            assert_eq!(repaired["GOOGLE_CLOUD_PROJECT"], "ada-project", "{place}");
        }
    }
}

/// Statements that set these variables of bqcred's.
fn assignments(program: &str, environment: &BTreeMap<String, String>) -> String {
    let is_ours = |name: &str| {
        ["GOOGLE_", "CLOUDSDK_", "BQCRED_", "GCE_", "NO_GCE"].iter().any(|start| name.starts_with(start))
    };
    let statement = |(name, value): (&String, &String)| match program {
        "fish" => format!("set -gx {name} '{value}'\n"),
        "tcsh" => format!("setenv {name} '{value}'\n"),
        _ => format!("export {name}='{value}'\n"),
    };
    environment.iter().filter(|(name, _)| is_ours(name)).map(statement).collect()
}

fn seen_by_programs(output: &Output) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let entries = text.split('\0').filter_map(|entry| entry.split_once('='));
    entries.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn failing_env_prints_only_a_failure_where_no_profile_is_meant() {
    let stored = Home::new(b"plain");
    let nothing = Home::empty(b"nothing");
    let printed = |home: &Home, line: &str| {
        let output = home.run(named("bash"), line);
        assert_ne!(output.status.code(), Some(0), "{line}");
        String::from_utf8(output.stdout).unwrap()
    };
    for line in ["bqcred env", "bqcred env --gcloud", "bqcred env --bogus", "bqcred env --shell nosuch"] {
        assert_eq!(printed(&nothing, line), "false;\n", "{line}");
    }
    for line in
        ["bqcred env --profile='A B'", "BQCRED_PROFILE='A B' bqcred env", "bqcred env --shell=sh --bogus"]
    {
        assert_eq!(printed(&stored, line), "false;\n", "{line}");
    }
    std::fs::write(stored.folder.path().join("here/.bqcred"), "default\n").unwrap();
    assert_eq!(printed(&stored, "bqcred env --pinned-by .bqcred"), "false;\n", "not allowed");
    for line in ["bqcred env --profile gone", "BQCRED_PROFILE=gone bqcred env"] {
        for home in [&stored, &nothing] {
            let text = printed(home, line);
            assert!(text.ends_with("false;\n") && text.contains("gone.json'"), "{line}: {text}");
        }
    }
    for format in ["json", "dotenv", "renviron", "systemd", "kernel"] {
        assert_eq!(printed(&stored, &format!("bqcred env --profile gone --format {format}")), "", "{format}");
    }
}

/// The next attempt without --profile must mean the same profile as this one.
#[test]
fn failing_env_keeps_the_name_of_its_own_profile_and_removes_another() {
    let home = Home::new(b"plain");
    let profile = |script: &str| {
        let output = home.run(named("bash"), &format!("{script}; echo \"[${{BQCRED_PROFILE-none}}]\""));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(profile("export BQCRED_PROFILE=gone; eval $(bqcred env)"), "[gone]\n");
    assert_eq!(profile("eval $(bqcred env); eval $(bqcred env --profile gone)"), "[none]\n");
}

/// A line in another dialect must fail visibly, unless it set the right value all the same.
#[test]
fn wrong_dialect_fails_visibly() {
    let home = Home::new(b"with blank");
    for shell in shells() {
        for dialect in ["sh", "fish", "tcsh", "elvish", "nu", "pwsh"] {
            // Nushell's `from json` reads Hjson too, and takes PowerShell's text for a record.
            if (shell.program, dialect) == ("nu", "pwsh") {
                continue;
            }
            let line = shell.set[0].replace("bqcred env", &format!("bqcred env --shell {dialect}"));
            let (value, said) = home.after(shell, &line);
            let right = value == Some(home.adc());
            assert!(right || value.is_none(), "{}: {line}: another value: {value:?}", shell.program);
            assert!(right || !said.is_empty(), "{}: {line}: {value:?}", shell.program);
        }
    }
}

#[test]
fn shell_is_detected_through_wrapper_programs() {
    let home = Home::new(b"plain");
    for program in ["fish", "tcsh", "elvish", "bash"] {
        if !installed(program) {
            continue;
        }
        let direct = first_word(&home.run(named(program), "bqcred env"));
        for prefix in ["env", "nice", "nohup", "timeout 60", "setsid -w", "env timeout 60 nice"] {
            let word = first_word(&home.run(named(program), &format!("{prefix} bqcred env")));
            assert_eq!(word, direct, "{program}: {prefix}");
        }
    }
}

/// Neither the login shell, nor the parent of the current one.
#[test]
fn nearest_parent_shell_is_detected() {
    if !installed("fish") || !installed("tcsh") {
        return;
    }
    let home = Home::new(b"plain");
    let word = |script| first_word(&home.run(named("fish"), script));
    assert_eq!(word("bqcred env; true"), "set");
    assert_eq!(word("sh -c 'bqcred env; true'"), "export");
    assert_eq!(word("tcsh -f -c 'bqcred env; true'"), "setenv");
}

/// A script that is run by its first line goes by its own name in the process table.
#[test]
fn shell_of_a_script_is_its_interpreter() {
    let home = Home::new(b"plain");
    for (name, interpreter, word) in [("deploy", "bash", "export"), ("deploy.fish", "fish", "set")] {
        if !installed(interpreter) {
            continue;
        }
        let script = home.folder.path().join(name);
        write_program(&script, format!("#!/usr/bin/{interpreter}\nbqcred env\ntrue\n").as_bytes());
        let output = home.run(named("dash"), &format!("{}; true", script.display()));
        assert_eq!(first_word(&output), word, "{name}");
    }
}

fn first_word(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn mistyped_option_fails_in_the_named_shell() {
    for shell in ["sh", "fish", "tcsh", "elvish", "nu", "pwsh"] {
        // an unknown profile is reported by the command itself, a mistyped option by the parser
        let unknown_profile = env_at(shell, &["--profile", "nosuch"]);
        let mistyped = env_at(shell, &["--bogus"]);
        assert!(unknown_profile.ends_with(&mistyped), "{shell}: {unknown_profile}");
        assert!(!unknown_profile.is_empty(), "{shell}");
    }
}

/// What `env --shell` prints when it fails, below a shell of another kind.
fn env_at(shell: &str, more: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bqcred"));
    command.env_clear().env("HOME", home.path()).args(["env", "--shell", shell]).args(more);
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
