//! The commands that set up a shell, and those that describe bqcred itself.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Print shell functions and completions
///
/// With them, `bqcred env` and `bqcred use` set the variables of the shell itself.
#[derive(Debug, Args)]
#[command(after_help = "Example, at the end of ~/.bashrc:\n  eval \"$(bqcred init bash)\"")]
pub(crate) struct Init {
    /// Shell to print for
    #[arg(value_enum)]
    pub(crate) shell: InitShell,
    /// Show the profile in the prompt
    #[arg(long)]
    pub(crate) prompt: bool,
    /// Use the profile that a folder's .bqcred file names; see `bqcred allow`
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

/// Allow a .bqcred file to set the profile in its folder
///
/// The file holds the name of a profile. When its content changes, it has to be allowed again.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  echo work > .bqcred\n  bqcred allow")]
pub(crate) struct Allow {
    /// File [default: the nearest .bqcred, in this folder or above]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// List the allowed files
    #[arg(long, conflicts_with = "file")]
    pub(crate) list: bool,
    /// Print JSON
    #[arg(long, requires = "list")]
    pub(crate) json: bool,
}

/// Stop a .bqcred file from setting the profile
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred deny")]
pub(crate) struct Deny {
    /// File [default: the nearest .bqcred, in this folder or above]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    bqcred completions fish > ~/.config/fish/completions/bqcred.fish\n\n\
    `bqcred init` prints them too.")]
pub(crate) struct Completions {
    /// Shell to print for
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

/// Show the manual page of a command, or write all pages to a folder
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred man login")]
pub(crate) struct Man {
    /// Command to show [default: bqcred itself]
    #[arg(value_name = "COMMAND")]
    pub(crate) name: Vec<String>,
    /// Write all pages to this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "name")]
    pub(crate) out: Option<PathBuf>,
}

/// Show the help of a command
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bqcred help login")]
pub(crate) struct Help {
    /// Command to show [default: bqcred itself]
    #[arg(value_name = "COMMAND")]
    pub(crate) name: Vec<String>,
}

/// For the shells' completions: print candidates for the last word, one a line, with a tab before the
/// description. A line that begins with a tab asks the shell itself to complete: `files`, `command`.
#[derive(Debug, Args)]
pub(crate) struct Complete {
    /// Complete a new, empty word (for shells that can't pass an empty argument)
    #[arg(long)]
    pub(crate) next: bool,
    /// Words up to the cursor, the program's name first
    #[arg(last = true)]
    pub(crate) words: Vec<OsString>,
}
