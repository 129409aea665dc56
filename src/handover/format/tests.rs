use std::ffi::OsString;

use proptest::prelude::*;

use super::hostile::text as hostile;
use super::*;

const NAME: &str = "GOOGLE_APPLICATION_CREDENTIALS";
const PATH: &str = "/home/ada/.local/share/bqcred/default/adc.json";

fn set(value: impl Into<OsString>) -> Change {
    Change { name: NAME, value: Some(value.into()) }
}

fn unset() -> Change {
    Change { name: NAME, value: None }
}

fn shell_text(dialect: Dialect, change: Change) -> String {
    String::from_utf8(shell(dialect, &[change]).unwrap()).unwrap()
}

fn format_text(wanted: Format, change: Change) -> String {
    String::from_utf8(format(wanted, &[change]).unwrap()).unwrap()
}

#[test]
fn an_ordinary_path_is_not_encoded() {
    let of = |dialect| shell_text(dialect, set(PATH));
    let check = format!("case \"${NAME}:\" in {PATH}':') ;; \"${NAME}:\") false;; esac;\n");
    assert_eq!(of(Dialect::Posix), format!("export {NAME}='{PATH}';\n{check}"));
    assert_eq!(of(Dialect::Ksh), format!("\\export {NAME}='{PATH}';\n{check}"));
    assert_eq!(of(Dialect::Fish), format!("set -gx {NAME} '{PATH}';\ntest \"${NAME}:\" = '{PATH}:';\n"));
    assert_eq!(of(Dialect::Tcsh), format!("setenv {NAME} '{PATH}';\n"));
    assert_eq!(of(Dialect::Elvish), format!("set-env {NAME} '{PATH}';\n"));
    assert_eq!(of(Dialect::Nushell), format!("{{\n  \"{NAME}\": \"{PATH}\"\n}}\n"));
    assert_eq!(of(Dialect::PowerShell), format!("$env:{NAME}='{PATH}';\n"));
    let of = |wanted| format_text(wanted, set(PATH));
    assert_eq!(of(Format::Json), format!("{{\n  \"{NAME}\": \"{PATH}\"\n}}\n"));
    assert_eq!(of(Format::Kernel), format!("{{\n  \"env\": {{\n    \"{NAME}\": \"{PATH}\"\n  }}\n}}\n"));
    for plain in [Format::Dotenv, Format::Renviron, Format::Systemd] {
        assert_eq!(of(plain), format!("{NAME}={PATH}\n"));
    }
}

#[test]
fn every_shell_can_unset_and_files_refuse_to() {
    let posix = format!("unset {NAME};\ncase \"${{{NAME}+x}}\" in '') ;; \"${{{NAME}+x}}\") false;; esac;\n");
    assert_eq!(shell_text(Dialect::Posix, unset()), posix);
    assert_eq!(shell_text(Dialect::Tcsh, unset()), format!("unsetenv {NAME};\n"));
    assert_eq!(shell_text(Dialect::PowerShell, unset()), format!("$env:{NAME}=$null;\n"));
    assert_eq!(shell_text(Dialect::Nushell, unset()), format!("{{\n  \"{NAME}\": null\n}}\n"));
    assert_eq!(format_text(Format::Json, unset()), format!("{{\n  \"{NAME}\": null\n}}\n"));
    for refusing in [Format::Kernel, Format::Dotenv, Format::Renviron, Format::Systemd] {
        let error = format(refusing, &[unset()]).unwrap_err();
        assert!(error.what().contains(NAME), "{error}");
    }
}

#[test]
fn posix_encodes_special_characters_in_octal() {
    let of = |value: &str| shell_text(Dialect::Posix, set(value));
    assert!(of("two  blanks").starts_with(&format!("export {NAME}='two '\"\"' blanks';\n")));
    let encoded = format!("export {NAME};{NAME}=\"`printf '127.0.0.1\\0729x'`\";{NAME}=\"${{{NAME}%x}}\";\n");
    assert!(of("127.0.0.1:9").starts_with(&encoded));
    assert!(of("-*1").contains(r"printf '\055\052\061x'"));
}

#[test]
fn a_refused_value_is_named_with_its_shell() {
    let refused = [
        (Dialect::Tcsh, "a\nb"),
        (Dialect::PowerShell, ""),
        (Dialect::Posix, "a\0b"),
        (Dialect::Nushell, "a\0b"),
    ];
    for (dialect, value) in refused {
        let error = shell(dialect, &[set(PATH), set(value)]).unwrap_err();
        assert_eq!(error.kind(), crate::output::error::Kind::Other);
        assert!(error.what().contains(NAME), "{error}");
        assert!(error.hint_text().is_some_and(|hint| hint.contains("bqcred exec")));
    }
    for value in ["$HOME/x", "${X}", "a\0b"] {
        assert!(format(Format::Kernel, &[set(value)]).is_err(), "{value:?}");
        assert!(format(Format::Dotenv, &[set(value)]).is_err(), "{value:?}");
    }
}

#[test]
fn text_formats_refuse_bytes_that_are_not_utf8() {
    use std::os::unix::ffi::OsStringExt;
    let change = || [set(OsString::from_vec(vec![b'/', 0xff]))];
    for dialect in [Dialect::Nushell, Dialect::PowerShell] {
        assert!(shell(dialect, &change()).is_err(), "{dialect:?}");
    }
    for wanted in [Format::Json, Format::Dotenv, Format::Renviron, Format::Systemd, Format::Kernel] {
        assert!(format(wanted, &change()).is_err(), "{wanted:?}");
    }
    for dialect in [Dialect::Posix, Dialect::Fish, Dialect::Tcsh, Dialect::Elvish] {
        assert!(shell(dialect, &change()).is_ok(), "{dialect:?}");
    }
}

#[test]
fn a_shell_is_recognised_by_its_name() {
    let known = [
        ("-bash", Dialect::Posix),
        ("/usr/bin/zsh", Dialect::Posix),
        ("zsh-5.9", Dialect::Posix),
        ("ksh93", Dialect::Ksh),
        ("busybox", Dialect::Posix),
        ("-fish", Dialect::Fish),
        ("bsd-csh", Dialect::Tcsh),
        ("nushell", Dialect::Nushell),
        ("pwsh", Dialect::PowerShell),
    ];
    for (name, dialect) in known {
        assert_eq!(Dialect::from_shell_name(name), Some(dialect), "{name}");
    }
    for unknown in ["", "-", "python3", "sudo", "finish", "3", "sh -c"] {
        assert_eq!(Dialect::from_shell_name(unknown), None, "{unknown}");
    }
    for &dialect in Dialect::ALL {
        assert_eq!(Dialect::from_shell_name(dialect.name()), Some(dialect));
    }
}

proptest! {
    #[test]
    fn splitting_and_globbing_change_nothing_in_posix_and_tcsh(value in hostile()) {
        for dialect in [Dialect::Posix, Dialect::Tcsh] {
            let Ok(text) = shell(dialect, &[set(&value), unset()]) else { continue };
            let text = String::from_utf8(text).unwrap();
            prop_assert!(!text.contains("  "), "{text:?}");
            let special = ['*', '?', '[', ']', '~', '#', '!', '|', '(', '<', '^', '\t', '\r'];
            prop_assert!(!text.contains(special), "{text:?}");
            prop_assert!(text.lines().all(|line| line.ends_with(';')), "{text:?}");
            prop_assert!(text.is_ascii());
        }
    }

    #[test]
    fn fish_and_powershell_statements_are_one_line_of_ascii(value in hostile()) {
        for dialect in [Dialect::Fish, Dialect::PowerShell] {
            let Ok(text) = shell(dialect, &[set(&value)]) else { continue };
            let text = String::from_utf8(text).unwrap();
            prop_assert!(text.is_ascii());
            let check = usize::from(dialect == Dialect::Fish);
            prop_assert_eq!(text.lines().count(), 1 + check);
        }
    }

    #[test]
    fn json_preserves_the_value(value in hostile()) {
        let read: serde_json::Value = serde_json::from_slice(&format(Format::Json, &[set(&value)]).unwrap()).unwrap();
        prop_assert_eq!(read.get(NAME).and_then(|v| v.as_str()), Some(value.as_str()));
    }

    #[test]
    fn powershell_preserves_the_value(value in hostile()) {
        prop_assume!(!value.is_empty());
        prop_assert_eq!(powershell_reads(&shell_text(Dialect::PowerShell, set(&value))), value);
    }
}

/// PowerShell's rules for the two kinds of piece that are printed: `'…'` with `''` for `'`, and `[char]0x…`.
fn powershell_reads(statement: &str) -> String {
    let mut rest = statement.strip_prefix(&format!("$env:{NAME}=")).unwrap().strip_suffix(";\n").unwrap();
    let mut units: Vec<u16> = Vec::new();
    assert!(rest.starts_with('\''), "a sum of text starts with text");
    loop {
        if let Some(hex) = rest.strip_prefix("[char]0x") {
            let end = hex.find('+').unwrap_or(hex.len());
            units.push(u16::from_str_radix(&hex[..end], 16).unwrap());
            rest = &hex[end..];
        } else {
            rest = rest.strip_prefix('\'').unwrap();
            loop {
                let quote = rest.find('\'').unwrap();
                units.extend(rest[..quote].encode_utf16());
                rest = &rest[quote + 1..];
                match rest.strip_prefix('\'') {
                    Some(after) => {
                        units.push(u16::from(b'\''));
                        rest = after;
                    }
                    None => break,
                }
            }
        }
        match rest.strip_prefix('+') {
            Some(next) => rest = next,
            None => break,
        }
    }
    assert_eq!(rest, "");
    String::from_utf16(&units).unwrap()
}
