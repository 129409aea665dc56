//! The command line, as data: the doc comments are the help that people read.

pub(crate) mod completion;
mod credentials;
mod kernels;
mod looking;
mod mistake;
mod running;
mod shells;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::handover::format::Dialect;
use crate::output::error::{Error, Result};
use crate::output::ui::Output;

pub(crate) use credentials::{
    Client, Export, Forget, Import, Login, Move, Revoke, Rotate, Source, StoreChoice,
};
pub(crate) use kernels::{
    Kernel, KernelInstall, KernelList, KernelPlace, KernelSnippet, KernelSync, KernelUninstall, SnippetKind,
};
pub(crate) use looking::{Doctor, List, Status, Use};
use running::USUAL_MIN_TTL;
pub(crate) use running::{Env, Exec, Lock, Token};
pub(crate) use shells::{Allow, Complete, CompletionShell, Completions, Deny, Help, Init, InitShell, Man};

/// Use your own Google account for BigQuery from shells, notebooks, Python and R
///
/// Log in once; then the BigQuery libraries run as you, with no change to any code. Without a verb,
/// bqcred shows the next step for where you are.
#[derive(Debug, Parser)]
#[command(name = "bqcred", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
#[command(after_help = "Example:\n  bqcred login\n  eval $(bqcred env)")]
pub(crate) struct Cli {
    /// The profile to work with [default: what `bqcred use` set, else "default"]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

// describing one command is enough to run it; describing all takes longer than the rest of `env`
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
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
    Client(Client),
    #[command(subcommand)]
    Kernel(Kernel),
    Init(Init),
    Allow(Allow),
    Deny(Deny),
    Completions(Completions),
    Man(Man),
    Help(Help),
    #[command(name = "__complete", hide = true)]
    Complete(Complete),
}

impl Verb {
    /// Whether there is time to tidy up: not in what shells run at each start and prompt, nor where nothing
    /// of the person's is looked at.
    pub(crate) fn is_unhurried(&self) -> bool {
        use Verb::*;
        !matches!(
            self,
            Env(_) | Exec(_) | Token(_) | Init(_) | Completions(_) | Man(_) | Help(_) | Complete(_)
        )
    }
}

/// The description of bqcred, or of the verb that these words name.
pub(crate) fn described(verb: &[String]) -> Result<Command> {
    let mut root = Cli::command();
    root.build();
    let mut at = &root;
    for word in verb {
        at = at.find_subcommand(word).filter(|verb| !verb.is_hide_set()).ok_or_else(|| {
            Error::usage(format!("bqcred has no verb {:?}", verb.join(" "))).hint("`bqcred help` lists them")
        })?;
    }
    Ok(at.clone())
}

/// What the command line asks for.
pub(crate) enum Asked {
    /// A verb.
    Verb(Cli),
    /// A text that answers it already: help, the version.
    Text(Output),
}

/// Reads the command line.
pub(crate) fn parse(words: Vec<OsString>) -> Result<Asked> {
    if let Some(cli) = shortcut(&words) {
        return Ok(Asked::Verb(cli));
    }
    let parsed = Cli::try_parse_from(&words).or_else(|_| parse_in_full(&words));
    parsed.map(Asked::Verb).or_else(|complaint| match complaint.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            Ok(Asked::Text(Output::text(complaint.to_string())))
        }
        _ => Err(mistake::told(&complaint, &words)),
    })
}

/// The same with every command described, as help and the messages about mistakes need it.
fn parse_in_full(words: &[OsString]) -> clap::error::Result<Cli> {
    let mut root = Cli::command();
    root.build();
    Cli::from_arg_matches(&root.try_get_matches_from(words)?)
}

/// What to print when a command line comes to nothing: a statement that fails, where a shell evaluates
/// what is printed.
pub(crate) fn failing_statement(words: &[OsString]) -> &'static str {
    mistake::dialect_for_eval(words).map_or("", Dialect::failing)
}

/// The command lines that shells and scripts run all the time, without the description of all the
/// others: building that takes longer than all the rest of `bqcred env`.
fn shortcut(words: &[OsString]) -> Option<Cli> {
    let (verb, rest) = words.get(1..)?.split_first()?;
    let verb = match (verb.to_str()?, rest) {
        ("env", []) => Verb::Env(Env {
            shell: None,
            format: None,
            unset: false,
            no_guard: false,
            gcloud: false,
            pinned_by: None,
        }),
        ("token", []) => Verb::Token(Token { min_ttl: USUAL_MIN_TTL, json: false }),
        ("init", [shell]) => {
            let shell = InitShell::from_str(shell.to_str()?, false).ok()?;
            Verb::Init(Init { shell, prompt: false, pins: false })
        }
        ("exec", [separator, command @ ..]) if separator == "--" && !command.is_empty() => {
            Verb::Exec(Exec { file: false, always_start: false, command: command.to_vec() })
        }
        _ => return None,
    };
    Some(Cli { profile: None, verb: Some(verb) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_description_is_consistent() {
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

    #[test]
    fn the_shortcut_means_the_same_as_the_long_way() {
        let parse = |line: &str| -> Vec<OsString> { line.split(' ').map(OsString::from).collect() };
        let short =
            ["env", "token", "init bash", "init fish", "exec -- true", "exec -- sh -c -- --file -- --"];
        for line in short {
            let words = parse(&format!("bqcred {line}"));
            let long = Cli::try_parse_from(&words).unwrap();
            assert_eq!(format!("{:?}", shortcut(&words).unwrap()), format!("{long:?}"), "{line}");
        }
        for line in ["list", "env --unset", "token --json", "init", "init nosuch", "init --help", "exec --"] {
            assert!(shortcut(&parse(&format!("bqcred {line}"))).is_none(), "{line}");
        }
        assert!(shortcut(&parse("bqcred exec true")).is_none());
    }
}
