//! What the text that `env` prints can't set, it reports: in the real shells, with generated values of IFS and with
//! variables that are readonly or have a type. A success must mean that every variable is what it should be.
#![expect(clippy::disallowed_methods, reason = "scratch files of a test, and its own environment")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::{Command, Stdio};

use super::real_shells::installed;
use super::{Change, Dialect, shell};

/// The shells, each with the words before a script.
const POSIX: &[(&str, &[&str], Dialect)] = &[
    ("bash", &["--noprofile", "--norc", "-c"], Dialect::Posix),
    ("dash", &["-c"], Dialect::Posix),
    ("zsh", &["-f", "-c"], Dialect::Posix),
    ("ksh", &["-c"], Dialect::Ksh),
    ("mksh", &["-c"], Dialect::Posix),
    ("yash", &["--norcfile", "-c"], Dialect::Posix),
    ("busybox", &["sh", "-c"], Dialect::Posix),
    ("posh", &["-c"], Dialect::Posix),
];

const FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// What `env` prints with a plain path, with a path in octal, with blanks, and to remove everything.
fn texts() -> Vec<Vec<Change>> {
    let set = |path: &str| {
        let value = |text: &str| Some(OsString::from(text));
        vec![
            Change { name: "GCE_METADATA_URL", value: value("255.255.255.255") },
            Change { name: "NO_GCE_CHECK", value: value("true") },
            Change { name: FILE, value: value(path) },
            Change { name: "GOOGLE_CLOUD_PROJECT", value: value("my-project-1") },
            Change { name: "BQCRED_PROFILE", value: value("work_2") },
            Change { name: "GOOGLE_CLOUD_QUOTA_PROJECT", value: None },
        ]
    };
    let plain = set("/home/ada/.local/share/bqcred/default/adc.json");
    let removal = plain.iter().map(|change| Change { name: change.name, value: None }).collect();
    let others = ["/h\u{e9}/a:b=c,*/Kq-7.json\n", "/home/a  b c/ d /adc.json "];
    [plain, removal].into_iter().chain(others.map(set)).collect()
}

/// A shell in a folder that holds the text in the file `set`.
struct Trial<'a> {
    shell: &'a (&'static str, &'static [&'static str], Dialect),
    folder: &'a Path,
    changes: &'a [Change],
}

/// The environment after a success.
type Environment = BTreeMap<Vec<u8>, Vec<u8>>;

impl Trial<'_> {
    fn write(&self) {
        std::fs::write(self.folder.join("set"), shell(self.shell.2, self.changes).unwrap()).unwrap();
    }

    /// Runs the script, which ends by `env -0` on success. `ifs` is its first argument.
    fn run(&self, script: &str, ifs: &str) -> Option<Environment> {
        let mut command = Command::new(self.shell.0);
        command.args(self.shell.1).args([script, "sh", ifs]).current_dir(self.folder).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("LC_ALL", "C.UTF-8");
        command.envs([("GOOGLE_CLOUD_PROJECT", "earlier"), ("GOOGLE_CLOUD_QUOTA_PROJECT", "earlier")]);
        let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().unwrap();
        output.status.success().then(|| {
            let entries = output.stdout.split(|byte| *byte == 0);
            entries
                .filter_map(|entry| {
                    let equals = entry.iter().position(|byte| *byte == b'=')?;
                    Some((entry[..equals].to_vec(), entry[equals + 1..].to_vec()))
                })
                .collect()
        })
    }

    /// What is wrong after a success.
    fn wrong(&self, seen: &Environment) -> Vec<String> {
        let is_right = |change: &&Change| {
            seen.get(change.name.as_bytes()).map(Vec::as_slice)
                == change.value.as_ref().map(|it| it.as_bytes())
        };
        let wrong = self.changes.iter().filter(|change| !is_right(change));
        wrong
            .map(|change| {
                let value = seen.get(change.name.as_bytes()).cloned().map(OsString::from_vec);
                format!("{}: {} is {value:?}", self.shell.0, change.name)
            })
            .collect()
    }
}

/// Every shell here with every text.
fn in_each(work: impl Fn(&Trial<'_>)) {
    for shell in POSIX.iter().filter(|shell| installed(shell.0)) {
        for changes in texts() {
            let folder = tempfile::tempdir().unwrap();
            let trial = Trial { shell, folder: folder.path(), changes: &changes };
            trial.write();
            work(&trial);
        }
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
            if trial.shell.2 == Dialect::Ksh && ifs.contains('\\') {
                continue; // its `eval` ignores everything then: some first character there has to be
            }
            let Some(seen) = trial.run(line, &ifs) else {
                let harmless = ifs.chars().all(|c| matches!(c, ' ' | '\t' | '\n' | ':' | ','));
                assert!(!harmless, "{}: IFS {ifs:?} makes it fail: {:?}", trial.shell.0, trial.changes);
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
            .flat_map(|obstacle| trial.changes.iter().map(move |change| (obstacle, change)));
        // the lines take turns
        for ((obstacle, change), line) in all.zip(lines.iter().cycle()) {
            let obstacle = obstacle.replace("NAME", change.name);
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
    for shell in POSIX.iter().filter(|shell| matches!(shell.0, "bash" | "zsh" | "mksh") && installed(shell.0))
    {
        let folder = tempfile::tempdir().unwrap();
        let trial = Trial { shell, folder: folder.path(), changes: &texts()[0] };
        trial.write();
        let script = format!("readonly {FILE}=x; eval $(cat set); test $? != 0 && exec /usr/bin/env -0");
        let Some(seen) = trial.run(&script, "") else {
            assert_eq!(shell.0, "mksh", "only mksh ends at the assignment");
            continue;
        };
        assert_eq!(seen.get("GCE_METADATA_URL".as_bytes()).unwrap(), b"255.255.255.255", "{}", shell.0);
    }
}

#[test]
fn fish_fails_if_another_variable_hides_the_one_that_is_set() {
    if !installed("fish") {
        return;
    }
    const FISH: (&str, &[&str], Dialect) = ("fish", &["--no-config", "-c"], Dialect::Fish);
    for changes in texts() {
        let folder = tempfile::tempdir().unwrap();
        let trial = Trial { shell: &FISH, folder: folder.path(), changes: &changes };
        trial.write();
        for line in ["cat set | source", "eval (cat set)", "eval (cat set | string collect)"] {
            let script = format!("{line}; or exit 9; /usr/bin/env -0");
            assert_eq!(trial.wrong(&trial.run(&script, "").unwrap()), [""; 0], "{line}");
            for change in trial.changes {
                let script = format!("function f; set -lx {} x; {script}; end; f", change.name);
                assert_eq!(trial.run(&script, ""), None, "{script}");
            }
        }
    }
}
