//! The file formats, tested with the programs that read them: each must see exactly the value, unless the format
//! refuses it.
#![expect(clippy::disallowed_methods, reason = "scratch files of a test, and its own environment")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use super::real_shells::{installed, missing};
use super::{Change, Format, format, hostile};

/// Values that each reader is given, of which the format may refuse some.
const VALUES: usize = 2400;

type Variables = BTreeMap<String, String>;

/// One file with every value that the format carries, and what a reader must make of it.
fn everything(wanted: Format, also: fn(&str) -> bool) -> (Vec<u8>, Variables) {
    let mut changes = Vec::new();
    let mut expected = Variables::new();
    for (number, text) in hostile::texts(VALUES).into_iter().enumerate() {
        let name: &'static str = Box::leak(format!("V{number:04}").into_boxed_str());
        let change = Change { name, value: Some(text.clone().into()) };
        if also(&text) && format(wanted, std::slice::from_ref(&change)).is_ok() {
            changes.push(change);
            expected.insert(name.to_owned(), text);
        }
    }
    assert!(expected.len() > 200, "{wanted:?} refuses too much: {} are left", expected.len());
    (format(wanted, &changes).unwrap(), expected)
}

/// Whether this program runs; if not, it is not installed.
fn there(program: &str, arguments: &[&str]) -> bool {
    if !installed(program) {
        return false;
    }
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let fine = status.is_ok_and(|status| status.success());
    if !fine {
        missing(&format!("{program} {arguments:?} fails"));
    }
    fine
}

/// What the program prints about the file that it is given as its last argument.
fn read(program: &str, arguments: &[&str], file: &Path) -> Vec<u8> {
    let output = Command::new(program).args(arguments).arg(file).env("LC_ALL", "C.UTF-8").output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn check(reader: &str, expected: &Variables, seen: &Variables) {
    for (name, value) in expected {
        assert_eq!(seen.get(name), Some(value), "{reader}, {name}");
    }
    let more: Vec<_> = seen.keys().filter(|name| !expected.contains_key(*name)).collect();
    assert!(more.is_empty(), "{reader} sees more: {more:?}");
    eprintln!("{reader}: {} values", expected.len());
}

fn scratch(content: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    file
}

#[test]
fn python_dotenv_reads_the_values() {
    if !there("python3", &["-c", "import dotenv"]) {
        return;
    }
    let (text, expected) = everything(Format::Dotenv, |_| true);
    let file = scratch(&text);
    let program = "import sys, json, dotenv; print(json.dumps(dict(dotenv.dotenv_values(sys.argv[1]))))";
    let seen = serde_json::from_slice(&read("python3", &["-c", program], file.path())).unwrap();
    check("python-dotenv", &expected, &seen);
}

#[test]
fn node_dotenv_reads_the_values() {
    if !there("node", &["-e", "require('dotenv')"]) {
        return;
    }
    let (text, expected) = everything(Format::Dotenv, |_| true);
    let file = scratch(&text);
    let program =
        "console.log(JSON.stringify(require('dotenv').parse(require('fs').readFileSync(process.argv[1]))))";
    let seen = serde_json::from_slice(&read("node", &["-e", program], file.path())).unwrap();
    check("dotenv for Node", &expected, &seen);
}

#[test]
fn r_reads_the_values() {
    if !there("Rscript", &["--version"]) {
        return;
    }
    let (text, expected) = everything(Format::Renviron, |_| true);
    let file = scratch(&text);
    let program = "readRenviron(commandArgs(TRUE)[1]); system('env -0')";
    let output = read("Rscript", &["--vanilla", "-e", program], file.path());
    let entries = output.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let seen = entries.filter_map(|entry| entry.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())));
    check("R", &expected, &seen.filter(|(name, _)| is_ours(name)).collect());
}

fn is_ours(name: &str) -> bool {
    name.strip_prefix('V')
        .is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// The generator reads environment.d with the same code as `EnvironmentFile=`, except that it
/// then substitutes what follows a `$`, so values with one are left to the next test, and that an empty value
/// removes the variable.
#[test]
fn systemd_reads_the_values() {
    const GENERATOR: &str = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator";
    if !there("/bin/sh", &["-c", &format!("test -x {GENERATOR}")]) {
        return;
    }
    let (text, expected) = everything(Format::Systemd, |text| !text.contains('$') && !text.is_empty());
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("environment.d")).unwrap();
    std::fs::write(folder.path().join("environment.d/bqcred.conf"), text).unwrap();
    let output = Command::new(GENERATOR)
        .env_clear()
        .envs([("XDG_CONFIG_HOME", folder.path().as_os_str()), ("HOME", folder.path().as_os_str())])
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let seen =
        output.lines().filter_map(|line| line.split_once('=')).map(|(n, v)| (n.to_owned(), unescape(v)));
    check("systemd", &expected, &seen.filter(|(name, _)| is_ours(name)).collect());
}

/// Environment generators print values as a shell would read them, with `\n` and `\t` for a newline and a tab.
fn unescape(value: &str) -> String {
    let Some(quoted) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut text = String::new();
    let mut characters = quoted.chars();
    while let Some(c) = characters.next() {
        text.push(match c {
            '\\' => match characters.next().unwrap() {
                'n' => '\n',
                't' => '\t',
                escaped => escaped,
            },
            _ => c,
        });
    }
    text
}

/// systemd.exec(5): in double quotes a backslash goes before `"`, `\`, `$` and the backtick.
#[test]
fn systemd_values_follow_the_manual() {
    let (text, expected) = everything(Format::Systemd, |text| text.contains('$'));
    let text = String::from_utf8(text).unwrap();
    for (name, value) in &expected {
        let after = text.split_once(&format!("{name}=\"")).unwrap().1;
        let mut seen = String::new();
        let mut characters = after.chars();
        loop {
            match characters.next().unwrap() {
                '"' => break,
                '\\' => seen.push(characters.next().filter(|c| "\"\\$`".contains(*c)).unwrap()),
                c => seen.push(c),
            }
        }
        assert_eq!(&seen, value);
        assert_eq!(characters.next(), Some('\n'));
    }
}

/// jupyter_client substitutes variables in values with Python's string.Template; no value may change.
#[test]
fn jupyter_substitutes_nothing_in_the_values() {
    if !there("python3", &["--version"]) {
        return;
    }
    let (text, expected) = everything(Format::Kernel, |_| true);
    let file = scratch(&text);
    let program = "import sys, json, os, string\n\
        env = json.load(open(sys.argv[1], encoding='utf-8'))['env']\n\
        print(json.dumps({name: string.Template(value).safe_substitute(os.environ) for name, value in env.items()}))";
    let seen = serde_json::from_slice(&read("python3", &["-c", program], file.path())).unwrap();
    check("string.Template", &expected, &seen);
}
