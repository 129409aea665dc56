//! The errors of a command line that can't be understood, from clap's error kinds and context.
//!
//! Values are quoted unless they may be the address that a sign-in ends at, which holds a code: it is easily
//! pasted in the wrong place.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory};

use super::position::position;
use super::{Cli, eval, habits};
use crate::credential::profile_name::ProfileName;
use crate::output::error::Error;

/// clap's error as ours. `words` is the command line.
pub(super) fn to_error(error: &clap::Error, words: &[OsString]) -> Error {
    let line: Vec<String> = words.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let mut root = Cli::command();
    root.build();
    let command = position(&root, &line).command;
    let ours = Failure { error, command, line: &line }.to_error();
    match eval::dialect(words) {
        Some(dialect) => ours.with_stdout(dialect.failing()),
        None => ours,
    }
}

/// `command` has no subcommand `word`. `like` is the one of nearest spelling, `rest` are the words that follow.
pub(super) fn unknown_command(command: &Command, word: &str, like: Option<&str>, rest: &[&str]) -> Error {
    let name = full_name(command);
    let hint = habits::suggestion(command, &[&[word], rest].concat())
        .or_else(|| like.map(|like| format!("did you mean `{name} {like}`?")))
        .unwrap_or_else(|| format!("`{name} --help` lists the commands"));
    Error::usage(format!("{name} has no command {}", quoted(word))).hint(hint)
}

/// `bqcred client set`
fn full_name(command: &Command) -> &str {
    command.get_bin_name().unwrap_or_else(|| command.get_name())
}

fn quoted(word: &str) -> String {
    match word.contains("code=") || word.contains("://") {
        true => "ADDRESS".to_owned(),
        false => format!("{word:?}"),
    }
}

/// One error of clap's, and where it happened.
struct Failure<'a> {
    error: &'a clap::Error,
    /// The command that the line names.
    command: &'a Command,
    /// The words after the program's name.
    line: &'a [String],
}

impl Failure<'_> {
    fn to_error(&self) -> Error {
        let what = match self.error.kind() {
            ErrorKind::InvalidSubcommand => return self.unknown_command(),
            ErrorKind::UnknownArgument => return self.unknown_argument(),
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
                format!("a subcommand is required: {}", self.subcommands())
            }
            ErrorKind::MissingRequiredArgument => return self.missing(),
            ErrorKind::InvalidValue => return self.invalid_value(),
            ErrorKind::ValueValidation => {
                let reason =
                    std::error::Error::source(self.error).map(ToString::to_string).unwrap_or_default();
                let value = quoted(self.text(ContextKind::InvalidValue));
                format!("{} can't be {value}: {reason}", self.argument())
            }
            ErrorKind::ArgumentConflict => self.conflict(),
            ErrorKind::TooManyValues => return self.no_value(),
            ErrorKind::InvalidUtf8 => "an argument is not valid UTF-8".to_owned(),
            _ => "these arguments can't be used".to_owned(),
        };
        Error::usage(what).hint(self.help())
    }

    fn help(&self) -> String {
        let name = full_name(self.command);
        match self.command.has_subcommands() {
            true => format!("`{name} --help` lists the commands"),
            false => format!("`{name} --help` lists the options"),
        }
    }

    fn unknown_command(&self) -> Error {
        let word = self.text(ContextKind::InvalidSubcommand);
        let rest: Vec<&str> =
            self.line.iter().map(String::as_str).skip_while(|other| *other != word).skip(1).collect();
        // clap sorts them by likeness, the most alike last
        let like = self.texts(ContextKind::SuggestedSubcommand).last().map(String::as_str);
        unknown_command(self.command, word, like, &rest)
    }

    /// `--flag=VALUE`: what follows the `=` may be meant for the command itself.
    fn no_value(&self) -> Error {
        let argument = self.argument();
        let hint = match self.command.get_positionals().next() {
            Some(own) => format!("`{} {argument} {}`\n{}", full_name(self.command), name(own), self.help()),
            None => self.help(),
        };
        Error::usage(format!("{argument} takes no value")).hint(hint)
    }

    fn unknown_argument(&self) -> Error {
        let word = self.text(ContextKind::InvalidArg);
        if !word.starts_with('-') {
            let takes_none = self.command.get_positionals().next().is_none();
            if let Some(program) = self.command.get_positionals().find(|arg| arg.is_last_set()) {
                let hint = format!("the words of a program come after `--`: `-- {}`", name(program));
                return Error::usage(format!("unexpected argument {}", quoted(word)))
                    .hint(format!("{hint}\n{}", self.help()));
            }
            let hint = match ProfileName::parse(word) {
                Ok(profile) if takes_none && !self.command.has_subcommands() => {
                    format!(
                        "`{} --profile {profile}`, if it is a profile\n{}",
                        full_name(self.command),
                        self.help()
                    )
                }
                _ => self.help(),
            };
            return Error::usage(format!("unexpected argument {}", quoted(word))).hint(hint);
        }
        let like = self.text(ContextKind::SuggestedArg);
        let hint = match like {
            "" => self.help(),
            like => format!("did you mean `{like}`?\n{}", self.help()),
        };
        Error::usage(format!("{} has no option {}", full_name(self.command), quoted(word))).hint(hint)
    }

    fn missing(&self) -> Error {
        let missing: Vec<Option<&Arg>> =
            self.texts(ContextKind::InvalidArg).iter().map(|shown| self.shown_as(shown)).collect();
        let words = missing.iter().flatten().map(|arg| match arg.is_positional() {
            true => format!("no {} given{}", name(arg).to_lowercase(), among(arg)),
            false => format!("{} is required{}", name(arg), among(arg)),
        });
        let what = words.collect::<Vec<_>>().join(", ");
        if self.command.get_name() == "exec" {
            return Error::usage(what).hint("`bqcred exec -- jupyter lab`");
        }
        Error::usage(what).hint(self.help())
    }

    fn invalid_value(&self) -> Error {
        let (argument, value) = (self.argument(), self.text(ContextKind::InvalidValue));
        let good = self.texts(ContextKind::ValidValue).join(", ");
        let error = Error::usage(match (value, good.as_str()) {
            ("", "") => format!("{argument} needs a value"),
            ("", good) => format!("{argument} needs a value: {good}"),
            (value, good) => format!("{argument} can't be {}: choose one of {good}", quoted(value)),
        });
        error.hint(self.help())
    }

    fn conflict(&self) -> String {
        let shown = self.text(ContextKind::InvalidArg);
        let (argument, single) = (self.argument(), self.text(ContextKind::PriorArg));
        let others: Vec<String> = match single {
            "" => self.texts(ContextKind::PriorArg).iter().map(|other| self.name_of(other)).collect(),
            other if other == shown => return format!("{argument} is given twice"),
            other => vec![self.name_of(other)],
        };
        match others.is_empty() {
            true => format!("{argument} can't be used together with the other options"),
            false => format!("{argument} can't be used together with {}", others.join(", ")),
        }
    }

    fn subcommands(&self) -> String {
        let visible = self.command.get_subcommands().filter(|command| !command.is_hide_set());
        visible.map(Command::get_name).collect::<Vec<_>>().join(", ")
    }

    /// The argument that the error is about, as a person types it.
    fn argument(&self) -> String {
        self.name_of(self.text(ContextKind::InvalidArg))
    }

    fn name_of(&self, shown: &str) -> String {
        self.shown_as(shown).map_or_else(|| shown.to_owned(), name)
    }

    /// The argument that clap shows like this: `--port <PORT>`, or `<FILE>` where `[FILE]` became required.
    fn shown_as(&self, shown: &str) -> Option<&Arg> {
        let bare = |text: &str| text.replace(['<', '>', '[', ']'], "");
        self.command.get_arguments().find(|arg| bare(&arg.to_string()) == bare(shown))
    }

    fn text(&self, kind: ContextKind) -> &str {
        match self.error.get(kind) {
            Some(ContextValue::String(text)) => text,
            _ => "",
        }
    }

    fn texts(&self, kind: ContextKind) -> &[String] {
        match self.error.get(kind) {
            Some(ContextValue::Strings(texts)) => texts,
            _ => &[],
        }
    }
}

/// `--port` or `FILE`
fn name(arg: &Arg) -> String {
    match (arg.get_long(), arg.get_value_names()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some([name, ..])) => name.to_string(),
        (None, _) => arg.get_id().to_string().to_uppercase(),
    }
}

/// `: bash, zsh, fish`, if the argument takes one of a few values.
fn among(arg: &Arg) -> String {
    let values = arg.get_possible_values();
    let names: Vec<&str> = values
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(clap::builder::PossibleValue::get_name)
        .collect();
    if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::error::Kind;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    /// What is said of this line: the message and the hint.
    fn said(line: &str) -> (String, String) {
        let Err(error) = super::super::parse(words(&format!("bqcred {line}"))) else { panic!("{line}") };
        assert_eq!(error.kind(), Kind::Usage, "{line}");
        (error.what().to_owned(), error.hint_text().unwrap_or_default().to_owned())
    }

    #[test]
    fn each_kind_of_error_names_what_is_wrong() {
        for (line, what) in [
            ("kernel", "a subcommand is required: list, install, "),
            ("client", "a subcommand is required: set, unset, show, guide"),
            ("exec", "no program given"),
            ("use", "no profile given"),
            ("export", "no file given"),
            ("init", "no shell given: bash, zsh, fish"),
            ("move", "--store is required: file, keyring"),
            ("export --token-only=adc.json", "--token-only takes no value"),
            ("export --token-only --keep-fresh ssh HOST cat", "unexpected argument \"HOST\""),
            ("export --undo x", "--undo can't be used together with FILE"),
            ("export --undo", "--well-known is required"),
            ("export --well-known --undo x", "--well-known can't be used"),
            ("login --acount x", "bqcred login has no option \"--acount\""),
            ("list work", "unexpected argument \"work\""),
            ("login --port http", "--port can't be \"http\": a port is a number from 1 to 65535"),
            ("login --port", "--port needs a value"),
            ("login --store", "--store needs a value: auto, file, keyring"),
            ("login --store=disk", "--store can't be \"disk\": choose one of auto, file, keyring"),
            ("init tcsh", "SHELL can't be \"tcsh\": choose one of bash, zsh, fish"),
            ("login --start --finish -", "--start can't be used together with --finish"),
            ("login --port 1 --port 2", "--port is given twice"),
            ("status --valid-for soon", "--valid-for can't be \"soon\": "),
            ("forget a --profile b", "two different profiles are given"),
        ] {
            assert!(said(line).0.starts_with(what), "{line}: {:?}", said(line));
        }
    }

    #[test]
    fn the_hint_is_a_command_that_helps() {
        for (line, hint) in [
            ("exec", "`bqcred exec -- jupyter lab`"),
            ("kernel", "`bqcred kernel --help` lists the commands"),
            ("login --scops drive", "did you mean `--scopes`?"),
            ("login --zzz", "`bqcred login --help` lists the options"),
            ("--profile x login --zzz", "`bqcred login --help` lists the options"),
            ("export --token-only=adc.json", "`bqcred export --token-only FILE`"),
            (
                "export --token-only --keep-fresh ssh HOST cat",
                "the words of a program come after `--`: `-- PROGRAM`",
            ),
            ("status work", "`bqcred status --profile work`, if it is a profile"),
            ("logout", "`bqcred forget` removes the profile here, `bqcred revoke` also ends it at Google"),
            ("sttus", "did you mean `bqcred status`?"),
            ("kernel instal", "did you mean `bqcred kernel install`?"),
            ("qqq", "`bqcred --help` lists the commands"),
        ] {
            assert!(said(line).1.starts_with(hint), "{line}: {:?}", said(line));
        }
    }

    #[test]
    fn an_address_with_a_code_is_not_repeated() {
        let address = "http://127.0.0.1:8085/?state=s&code=4/0canary";
        for line in ["", "list", "login x@example.com", "login --port", "login --store", "init", "kernel"] {
            let (what, hint) = said(format!("{line} {address}").trim_start());
            assert!(!(what + &hint).contains("canary"), "{line}");
        }
        let error = super::super::described(&[address.to_owned()]).unwrap_err();
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }

    #[test]
    fn a_profile_is_an_argument_or_an_option() {
        for line in
            ["forget work", "forget --profile work", "forget work --profile work", "--profile work forget"]
        {
            let Ok(super::super::Parsed::Command(cli)) =
                super::super::parse(words(&format!("bqcred {line}")))
            else {
                panic!("{line}")
            };
            assert_eq!(cli.profile.as_deref(), Some("work"), "{line}");
        }
    }
}
