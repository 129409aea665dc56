//! The verbs that make bqcred at home in a shell, and those that describe bqcred itself.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Print what makes bqcred at home in a shell: functions and completions
///
/// With it, `bqcred env` and `bqcred use` act on the shell itself.
#[derive(Debug, Args)]
#[command(after_help = "Example, at the end of ~/.bashrc:\n  eval \"$(bqcred init bash)\"")]
pub(crate) struct Init {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: InitShell,
    /// Show the profile in the prompt
    #[arg(long)]
    pub(crate) prompt: bool,
    /// Follow .bqcred files: a folder's file names the profile to use there; see `bqcred allow`
    #[arg(long)]
    pub(crate) pins: bool,
}

/// Shells that `init` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InitShell {
    /// Bash
    Bash,
    /// Z shell
    Zsh,
    /// fish
    Fish,
}

/// Allow a .bqcred file to choose the profile in its folder
///
/// The file holds the name of a profile. It is allowed as it is now: when it changes, it has to be
/// allowed again.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  echo work > .bqcred\n  bqcred allow")]
pub(crate) struct Allow {
    /// The file [default: the nearest .bqcred, from this folder upwards]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// List what is allowed
    #[arg(long, conflicts_with = "file")]
    pub(crate) list: bool,
    /// Print JSON
    #[arg(long, requires = "list")]
    pub(crate) json: bool,
}

/// Take back what `allow` allowed
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred deny")]
pub(crate) struct Deny {
    /// The file [default: the nearest .bqcred, from this folder upwards]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    bqcred completions fish > ~/.config/fish/completions/bqcred.fish\n\n\
    `bqcred init` prints them too.")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: CompletionShell,
}

/// Shells that `completions` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompletionShell {
    /// Bash
    Bash,
    /// Z shell
    Zsh,
    /// fish
    Fish,
    /// Elvish
    Elvish,
    /// PowerShell
    #[value(name = "powershell", alias = "pwsh")]
    PowerShell,
    /// Nushell
    #[value(alias = "nu")]
    Nushell,
}

/// Print the manual page of a verb, or write all of them
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred man login | man -l -")]
pub(crate) struct Man {
    /// The verb [default: bqcred itself]
    #[arg(value_name = "VERB")]
    pub(crate) verb: Vec<String>,
    /// Write all pages to this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "verb")]
    pub(crate) out: Option<PathBuf>,
}

/// Show what a verb does and takes
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred help login")]
pub(crate) struct Help {
    /// The verb [default: bqcred itself]
    #[arg(value_name = "VERB")]
    pub(crate) verb: Vec<String>,
}

/// For the shells' completions: what can stand in the place of the last word, one a line, with a tab
/// before its description. A line that begins with a tab asks the shell itself to complete: `files`,
/// `command`.
#[derive(Debug, Args)]
pub(crate) struct Complete {
    /// The cursor is behind a blank (for shells that can't hand over an empty word)
    #[arg(long)]
    pub(crate) next: bool,
    /// The words up to the cursor, the program's name first
    #[arg(last = true)]
    pub(crate) words: Vec<OsString>,
}
