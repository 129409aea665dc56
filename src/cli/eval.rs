//! Whether a shell evaluates what is printed: then a failure has to make the `eval` fail, too.

use std::ffi::OsString;

use crate::handover::format::Dialect;
use crate::handover::parent_shell;

/// The dialect of the shell that evaluates the output of this command line, if one does.
pub(super) fn dialect(words: &[OsString]) -> Option<Dialect> {
    let words: Vec<_> = words.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let mut rest = words.iter().peekable();
    while let Some(option) = rest.next_if(|word| word.starts_with('-')) {
        if *option == "--profile" {
            rest.next();
        }
    }
    if rest.next().is_none_or(|command| command != "env")
        || rest.clone().any(|word| word.starts_with("--format"))
    {
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
        let is = |line: &str| dialect(&words(line)).is_some();
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
    fn the_statement_that_fails_is_in_the_language_of_the_named_shell() {
        for line in ["bqcred env --shell elvish --bogus", "bqcred env --bogus --shell=elvish"] {
            assert_eq!(dialect(&words(line)), Some(Dialect::Elvish), "{line}");
        }
    }
}
