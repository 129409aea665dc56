//! What `bqcred env` prints and a shell can't take, the shell reports: with generated values of IFS and with variables
//! that are readonly or have a type. A success must mean that every variable is what it should be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{GUARD_HOST, find_program, missing, set_mode};

/// The shells, each with the words before a script, and its name for `--shell`.
const POSIX: &[(&str, &[&str], &str)] = &[
    ("bash", &["--noprofile", "--norc", "-c"], "bash"),
    ("dash", &["-c"], "dash"),
    ("zsh", &["-f", "-c"], "zsh"),
    ("ksh", &["-c"], "ksh"),
    ("mksh", &["-c"], "mksh"),
    ("yash", &["--norcfile", "-c"], "yash"),
    ("busybox", &["sh", "-c"], "sh"),
    ("posh", &["-c"], "posh"),
];

const FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
const QUOTA: &str = "GOOGLE_CLOUD_QUOTA_PROJECT";

/// Names of the data folder: plain, in octal, with blanks.
const FOLDERS: &[&str] = &["data", "h\u{e9}/a:b=c,*/Kq-7\n", "a  b c/ d "];

/// What `env` prints, in a folder of its own, where it is the file `set`.
struct Trial {
    shell: &'static (&'static str, &'static [&'static str], &'static str),
    folder: tempfile::TempDir,
    /// The variables after a success; `None` is removed.
    wanted: Vec<(&'static str, Option<String>)>,
}

/// The environment after a success.
type Environment = BTreeMap<String, String>;

impl Trial {
    fn new(
        shell: &'static (&'static str, &'static [&'static str], &'static str),
        data: &str,
        unset: bool,
    ) -> Trial {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join(data);
        let profile = data.join("bqcred/work_2");
        std::fs::create_dir_all(&profile).unwrap();
        let adc = write(
            &profile,
            "adc.json",
            r#"{"account": "ada@example.com", "client_id": "1-a.example",
            "client_secret": "made-up", "refresh_token": "made-up", "type": "authorized_user"}"#,
        );
        let known = r#"{"account": "ada@example.com", "project": "my-project-1", "store": "file"}"#;
        write(&profile, "profile.json", known);
        set_mode(&profile, 0o700);
        let mut command = Command::new(env!("CARGO_BIN_EXE_bqcred"));
        command.args(["env", "--profile", "work_2", "--shell", shell.2]).env_clear();
        // another profile's environment, so that its quota project is removed
        command.env("HOME", folder.path()).env("XDG_DATA_HOME", &data).env("BQCRED_PROFILE", "other");
        if unset {
            command.arg("--unset");
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::write(folder.path().join("set"), output.stdout).unwrap();
        let value = |value: &str| (!unset).then(|| value.to_owned());
        let wanted = vec![
            ("GCE_METADATA_URL", value(GUARD_HOST)),
            ("NO_GCE_CHECK", value("true")),
            (FILE, value(adc.to_str().unwrap())),
            ("GOOGLE_CLOUD_PROJECT", value("my-project-1")),
            ("BQCRED_PROFILE", value("work_2")),
            (QUOTA, None),
        ];
        Trial { shell, folder, wanted }
    }

    /// Runs the script, which ends by `env -0` on success. `ifs` is its first argument.
    fn run(&self, script: &str, ifs: &str) -> Option<Environment> {
        let mut command = Command::new(self.shell.0);
        command.args(self.shell.1).args([script, "sh", ifs]).current_dir(&self.folder).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("LC_ALL", "C.UTF-8");
        command.envs([("GOOGLE_CLOUD_PROJECT", "earlier"), (QUOTA, "earlier")]);
        let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().unwrap();
        output.status.success().then(|| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let entries = text.split('\0').filter_map(|entry| entry.split_once('='));
            entries.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        })
    }

    /// What is wrong after a success.
    fn wrong(&self, seen: &Environment) -> Vec<String> {
        let wrong = self.wanted.iter().filter(|(name, value)| seen.get(*name) != value.as_ref());
        wrong.map(|(name, _)| format!("{}: {name} is {:?}", self.shell.0, seen.get(*name))).collect()
    }
}

fn write(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    set_mode(&path, 0o600);
    path
}

fn installed(program: &str) -> bool {
    let found = find_program(program).is_some();
    if !found {
        missing(program);
    }
    found
}

/// Every shell here with every text.
fn in_each(work: impl Fn(&Trial)) {
    for shell in POSIX.iter().filter(|shell| installed(shell.0)) {
        FOLDERS.iter().for_each(|folder| work(&Trial::new(shell, folder, false)));
        work(&Trial::new(shell, FOLDERS[0], true));
    }
}

/// Every printable character alone, and with blanks, and some together.
fn separators() -> Vec<String> {
    let single = (b'!'..=b'~').map(|byte| char::from(byte).to_string());
    let with_blanks = "e:./=-_05a".chars().map(|c| format!(" \t\n{c}"));
    let sets = [
        "aeiou",
        "0123456789",
        "abcdefghijklmnopqrstuvwxyz",
        "./",
        ":/",
        "=:",
        "'\"",
        "$`\\",
        "\u{e9}",
        "(;",
    ];
    let harmless = ["", " ", "\n", "\t", " \t\n"];
    single.chain(with_blanks).chain(sets.iter().chain(&harmless).map(|&set| set.to_owned())).collect()
}

#[test]
fn eval_fails_if_ifs_changes_a_value() {
    let line = "IFS=\"$1\"; eval $(cat set) || exit 9; exec /usr/bin/env -0";
    in_each(|trial| {
        for ifs in separators() {
            if trial.shell.0 == "ksh" && ifs.contains('\\') {
                continue; // its `eval` ignores everything then: some first character there has to be
            }
            let Some(seen) = trial.run(line, &ifs) else {
                let harmless = ifs.chars().all(|c| matches!(c, ' ' | '\t' | '\n' | ':' | ','));
                assert!(!harmless, "{}: IFS {ifs:?} makes it fail: {:?}", trial.shell.0, trial.wanted);
                continue;
            };
            assert_eq!(trial.wrong(&seen), [""; 0], "IFS {ifs:?}");
        }
    });
}

/// Statements that keep a variable from being set as it should.
fn obstacles(program: &str) -> Vec<&'static str> {
    let types: &[&str] = match program {
        "bash" | "zsh" | "ksh" | "mksh" => {
            &["typeset -i NAME", "typeset -u NAME", "typeset -l NAME", "typeset -r NAME=x"]
        }
        _ => &[],
    };
    let more: &[&str] = match program {
        "zsh" | "ksh" | "mksh" => &["typeset -L3 NAME", "typeset -Z20 NAME", "typeset -R5 NAME"],
        _ => &[],
    };
    ["NAME=x; readonly NAME", "NAME=x; export NAME; readonly NAME"]
        .iter()
        .chain(types)
        .chain(more)
        .copied()
        .collect()
}

#[test]
fn eval_fails_if_a_variable_does_not_take_its_value() {
    in_each(|trial| {
        let lines =
            ["eval $(cat set)", "eval \"$(cat set)\"", "set -eu; eval $(cat set)", "set -f; eval $(cat set)"];
        let all = obstacles(trial.shell.0)
            .into_iter()
            .flat_map(|obstacle| trial.wanted.iter().map(move |(name, _)| (obstacle, *name)));
        // the lines take turns
        for ((obstacle, name), line) in all.zip(lines.iter().cycle()) {
            let obstacle = obstacle.replace("NAME", name);
            let script = format!("{obstacle}; {line} || exit 9; exec /usr/bin/env -0");
            let seen = trial.run(&script, "");
            let wrong = seen.as_ref().map_or_else(Vec::new, |seen| trial.wrong(seen));
            assert_eq!(wrong, [""; 0], "{script}");
            assert!(seen.is_none() || !obstacle.contains("readonly"), "{}: {script}", trial.shell.0);
        }
    });
}

#[test]
fn readonly_variable_leaves_the_guard_set() {
    // the other shells end at the assignment
    for shell in POSIX.iter().filter(|shell| matches!(shell.0, "bash" | "zsh") && installed(shell.0)) {
        let trial = Trial::new(shell, FOLDERS[0], false);
        let script = format!("readonly {FILE}=x; eval $(cat set); test $? != 0 && exec /usr/bin/env -0");
        let seen = trial.run(&script, "").unwrap_or_else(|| panic!("{}: the eval succeeds", shell.0));
        assert_eq!(seen["GCE_METADATA_URL"], GUARD_HOST, "{}", shell.0);
    }
}

#[test]
fn fish_fails_if_another_variable_hides_the_one_that_is_set() {
    static FISH: (&str, &[&str], &str) = ("fish", &["--no-config", "-c"], "fish");
    if !installed("fish") {
        return;
    }
    for (folder, unset) in FOLDERS.iter().map(|folder| (folder, false)).chain([(&FOLDERS[0], true)]) {
        let trial = Trial::new(&FISH, folder, unset);
        for line in ["cat set | source", "eval (cat set)", "eval (cat set | string collect)"] {
            let script = format!("{line}; or exit 9; /usr/bin/env -0");
            assert_eq!(trial.wrong(&trial.run(&script, "").unwrap()), [""; 0], "{line}");
            for (name, _) in &trial.wanted {
                let script = format!("function f; set -lx {name} x; {script}; end; f");
                assert_eq!(trial.run(&script, ""), None, "{script}");
            }
        }
    }
}
