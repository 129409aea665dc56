//! What is said of a command line that can't be understood.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::handover::format::Dialect;
use crate::handover::parent_shell;
use crate::output::error::Error;

/// The parser's complaint, in our words and shape. `words` is the command line.
pub(super) fn told(complaint: &clap::Error, words: &[OsString]) -> Error {
    let error = match complaint.kind() {
        ErrorKind::InvalidSubcommand => unknown_verb(complaint),
        // `bqcred kernel`: its help is the answer
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Error::usage(format!(
            "which one?\n\n{}",
            without_answers(&complaint.to_string(), words).trim_end()
        )),
        _ => other(&without_answers(&complaint.to_string(), words)),
    };
    match dialect_for_eval(words) {
        Some(dialect) => error.with_stdout(dialect.failing()),
        None => error,
    }
}

fn unknown_verb(complaint: &clap::Error) -> Error {
    let word = match complaint.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => word.as_str(),
        _ => "",
    };
    let text = complaint.to_string();
    let usage = text.lines().find_map(|line| line.strip_prefix("Usage: ")).unwrap_or("bqcred");
    let parent: Vec<&str> = usage.split(' ').take_while(|word| !word.starts_with(['[', '<'])).collect();
    let parent = parent.join(" ");
    let error = Error::usage(format!("{parent} has no verb {word:?}"));
    // the parser sorts them by likeness, the likeliest last
    match complaint.get(ContextKind::SuggestedSubcommand) {
        Some(ContextValue::Strings(like)) if let Some(best) = like.last() => {
            error.hint(format!("did you mean `{parent} {best}`?"))
        }
        _ => error.hint(format!("`{parent} --help` lists them")),
    }
}

/// `error: WHAT`, and then, each after an empty line and if there is one: `  tip: …`, `Usage: …`, and
/// where to find help.
fn other(text: &str) -> Error {
    let mut parts = text.trim_end().split("\n\n").map(str::trim);
    let what = parts.next().unwrap_or_default();
    let mut hints = Vec::new();
    for part in parts {
        match (part.strip_prefix("tip: "), part.strip_prefix("Usage: ")) {
            (Some(tip), _) => hints.push(tip.to_owned()),
            (_, Some(usage)) => hints.push(format!("`{usage}`")),
            _ => {}
        }
    }
    let error = Error::usage(what.strip_prefix("error: ").unwrap_or(what));
    match hints.is_empty() {
        true => error.hint("`--help` shows what is known"),
        false => error.hint(hints.join("\n")),
    }
}

/// The text, without an address that was pasted in the wrong place: it holds a code.
fn without_answers(text: &str, words: &[OsString]) -> String {
    words
        .iter()
        .map(|word| word.to_string_lossy())
        .filter(|word| word.contains("code=") || word.contains("://"))
        .fold(text.to_owned(), |text, answer| text.replace(answer.as_ref(), "ADDRESS"))
}

/// The shell that evaluates what is printed, if one does: it has to notice that this failed.
pub(super) fn dialect_for_eval(words: &[OsString]) -> Option<Dialect> {
    let words: Vec<_> = words.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let mut rest = words.iter().peekable();
    while let Some(option) = rest.next_if(|word| word.starts_with('-')) {
        if *option == "--profile" {
            rest.next();
        }
    }
    if rest.next().is_none_or(|verb| verb != "env") || rest.clone().any(|word| word.starts_with("--format")) {
        return None;
    }
    let values = rest.clone().skip(1).map(AsRef::as_ref).chain([""]);
    let asked = rest.clone().zip(values).find_map(|(option, value)| match option.strip_prefix("--shell=") {
        Some(shell) => Dialect::from_shell_name(shell),
        None if option == "--shell" => Dialect::from_shell_name(value),
        None => None,
    });
    Some(asked.or_else(parent_shell::dialect).unwrap_or(Dialect::Posix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn only_env_is_for_eval() {
        let is = |line: &str| dialect_for_eval(&words(line)).is_some();
        assert!(
            is("bqcred env --bogus") && is("bqcred --profile x env") && is("bqcred --profile=x env --bogus")
        );
        assert!(
            !is("bqcred exec -- env")
                && !is("bqcred --profile env status")
                && !is("bqcred env --format json")
        );
    }

    #[test]
    fn the_shell_that_is_named_has_to_notice() {
        for line in ["bqcred env --shell elvish --bogus", "bqcred env --bogus --shell=elvish"] {
            assert_eq!(dialect_for_eval(&words(line)), Some(Dialect::Elvish), "{line}");
        }
    }
}
