//! sh, dash, bash, zsh, ksh, mksh, yash, busybox: text that survives even an unquoted `eval $(…)`.
//!
//! Unquoted, the shell splits what bqcred printed at the characters of IFS, takes every word for a
//! file name pattern, and joins what comes out with one blank each. Ordinary quotes don't help: in the
//! value `/data/*/x` the star stands inside quotes only for `eval`, which comes later, so that a file
//! whose *name* is shell code would be run. So nothing that is printed here contains a pattern
//! character, two blanks in a row, a comment, or a statement without its `;`.
//!
//! A value of harmless characters is quoted as usual. Any other is encoded in octal for `printf`, which every
//! shell has or finds. `=` and `:` are encoded too: zsh replaces a word `=ls` by a path, and
//! `IFS=:` is common enough; so is `IFS=,`.
//!
//! What this can't prevent, a check at the end finds ([`check`]): a variable that is readonly or has a type
//! (`typeset -i`, `-u`), and an IFS of other characters, which changes what is printed.

use std::ffi::OsStr;

use super::{Change, Reason};

/// `export NAME='value';`, or the longer form.
pub(super) fn set(name: &str, value: &OsStr) -> Result<String, Reason> {
    let value = value.as_encoded_bytes();
    if let Some(quoted) = quoted(value) {
        return Ok(format!("export {name}={quoted};\n"));
    }
    // Exported first, so that zsh's warn_create_global doesn't warn inside a function. The x keeps
    // trailing newlines, which a command substitution drops.
    let assign = format!("export {name};{name}=\"`printf '{}x'`\";", octal(value));
    let strip = format!("{name}=\"${{{name}%x}}\"");
    if value.is_ascii() {
        return Ok(format!("{assign}{strip};\n"));
    }
    // yash drops what follows a byte that is not a character of the locale, and the x with it.
    Ok(format!(
        "{assign}if test \"${{{name}%x}}x\" = \"${name}\";then {strip};\
         else unset {name};echo {name}: this shell and locale cannot hold its value >&2;false;fi;\n"
    ))
}

/// `unset NAME;`
pub(super) fn unset(name: &str) -> String {
    format!("unset {name};\n")
}

/// A `case` that fails unless each variable now is what the changes make it. No process is started, unless a value is
/// encoded. It succeeds for a wrong value only if splitting changed the pattern in the same way, so the pattern differs
/// from the statements that set the values: what they quote stands here without quotes, where splitting leaves a word
/// too many, and what they encode is encoded in another way. The second pattern stands for `*`, which is a pattern
/// before `eval` too.
pub(super) fn check(changes: &[Change]) -> String {
    let (mut subject, mut pattern) = (String::new(), String::new());
    for Change { name, value } in changes {
        match value.as_deref().map(OsStr::as_encoded_bytes) {
            None => subject += &format!("${{{name}+x}}"),
            Some(value) if value.iter().all(|byte| is_quotable(*byte)) => {
                subject += &format!("${name}:");
                value.iter().for_each(|byte| push_bare(&mut pattern, *byte));
                push_bare(&mut pattern, b':');
            }
            Some(value) => {
                subject += &format!("${{{name}}}c5z:");
                pattern += &format!("\"`printf '{}\\143\\065\\172'`\"", all_octal(value));
                push_bare(&mut pattern, b':');
            }
        }
    }
    if pattern.is_empty() {
        pattern += "''";
    }
    format!("case \"{subject}\" in {pattern}) ;; \"{subject}\") false;; esac;\n")
}

/// Appends a character: one that would end the word, or may be in IFS where that does no harm, in quotes.
fn push_bare(text: &mut String, byte: u8) {
    let is_bare = byte != b' ' && byte != b':';
    if !is_bare && text.ends_with('\'') {
        text.push_str("\"\""); // not '', which is a quote under zsh's rc_quotes
    }
    text.push_str(&if is_bare { char::from(byte).to_string() } else { format!("'{}'", char::from(byte)) });
}

/// Every byte as three octal digits. All eight digits are in what [`check`] adds, so that an IFS with one of them is
/// found.
fn all_octal(value: &[u8]) -> String {
    value.iter().map(|byte| format!("\\{byte:03o}")).collect()
}

/// The value in single quotes, if all its characters stand for themselves before *and* in `eval`.
/// Blanks in a row are kept apart by an empty pair of double quotes, since splitting makes one of many;
/// single ones would be a literal quote under zsh's rc_quotes.
pub(super) fn quoted(value: &[u8]) -> Option<String> {
    let mut text = String::from("'");
    for &byte in value {
        match byte {
            b' ' if text.ends_with(' ') => text += "'\"\"' ",
            _ if is_quotable(byte) => text.push(char::from(byte)),
            _ => return None,
        }
    }
    text.push('\'');
    Some(text)
}

/// The value as a format of `printf`: three octal digits for everything that might mean something to
/// the shell or to `printf`, also for a leading `-`, and for an octal digit after such a spelling, which
/// some `printf` would take for a part of it.
pub(super) fn octal(value: &[u8]) -> String {
    let mut text = String::new();
    let mut after_escape = false;
    for &byte in value {
        let literal = is_plain(byte)
            && !(text.is_empty() && byte == b'-')
            && !(after_escape && matches!(byte, b'0'..=b'7'));
        if literal {
            text.push(char::from(byte));
        } else {
            text += &format!("\\{byte:03o}");
        }
        after_escape = !literal;
    }
    text
}

/// Characters that stand for themselves in quotes, before and in `eval`.
fn is_quotable(byte: u8) -> bool {
    is_plain(byte) || matches!(byte, b' ' | b'@' | b'%' | b'+')
}

/// Characters that no shell, no `printf` and no likely IFS gives a meaning.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-')
}
