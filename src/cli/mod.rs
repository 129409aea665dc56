//! The command line, as data: the doc comments are the help that people read.

pub(crate) mod completion;
mod credentials;
mod eval;
mod habits;
mod kernels;
mod oauth_client;
mod parse_error;
mod position;
mod profiles;
mod programs;
mod shells;
mod snippet;
mod transfer;
mod values;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::handover::format::Dialect;
use crate::output::error::{Error, Result};
use crate::output::ui::Output;

pub(crate) use credentials::{CellLanguage, Forget, Login, Revoke, Rotate, StoreChoice};
pub(crate) use kernels::{
    KernelCommand, KernelInstall, KernelList, KernelPlace, KernelSync, KernelUninstall,
};
pub(crate) use oauth_client::OauthClient;
pub(crate) use profiles::{Doctor, List, Status, Use};
use programs::DEFAULT_MIN_TTL;
pub(crate) use programs::{Env, Exec, KeepGcloud, Lock, StartUnder, Token};
pub(crate) use shells::{Allow, Complete, CompletionShell, Completions, Deny, Help, Init, InitShell, Man};
pub(crate) use snippet::{Snippet, SnippetKind};
pub(crate) use transfer::{Export, Import, ImportSource, Move};

/// Use your own Google account for BigQuery from shells, notebooks, Python and R
///
/// Sign in once: the BigQuery libraries then use your account, with no change to any code. Without a command,
/// bqcred shows the next step.
#[derive(Debug, Parser)]
#[command(name = "bqcred", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Example:\n  bqcred login\n  eval $(bqcred env)")]
pub(crate) struct Cli {
    /// Profile to use [default: BQCRED_PROFILE, then the one set by `bqcred use`, then "default"]
    #[arg(long, global = true, value_name = "NAME", display_order = 900)]
    pub(crate) profile: Option<String>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The commands, in the order in which help lists them.
// describing one command is enough to run it; describing all takes longer than the rest of `env`
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    Login(Login),
    Env(Env),
    Exec(Exec),
    Token(Token),
    Status(Status),
    List(List),
    Use(Use),
    Import(Import),
    Export(Export),
    Rotate(Rotate),
    Revoke(Revoke),
    Forget(Forget),
    Doctor(Doctor),
    Move(Move),
    Lock(Lock),
    #[command(subcommand)]
    Client(OauthClient),
    #[command(subcommand)]
    Kernel(KernelCommand),
    Snippet(Snippet),
    Init(Init),
    Allow(Allow),
    Deny(Deny),
    Completions(Completions),
    Man(Man),
    Help(Help),
    #[command(name = "__complete", hide = true)]
    Complete(Complete),
    #[command(name = "__start-under", hide = true)]
    StartUnder(StartUnder),
    #[command(name = "__keep-gcloud", hide = true)]
    KeepGcloud(KeepGcloud),
}

impl Command {
    /// Whether to remove leftovers of killed processes first: not in what shells run at each start and prompt,
    /// nor in what reads nothing of the user's.
    pub(crate) fn cleans_up(&self) -> bool {
        use Command::*;
        !matches!(
            self,
            Env(_)
                | Exec(_)
                | Token(_)
                | Init(_)
                | Completions(_)
                | Man(_)
                | Help(_)
                | Complete(_)
                | StartUnder(_)
                | KeepGcloud(_)
        )
    }

    /// Whether it looks at the rights of all files first. `env` does so only when it fails.
    pub(crate) fn checks_rights(&self) -> bool {
        self.cleans_up() || matches!(self, Command::Exec(_) | Command::Token(_))
    }

    /// The profile given as an argument, as in `bqcred forget work`.
    fn profile_argument(&self) -> Option<&str> {
        match self {
            Command::Rotate(args) => args.name.as_deref(),
            Command::Revoke(args) => args.name.as_deref(),
            Command::Forget(args) => args.name.as_deref(),
            _ => None,
        }
    }
}

impl Cli {
    /// The same with `profile` set from the argument of the command, where it takes one.
    fn with_profile_argument(mut self) -> Result<Cli> {
        let Some(argument) = self.command.as_ref().and_then(Command::profile_argument) else {
            return Ok(self);
        };
        match &self.profile {
            Some(flag) if flag != argument => {
                Err(Error::usage("two different profiles are given: by --profile and as an argument")
                    .hint("leave one of them out"))
            }
            _ => {
                self.profile = Some(argument.to_owned());
                Ok(self)
            }
        }
    }
}

/// clap's description of bqcred, or of the command with this name (`["client", "set"]`).
pub(crate) fn described(name: &[String]) -> Result<clap::Command> {
    let mut root = Cli::command();
    root.build();
    let mut at = &root;
    for word in name {
        at = at
            .find_subcommand(word)
            .filter(|command| !command.is_hide_set())
            .ok_or_else(|| parse_error::unknown_command(at, word, None, &[]))?;
    }
    Ok(at.clone())
}

/// A command line that was understood.
pub(crate) enum Parsed {
    /// A command to run.
    Command(Cli),
    /// A text that answers it: help, the version.
    Text(Output),
}

/// Reads the command line.
pub(crate) fn parse(words: Vec<OsString>) -> Result<Parsed> {
    if let Some(cli) = frequent(&words) {
        return Ok(Parsed::Command(cli));
    }
    match Cli::try_parse_from(&words).or_else(|_| parse_in_full(&words)) {
        Ok(cli) => cli.with_profile_argument().map(Parsed::Command),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(Parsed::Text(Output::text(error.to_string())))
        }
        Err(error) => Err(parse_error::to_error(&error, &words)),
    }
}

/// The same with every command described, as help and the messages about mistakes need it.
fn parse_in_full(words: &[OsString]) -> clap::error::Result<Cli> {
    let mut root = Cli::command();
    root.build();
    Cli::from_arg_matches(&root.try_get_matches_from(words)?)
}

/// What to print when a command line fails: a statement that fails, where a shell evaluates what is printed.
pub(crate) fn failing_statement(words: &[OsString]) -> &'static str {
    eval::dialect(words).map_or("", Dialect::failing)
}

/// The command lines that shells and scripts run all the time, without clap's description of all commands:
/// building that takes longer than all the rest of `bqcred env`.
fn frequent(words: &[OsString]) -> Option<Cli> {
    let (command, rest) = words.get(1..)?.split_first()?;
    let command = match (command.to_str()?, rest) {
        ("env", []) => Command::Env(Env {
            shell: None,
            format: None,
            unset: false,
            no_guard: false,
            gcloud: false,
            announce: false,
            pinned_by: None,
        }),
        ("token", []) => Command::Token(Token { min_ttl: DEFAULT_MIN_TTL, json: false }),
        ("init", [shell]) => {
            let shell = InitShell::from_str(shell.to_str()?, false).ok()?;
            Command::Init(Init { shell, prompt: false, pins: false })
        }
        ("exec", [separator, program @ ..]) if separator == "--" && !program.is_empty() => {
            Command::Exec(Exec { program: program.to_vec(), ..Exec::default() })
        }
        _ => return None,
    };
    Some(Cli { profile: None, command: Some(command) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_accepts_the_description() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_describes_every_command() {
        let help = parse_in_full(&["bqcred", "--help"].map(OsString::from)).unwrap_err().to_string();
        for command in described(&[]).unwrap().get_subcommands().filter(|command| !command.is_hide_set()) {
            let about = command.get_about().unwrap().to_string();
            assert!(help.contains(&about), "{about}");
        }
    }

    /// A terminal of 80 columns would break a longer one in two, and what is pasted from it would not run.
    #[test]
    fn examples_fit_on_a_line() {
        fn check(command: &clap::Command) {
            for line in command.get_after_help().map(ToString::to_string).unwrap_or_default().lines() {
                assert!(line.chars().count() <= 79, "{}: {line}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn frequent_lines_mean_what_clap_reads() {
        let parse = |line: &str| -> Vec<OsString> { line.split(' ').map(OsString::from).collect() };
        let short =
            ["env", "token", "init bash", "init fish", "exec -- true", "exec -- sh -c -- --file -- --"];
        for line in short {
            let words = parse(&format!("bqcred {line}"));
            let long = Cli::try_parse_from(&words).unwrap();
            assert_eq!(format!("{:?}", frequent(&words).unwrap()), format!("{long:?}"), "{line}");
        }
        for line in ["list", "env --unset", "token --json", "init", "init nosuch", "init --help", "exec --"] {
            assert!(frequent(&parse(&format!("bqcred {line}"))).is_none(), "{line}");
        }
        assert!(frequent(&parse("bqcred exec true")).is_none());
    }
}
