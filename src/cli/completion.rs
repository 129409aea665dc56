//! What can stand at the cursor of a command line, from clap's description of it.
//!
//! The shells' own scripts are small and never change: they hand the words to bqcred and show what
//! comes back, so that every shell completes the same, Nushell included, and no generated file can be
//! older than the program.

use clap::{Arg, Command};

use super::position::{Position, option_with_value, options, position};
use crate::doctor::LIBRARIES;
use crate::oauth::scopes::PRESETS;

/// A word that can stand at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The whole word.
    pub(crate) value: String,
    /// One line about it; may be empty.
    pub(crate) description: String,
}

/// What is expected at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// One of these words.
    Values(Vec<Candidate>),
    /// A profile.
    Profiles,
    /// An account.
    Accounts,
    /// A Jupyter kernel.
    Kernels,
    /// A file or folder.
    Files,
    /// A program with arguments of its own.
    Program,
}

impl Candidate {
    /// A candidate; only the first line of a longer description is kept.
    pub(crate) fn new(value: &str, description: &str) -> Candidate {
        let line = description.lines().next().unwrap_or_default();
        Candidate { value: value.to_owned(), description: line.replace(char::is_control, " ") }
    }

    /// Whether it has no character that is special to a shell: the shells put it on the command line
    /// unquoted, and the account of an imported file can be any text.
    fn is_plain(&self) -> bool {
        self.value.chars().all(|c| c.is_alphanumeric() || "-_.+:/@%,".contains(c))
    }
}

/// The candidates that the word at the cursor can become. `--flag=` stays in front of each.
pub(crate) fn matching(candidates: Vec<Candidate>, current: &str) -> Vec<Candidate> {
    let flag = match current.split_once('=') {
        Some((flag, _)) if flag.starts_with("--") => format!("{flag}="),
        _ => String::new(),
    };
    candidates
        .into_iter()
        .filter(Candidate::is_plain)
        .map(|candidate| Candidate { value: flag.clone() + &candidate.value, ..candidate })
        .filter(|candidate| candidate.value.starts_with(current))
        .collect()
}

/// What is expected in the place of the last of `words`, which follow the program's name.
pub(crate) fn expected(root: &Command, words: &[String]) -> Expected {
    let Some((current, before)) = words.split_last() else { return Expected::Values(Vec::new()) };
    let Position { command, given, option, is_after_separator } = position(root, before);
    if is_after_separator {
        return argument(root, command, |arg| arg.is_last_set() || arg.is_trailing_var_arg_set(), &given);
    }
    if let Some(arg) = option {
        return continued(arg, value_of(root, arg, &[]), current);
    }
    if let Some((flag, value)) = current.split_once('=').filter(|(flag, _)| flag.starts_with("--")) {
        return option_with_value(root, command, flag)
            .map_or(Expected::Values(Vec::new()), |arg| continued(arg, value_of(root, arg, &[]), value));
    }
    if current.starts_with('-') {
        return Expected::Values(flags(root, command));
    }
    if command.has_subcommands() && given.is_empty() {
        return Expected::Values(subcommands(command));
    }
    argument(root, command, |arg| !arg.is_last_set(), &given)
}

/// What can follow the last comma, where an option takes a list.
fn continued(arg: &Arg, expected: Expected, value: &str) -> Expected {
    let before = value.rfind(',').filter(|_| arg.get_value_delimiter() == Some(','));
    match (expected, before.and_then(|comma| value.get(..=comma))) {
        (Expected::Values(values), Some(before)) => {
            let there: Vec<&str> = before.split(',').collect();
            let new = values.into_iter().filter(|candidate| !there.contains(&candidate.value.as_str()));
            let whole =
                |candidate: Candidate| Candidate { value: before.to_owned() + &candidate.value, ..candidate };
            Expected::Values(new.map(whole).collect())
        }
        (expected, _) => expected,
    }
}

fn flags(root: &Command, at: &Command) -> Vec<Candidate> {
    let help = |arg: &Arg| arg.get_help().map(ToString::to_string).unwrap_or_default();
    let mut flags: Vec<Candidate> = Vec::new();
    for arg in options(root, at) {
        let Some(long) = arg.get_long() else { continue };
        let flag = Candidate::new(&format!("--{long}"), &help(arg));
        if !flags.iter().any(|known| known.value == flag.value) {
            flags.push(flag);
        }
    }
    flags
}

fn subcommands(at: &Command) -> Vec<Candidate> {
    let about = |command: &Command| command.get_about().map(ToString::to_string).unwrap_or_default();
    at.get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(|command| Candidate::new(command.get_name(), &about(command)))
        .collect()
}

/// What is expected as the argument after those given.
fn argument(root: &Command, at: &Command, fits: impl Fn(&Arg) -> bool, given: &[&str]) -> Expected {
    let mut positionals = at.get_positionals().filter(|arg| fits(arg)).peekable();
    if positionals.peek().is_some_and(|arg| arg.is_last_set() || arg.is_trailing_var_arg_set()) {
        return Expected::Program;
    }
    let mut left = given.len();
    for arg in positionals {
        let many = arg.get_num_args().is_some_and(|range| range.max_values() > 1);
        if left == 0 || many {
            return value_of(root, arg, given);
        }
        left -= 1;
    }
    Expected::Values(Vec::new())
}

/// What an argument takes: its possible values, else what its name in the help says. `given` are the
/// arguments before it.
fn value_of(root: &Command, arg: &Arg, given: &[&str]) -> Expected {
    let possible: Vec<Candidate> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| {
            let help = value.get_help().map(ToString::to_string).unwrap_or_default();
            Candidate::new(value.get_name(), &help)
        })
        .collect();
    if !possible.is_empty() {
        return Expected::Values(possible);
    }
    let shown = arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    match (arg.get_id().as_str(), shown) {
        ("profile", _) | (_, "PROFILE") => Expected::Profiles,
        ("account", _) | (_, "ACCOUNT") => Expected::Accounts,
        (_, "KERNEL") => Expected::Kernels,
        (_, "COMMAND") => {
            let command = given.iter().try_fold(root, |command, word| command.find_subcommand(word));
            Expected::Values(command.map(subcommands).unwrap_or_default())
        }
        (_, "LIBRARIES") => Expected::Values(libraries()),
        ("scopes", _) => Expected::Values(scopes()),
        (_, "SHELL") => Expected::Values(shells()),
        (_, "FILE" | "FOLDER") => Expected::Files,
        _ => Expected::Values(Vec::new()),
    }
}

/// The shells that `env` prints for.
fn shells() -> Vec<Candidate> {
    use crate::handover::format::Dialect;
    Dialect::ALL.iter().map(|dialect| Candidate::new(dialect.name(), "")).collect()
}

/// The words that `doctor --for` takes.
fn libraries() -> Vec<Candidate> {
    let names = LIBRARIES.iter().map(|library| library.name);
    ["python", "r"].into_iter().chain(names).map(|name| Candidate::new(name, "")).collect()
}

/// The presets of `login --scopes`.
fn scopes() -> Vec<Candidate> {
    PRESETS.iter().map(|(name, _, what)| Candidate::new(name, what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::described;

    fn at(line: &str) -> Expected {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        expected(&described(&[]).unwrap(), &words)
    }

    fn values(line: &str) -> Vec<String> {
        let current = line.rsplit(' ').next().unwrap();
        match at(line) {
            Expected::Values(values) => {
                matching(values, current).into_iter().map(|candidate| candidate.value).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn commands_and_subcommands() {
        assert_eq!(values("logi"), ["login"]);
        assert_eq!(values("client g"), ["guide"]);
        assert_eq!(values("--profile work tok"), ["token"]);
        assert_eq!(values("help sta"), ["status"]);
        assert!(!values("").iter().any(|name| name.starts_with('_')));
    }

    #[test]
    fn flags_of_the_command_and_of_all_commands() {
        assert_eq!(values("login --no-b"), ["--no-browser"]);
        assert_eq!(values("login --prof"), ["--profile"]);
        assert_eq!(values("client show --j"), ["--json"]);
    }

    #[test]
    fn values_after_a_blank_and_after_an_equals_sign() {
        assert_eq!(values("login --store k"), ["keyring"]);
        assert_eq!(values("login --store=k"), ["--store=keyring"]);
        assert_eq!(values("env --shell fi"), ["fish"]);
        assert_eq!(at("status --profile "), Expected::Profiles);
        assert_eq!(at("--profile=w"), Expected::Profiles);
        assert_eq!(at("login --client-id-file "), Expected::Files);
    }

    #[test]
    fn a_list_continues_after_a_comma() {
        assert_eq!(values("doctor --for py"), ["python", "pydata-google-auth"]);
        assert_eq!(
            values("doctor --for python,g"),
            ["python,google-auth", "python,gargle", "python,go", "python,gcloud", "python,gsutil"]
        );
        assert_eq!(values("login --scopes=drive,d"), [] as [&str; 0]);
        assert_eq!(values("login --scopes=drive,s"), ["--scopes=drive,storage"]);
    }

    #[test]
    fn arguments_by_position() {
        assert_eq!(at("use "), Expected::Profiles);
        assert_eq!(at("forget "), Expected::Profiles);
        assert_eq!(at("use --profile x "), Expected::Profiles);
        assert_eq!(at("login "), Expected::Accounts);
        assert_eq!(at("login ada@example.com "), Expected::Values(Vec::new()));
        assert_eq!(at("client set "), Expected::Files);
        assert_eq!(values("init z"), ["zsh"]);
        assert_eq!(values("man client s"), ["set", "show"]);
        assert_eq!(values("client u"), ["unset"]);
        assert_eq!(values("help kernel s"), ["sync"]);
        assert_eq!(at("kernel install python3 "), Expected::Kernels);
        assert_eq!(at("kernel install --new-kernel "), Expected::Values(Vec::new()));
        assert_eq!(values("snippet re"), ["renviron"]);
        assert_eq!(at("help kernel sync "), Expected::Values(Vec::new()));
        assert_eq!(at("help nosuch "), Expected::Values(Vec::new()));
    }

    #[test]
    fn a_value_with_shell_characters_is_not_offered() {
        let odd = ["$(reboot)", "a b", "`x`", "a;b", "x'y", "a\nb", "~root", "*", "!!"];
        let candidates: Vec<Candidate> = odd.iter().map(|value| Candidate::new(value, "")).collect();
        assert_eq!(matching(candidates, ""), []);
    }

    #[test]
    fn a_description_is_one_line_without_control_characters() {
        assert_eq!(Candidate::new("a", "b\tc\u{1b}[2J\nd").description, "b c [2J");
    }
}
