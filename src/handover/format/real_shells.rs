//! The dialects, tested with the real shells: hostile values, the documented lines, common settings.
//!
//! For each shell, batches of values are rendered into files. A script in that shell then evaluates
//! every file as documented (the file standing for bqcred's output) in a folder full of decoys, and
//! after each line lets `env -0` say what a program now sees. Each variable must be exactly the value,
//! no other variable may have changed, and no file may have appeared. At the end everything is unset,
//! and the shell's own variables, options, aliases and traps must be what they were.
#![expect(clippy::disallowed_methods, reason = "scratch files of a test, and its own environment")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::{Command, Stdio};

use super::hostile;
use super::{Change, Dialect, shell};

/// Values that each shell is given, at least.
const VALUES: usize = 2500;

/// The variables of one batch.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    "V00", "V01", "V02", "V03", "V04", "V05", "V06", "V07", "V08", "V09", "V10", "V11",
    "V12", "V13", "V14", "V15", "V16", "V17", "V18", "V19", "V20", "V21", "V22", "V23",
];

/// A way to run a shell, and the share of the values that it is given.
struct Setting {
    label: &'static str,
    /// Statements before the first line, in the shell's language.
    prelude: &'static str,
    arguments: &'static [&'static str],
    locale: &'static str,
    /// One batch in this many.
    share: usize,
}

/// The default setting, with every value.
const PLAIN: Setting = Setting { label: "plain", prelude: "", arguments: &[], locale: "C.UTF-8", share: 1 };

const fn with(label: &'static str, prelude: &'static str) -> Setting {
    Setting { label, prelude, share: 8, ..PLAIN }
}

/// One shell under test.
struct Shell {
    program: &'static str,
    arguments: &'static [&'static str],
    dialect: Dialect,
    /// The documented lines, FILE standing for the output.
    lines: &'static [&'static str],
    /// Writes to FILE what a program sees, and what the shell itself holds.
    environment: &'static str,
    state: &'static str,
    settings: Vec<Setting>,
    /// Whether the shell can hold these bytes in that locale.
    holds: fn(&[u8], &str) -> bool,
}

fn everything(_: &[u8], _: &str) -> bool {
    true
}

/// What every POSIX shell can be set to.
fn posix_settings() -> Vec<Setting> {
    vec![
        PLAIN,
        Setting { locale: "C", ..with("C locale", "") },
        with("errexit and nounset", "set -eu"),
        with("noglob", "set -f"),
        with("IFS of newline and tab", "set -eu; IFS=\"$(printf '\\n\\t_')\"; IFS=\"${IFS%_}\""),
        with("IFS=:", "IFS=:"),
        with("IFS=,", "IFS=,"),
        with("empty IFS", "IFS="),
        with("inside a function", "bqcred_lines() {"),
    ]
}

fn posix(program: &'static str, arguments: &'static [&'static str], more: Vec<Setting>) -> Shell {
    let mut settings = posix_settings();
    settings.extend(more);
    Shell {
        program,
        arguments,
        dialect: Dialect::Posix,
        lines: &["eval $(cat FILE)", "eval \"$(cat FILE)\""],
        environment: "/usr/bin/env -0 >FILE",
        state: "{ set; set +o; alias; trap; } >FILE",
        settings,
        holds: everything,
    }
}

#[test]
fn bash() {
    let interactive =
        Setting { arguments: &["--noprofile", "--norc", "-i"], ..with("interactive", "set -o histexpand") };
    let more = vec![
        with("nullglob", "shopt -s nullglob"),
        with("failglob", "shopt -s failglob"),
        with("extglob, dotglob, globstar", "shopt -s extglob dotglob globstar nocaseglob"),
        with("POSIX mode", "set -o posix"),
        with("history expansion", "set -o history -o histexpand"),
        interactive,
    ];
    prove(&posix("bash", &["--noprofile", "--norc"], more));
}

#[test]
fn dash() {
    prove(&posix("dash", &[], vec![Setting { arguments: &["-i"], ..with("interactive", "") }]));
}

#[test]
fn zsh() {
    let interactive = Setting { arguments: &["-f", "-i"], ..with("interactive", "setopt bang_hist") };
    let more = vec![
        with("glob_subst", "setopt glob_subst"),
        with("glob_subst, sh_word_split", "setopt glob_subst sh_word_split"),
        with("null_glob", "setopt glob_subst null_glob"),
        with("extended_glob", "setopt glob_subst extended_glob ksh_glob brace_ccl"),
        with("rc_quotes", "setopt rc_quotes rc_expand_param magic_equal_subst"),
        with("csh_junkie_quotes", "setopt csh_junkie_quotes"),
        with("warnings", "setopt warn_create_global no_unset err_exit"),
        with("sh", "emulate sh"),
        with("ksh", "emulate ksh"),
        with("csh", "emulate csh"),
        interactive,
    ];
    prove(&posix("zsh", &["-f"], more));
}

#[test]
fn ksh() {
    let interactive = Setting { arguments: &["-i"], ..with("interactive", "set -o braceexpand") };
    prove(&Shell { dialect: Dialect::Ksh, ..posix("ksh", &[], vec![interactive]) });
}

#[test]
fn mksh() {
    prove(&posix("mksh", &[], vec![Setting { arguments: &["-i"], ..with("interactive", "") }]));
}

#[test]
fn yash() {
    let more = vec![
        with("POSIX mode", "set -o posixly-correct"),
        with("nullglob", "set -o nullglob -o extendedglob"),
        Setting { arguments: &["--norcfile", "-i"], ..with("interactive", "set -o histspace") },
    ];
    // yash keeps characters, not bytes.
    let holds = |value: &[u8], locale: &str| match locale {
        "C" => value.is_ascii(),
        _ => std::str::from_utf8(value).is_ok(),
    };
    prove(&Shell { holds, ..posix("yash", &["--norcfile"], more) });
}

#[test]
fn yash_refuses_bytes_that_it_would_lose() {
    if !installed("yash") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let value = Some(OsString::from_vec(b"/data/a\xffb".to_vec()));
    std::fs::write(
        folder.path().join("set"),
        shell(Dialect::Posix, &[Change { name: "V00", value }]).unwrap(),
    )
    .unwrap();
    for line in ["eval $(cat set)", "eval \"$(cat set)\""] {
        let script = format!("{line}; echo \"$? ${{V00-unset}}\"");
        let output = Command::new("yash")
            .args(["--norcfile", "-c", &script])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "1 unset\n");
        assert!(String::from_utf8_lossy(&output.stderr).contains("cannot hold"));
    }
}

#[test]
fn busybox() {
    prove(&posix("busybox", &["sh"], Vec::new()));
}

#[test]
fn posh() {
    prove(&Shell { state: "{ set; set +o; trap; } >FILE", ..posix("posh", &[], Vec::new()) });
}

#[test]
fn fish() {
    let interactive = Setting { arguments: &["--no-config", "-i"], ..with("interactive", "") };
    prove(&Shell {
        program: "fish",
        arguments: &["--no-config"],
        dialect: Dialect::Fish,
        lines: &["cat FILE | source", "eval (cat FILE)", "eval (cat FILE | string collect)"],
        environment: "/usr/bin/env -0 >FILE",
        state: "begin; set -gL; functions -n; end >FILE",
        settings: vec![PLAIN, Setting { locale: "C", ..with("C locale", "") }, interactive],
        holds: everything,
    });
}

#[test]
fn tcsh() {
    prove(&Shell {
        program: "tcsh",
        arguments: &["-f"],
        dialect: Dialect::Tcsh,
        lines: &["eval `cat FILE`", "eval \"`cat FILE`\""],
        environment: "/usr/bin/env -0 >FILE",
        state: "set >FILE",
        settings: vec![
            PLAIN,
            Setting { locale: "C", ..with("C locale", "") },
            Setting { arguments: &["-f", "-e"], ..with("stop at errors", "") },
            Setting { arguments: &["-f", "-i"], ..with("interactive", "") },
            with("noglob", "set noglob"),
            with("nonomatch", "set nonomatch"),
            with("backslash_quote", "set backslash_quote"),
        ],
        holds: everything,
    });
}

#[test]
fn elvish() {
    prove(&Shell {
        program: "elvish",
        arguments: &["-norc"],
        dialect: Dialect::Elvish,
        lines: &["eval (cat FILE | slurp)"],
        environment: "/usr/bin/env -0 >FILE",
        state: "nop >FILE",
        settings: vec![PLAIN, Setting { locale: "C", ..with("C locale", "") }],
        holds: everything,
    });
}

#[test]
fn nushell() {
    prove(&Shell {
        program: "nu",
        arguments: &["--no-config-file"],
        dialect: Dialect::Nushell,
        lines: &["^cat FILE | from json | load-env"],
        environment: "^/usr/bin/env -0 o> FILE",
        state: "scope aliases | to json | save --raw FILE",
        settings: vec![PLAIN],
        holds: everything,
    });
}

/// Variables of shells that change with every command.
#[rustfmt::skip]
const CHANGING: &[&str] = &[
    "_", "?", "LINENO", "RANDOM", "SECONDS", "EPOCHREALTIME", "EPOCHSECONDS", "SRANDOM", "BASH_LINENO", "PIPESTATUS",
    "BASH_COMMAND", "HISTCMD", "TTYIDLE", "pipestatus", "status", "_AST_FEATURES", "KSH_MATCH",
];

/// The result of one shell.
#[derive(Default)]
struct Tally {
    cases: usize,
    refused: usize,
    wrong: Vec<String>,
}

fn prove(shell: &Shell) {
    if !installed(shell.program) {
        return;
    }
    let mut tally = Tally::default();
    for setting in &shell.settings {
        run(shell, setting, &mut tally);
    }
    eprintln!(
        "{}: {} cases, {} refused, {} wrong",
        shell.program,
        tally.cases,
        tally.refused,
        tally.wrong.len()
    );
    assert!(
        tally.wrong.is_empty(),
        "{}:\n{}",
        shell.program,
        tally.wrong[..tally.wrong.len().min(20)].join("\n")
    );
    assert!(tally.cases >= 2000, "too few cases");
}

/// A missing shell fails where `CI=true`, and is reported as a skipped test elsewhere.
pub(super) fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !found {
        missing(&format!("{program} is not installed"));
    }
    found
}

/// Reports a skipped test, also to `tests/run`, which lists them at the end.
#[track_caller]
pub(super) fn missing(what: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{what}: `tests/run` installs it");
    eprintln!("skipped: {what}");
    if let Some(list) = std::env::var_os("BQCRED_TEST_SKIPPED") {
        let mut list = std::fs::OpenOptions::new().append(true).create(true).open(list).unwrap();
        writeln!(list, "{}: {what}", std::thread::current().name().unwrap_or("a test")).unwrap();
    }
}

/// The changes that one file holds, and the values that the shell must have afterwards.
type Batch = Vec<Change>;

fn batches(shell_under_test: &Shell, setting: &Setting, tally: &mut Tally) -> Vec<Batch> {
    let mut kept = Vec::new();
    for value in hostile::values(VALUES) {
        if !(shell_under_test.holds)(&value, setting.locale) {
            continue;
        }
        let value = OsString::from_vec(value);
        let change = Change { name: NAMES[kept.len() % NAMES.len()], value: Some(value) };
        match shell(shell_under_test.dialect, std::slice::from_ref(&change)) {
            Ok(_) => kept.push(change),
            Err(_) => tally.refused += 1,
        }
    }
    let offset = setting.label.len();
    let chosen = |(number, _): &(usize, &[Change])| (number + offset).is_multiple_of(setting.share);
    kept.chunks(NAMES.len()).enumerate().filter(chosen).map(|(_, batch)| batch.to_vec()).collect()
}

fn run(shell_under_test: &Shell, setting: &Setting, tally: &mut Tally) {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("here");
    std::fs::create_dir(&here).unwrap();
    for decoy in hostile::decoys(NAMES) {
        std::fs::write(here.join(decoy), "").unwrap();
    }
    let decoys = listing(&here);
    std::fs::create_dir(folder.path().join("home")).unwrap();
    let batches = batches(shell_under_test, setting, tally);
    for (number, batch) in batches.iter().enumerate() {
        let text = shell(shell_under_test.dialect, batch).unwrap();
        std::fs::write(folder.path().join(format!("{number}.set")), text).unwrap();
    }
    let removal: Vec<Change> = NAMES.iter().map(|&name| Change { name, value: None }).collect();
    std::fs::write(folder.path().join("unset"), shell(shell_under_test.dialect, &removal).unwrap()).unwrap();

    let said = interpret(
        shell_under_test,
        setting,
        &here,
        &script(shell_under_test, setting, folder.path(), batches.len()),
    );
    let place = format!("{}, {}", shell_under_test.program, setting.label);
    if !said.is_empty() && !setting.label.contains("interactive") {
        tally.wrong.push(format!("{place}: it said {said}"));
    }
    let baseline = environment(&folder.path().join("env.before"));
    for (number, batch) in batches.iter().enumerate() {
        for form in 0..shell_under_test.lines.len() {
            let seen = environment(&folder.path().join(format!("{number}.{form}")));
            compare(&format!("{place}, {}", shell_under_test.lines[form]), batch, &baseline, seen, tally);
        }
    }
    let last = environment(&folder.path().join("env.after"));
    compare(&format!("{place}, unset"), &[], &baseline, last, tally);
    let state = |name: &str| kept_lines(&std::fs::read(folder.path().join(name)).unwrap_or_default());
    let (before, after) = (state("state.before"), state("state.after"));
    if before != after {
        tally.wrong.push(format!("{place}: the shell changed: {before:?} {after:?}"));
    }
    if listing(&here) != decoys {
        tally.wrong.push(format!("{place}: something was run"));
    }
}

/// The documented line for each batch and form, with a look at the environment after each.
fn script(shell: &Shell, setting: &Setting, folder: &Path, batches: usize) -> String {
    let at = |line: &str, name: &str| line.replace("FILE", &folder.join(name).display().to_string()) + "\n";
    let mut text = format!("{}\n", setting.prelude);
    text += &at(shell.environment, "env.before");
    text += &at(shell.state, "state.ignored");
    text += &at(shell.state, "state.before");
    for (form, line) in shell.lines.iter().enumerate() {
        for number in 0..batches {
            text += &at(line, &format!("{number}.set"));
            text += &at(shell.environment, &format!("{number}.{form}"));
        }
    }
    text += &at(shell.lines[0], "unset");
    text += &at(shell.environment, "env.after");
    text += &at(shell.state, "state.after");
    if setting.prelude.ends_with('{') {
        text += "}\nbqcred_lines\n";
    }
    text
}

/// Runs the script, and returns what the shell wrote on stdout and stderr.
fn interpret(shell: &Shell, setting: &Setting, here: &Path, script: &str) -> String {
    let file = here.with_file_name("script");
    std::fs::write(&file, script).unwrap();
    let arguments = if setting.arguments.is_empty() { shell.arguments } else { setting.arguments };
    let mut command = Command::new(shell.program);
    command.args(arguments).current_dir(here).env_clear();
    let home = here.with_file_name("home");
    for (name, value) in
        [("HOME", home.as_os_str()), ("LC_ALL", setting.locale.as_ref()), ("TERM", "dumb".as_ref())]
    {
        command.env(name, value);
    }
    command.env("HISTFILE", "/dev/null").env("PATH", std::env::var_os("PATH").unwrap());
    if setting.label == "interactive" {
        command.stdin(std::fs::File::open(&file).unwrap());
    } else {
        command.arg(&file).stdin(Stdio::null());
    }
    let output = command.output().unwrap();
    let mut said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if !output.status.success() {
        said += &format!(" ({})", output.status);
    }
    said.chars().take(600).collect()
}

type Environment = BTreeMap<Vec<u8>, Vec<u8>>;

fn environment(file: &Path) -> Environment {
    let content = std::fs::read(file).unwrap_or_default();
    content
        .split(|byte| *byte == 0)
        .filter_map(|entry| {
            let equals = entry.iter().position(|byte| *byte == b'=')?;
            Some((entry[..equals].to_vec(), entry[equals + 1..].to_vec()))
        })
        .filter(|(name, _)| !matches!(name.as_slice(), b"_" | b"OLDPWD" | b"LINENO" | b"COLUMNS" | b"LINES"))
        .collect()
}

/// A program must see what it saw at first, and the batch; variables of earlier batches may remain.
fn compare(place: &str, batch: &[Change], baseline: &Environment, mut seen: Environment, tally: &mut Tally) {
    let mut expected = baseline.clone();
    for change in batch {
        expected.insert(change.name.into(), change.value.as_ref().unwrap().as_bytes().to_vec());
    }
    tally.cases += batch.len();
    let earlier = |name: &[u8]| !batch.is_empty() && NAMES.iter().any(|ours| ours.as_bytes() == name);
    seen.retain(|name, _| expected.contains_key(name) || !earlier(name));
    for name in expected.keys().chain(seen.keys().filter(|name| !expected.contains_key(*name))) {
        let (wanted, got) = (expected.get(name), seen.get(name));
        if wanted != got {
            let show = |value: Option<&Vec<u8>>| {
                value.map_or("missing".to_owned(), |v| v.escape_ascii().to_string())
            };
            tally.wrong.push(format!(
                "{place}: {} is <{}> instead of <{}>",
                show(Some(name)),
                show(got),
                show(wanted)
            ));
        }
    }
}

/// What a shell prints about itself, without what changes with every command.
fn kept_lines(state: &[u8]) -> Vec<String> {
    let changing = |line: &str| {
        let name = line.split(['=', ' ', '\t']).next().unwrap_or_default();
        CHANGING.contains(&name)
    };
    String::from_utf8_lossy(state).lines().filter(|line| !changing(line)).map(str::to_owned).collect()
}

fn listing(folder: &Path) -> Vec<OsString> {
    let mut names: Vec<OsString> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}
