//! Profile names and kernelspecs made to reach other files.

use crate::common::{Sandbox, write_profile};

fn hostile_names() -> Vec<String> {
    let plain = [
        "",
        " ",
        ".",
        "..",
        "../x",
        "../../etc",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "-x",
        "--help",
        "-",
        "a b",
        "a\nb",
        "a\tb",
        "a\u{1b}[31mb",
        "a\u{202e}b",
        "a\u{200b}b",
        "é",
        "ａ",
        "A",
        "$(touch x)",
        "`touch x`",
        "a;b",
        "a&b",
        "%00",
        "~",
        "*",
        ".lock",
        ".hidden",
        "a:b",
        "con\r",
        "{}",
    ];
    plain.iter().map(|name| (*name).to_owned()).chain(["a".repeat(65), "a".repeat(100_000)]).collect()
}

#[test]
fn profile_names_cannot_escape_the_data_folder() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", "p1");
    let files = || {
        let mut files: Vec<_> = sandbox.files().into_iter().map(|(path, _)| path).collect();
        files.retain(|path| !path.parent().unwrap().ends_with("bqcred/no-credential"));
        files.sort();
        files
    };
    let config = sandbox.write("home/.config/bqcred/config.json", "{}");
    let before = files();
    for name in hostile_names() {
        let mut runs = vec![
            sandbox.bqcred(&[&format!("--profile={name}"), "env", "--shell=sh"]),
            sandbox.bqcred(&["use", "--", &name]),
            sandbox.bqcred(&[&format!("--profile={name}"), "forget"]),
            sandbox.bqcred(&[&format!("--profile={name}"), "login", "--start"]),
        ];
        if !name.is_empty() {
            runs.push(sandbox.invoke(&["env", "--shell=sh"]).env("BQCRED_PROFILE", &name).run());
            std::fs::write(&config, serde_json::json!({ "profile": name }).to_string()).unwrap();
            runs.push(sandbox.bqcred(&["env", "--shell=sh"]));
            std::fs::write(&config, "{}").unwrap();
        }
        for run in runs {
            assert!(matches!(run.code, Some(2 | 6)), "{name:?}: {run:?}");
            assert!(run.stdout.is_empty() || run.is_failing_eval(), "{name:?}: {run:?}");
            let odd = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!run.stderr.contains(odd), "{name:?}: {run:?}");
            assert!(run.stderr.len() < 2_000, "{} bytes for a name of {}", run.stderr.len(), name.len());
        }
        assert_eq!(files(), before, "{name:?}");
    }
}

#[test]
fn profile_name_that_is_not_utf8_is_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    let sandbox = Sandbox::new();
    let name = std::ffi::OsString::from_vec(b"a\xff".to_vec());
    let run = sandbox.invoke(&["env", "--shell=sh"]).env("BQCRED_PROFILE", &name).run();
    assert_eq!(run.code, Some(2), "{run:?}");
    let run = sandbox.invoke(&["env", "--shell=sh", "--profile"]).arg(&name).run();
    assert_eq!(run.code, Some(2), "{run:?}");
}

#[test]
fn hostile_kernelspec_does_not_break_list_or_other_kernels() {
    let sandbox = Sandbox::new();
    write_profile(&sandbox, "default", "p1");
    let deep =
        |open: &str, close: &str| format!("{{\"argv\": {}{}}}", open.repeat(100_000), close.repeat(100_000));
    let good = r#"{"argv": ["python3", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "P", "language": "python"}"#;
    let specs = [
        ("good", good.to_owned()),
        ("deep-array", deep("[", "]")),
        ("deep-object", deep("{\"a\":", "}")),
        ("huge", format!("{{\"argv\": [\"{}\"]}}", "x".repeat(3 << 20))),
        ("twice", good.replace("\"language\"", "\"argv\": [\"evil\"], \"language\"")),
        ("escapes", r#"{"argv": ["\u001b]0;owned\u0007", "\u001b[2J"], "display_name": "\u001b[31mred\u202e\u009b1m\r\nforged line", "language": "py\u001bthon"}"#.to_owned()),
        ("wrong", r#"{"argv": "sh -c evil", "display_name": 7, "language": [], "env": [1], "metadata": "x"}"#.to_owned()),
        ("env", r#"{"argv": ["python3"], "display_name": "E", "language": "python", "env": {"A": {"b": 1}, "": "x", "=": "y", "BQCRED_PROFILE": "\u001b"}}"#.to_owned()),
        ("nul", r#"{"argv": ["a\u0000b"], "display_name": "\u0000", "language": "python", "metadata": {"bqcred": {"v": 99, "set": {}}}}"#.to_owned()),
        ("half", "{\"argv\": [".to_owned()),
        ("binary", "\u{0}\u{1}\u{2}".to_owned()),
        ("\u{1b}[31mname", good.to_owned()),
        ("new\nline", good.to_owned()),
    ];
    for (name, text) in &specs {
        sandbox.write(&format!("home/.local/share/jupyter/kernels/{name}/kernel.json"), text);
    }
    let list = sandbox.bqcred(&["kernel", "list"]).success();
    for text in [&list.stdout, &list.stderr] {
        assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    }
    assert!(list.stdout.lines().any(|line| line.starts_with("good ")), "{}", list.stdout);
    assert!(
        !list.stdout.lines().any(|line| line.starts_with("forged") || line.starts_with("line")),
        "{}",
        list.stdout
    );
    let json = sandbox.bqcred(&["kernel", "list", "--json"]).success();
    json.json();
    assert!(
        !json.stdout.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'),
        "{:?}",
        json.stdout
    );
    for words in [
        &["kernel", "install", "--all", "--dry-run"][..],
        &["kernel", "install", "good"],
        &["kernel", "sync"],
        &["kernel", "uninstall"],
    ] {
        let run = sandbox.bqcred(words);
        assert!(matches!(run.code, Some(0 | 1 | 6)) && !run.stderr.contains("internal error"), "{run:?}");
        assert!(!(run.stderr + &run.stdout).contains(|c: char| c.is_control() && c != '\n'), "{words:?}");
    }
    for (name, text) in &specs {
        let path = sandbox.path(&format!("home/.local/share/jupyter/kernels/{name}/kernel.json"));
        assert_eq!(&std::fs::read_to_string(path).unwrap(), text, "{name}");
    }
}
