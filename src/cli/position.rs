//! How far the words of a command line lead: the command that they name, and what they give to it.

use clap::{Arg, ArgAction, Command};

/// Where a command line stands after some words.
pub(super) struct Position<'c, 'w> {
    /// The command that the words name.
    pub(super) command: &'c Command,
    /// The words that are arguments of it. After `--`, only what follows.
    pub(super) given: Vec<&'w str>,
    /// The option that the next word is the value of.
    pub(super) option: Option<&'c Arg>,
    /// Whether `--` was among the words.
    pub(super) is_after_separator: bool,
}

/// Follows `words`, which come after the program's name, from `root`.
pub(super) fn position<'c, 'w>(root: &'c Command, words: &'w [String]) -> Position<'c, 'w> {
    let mut at = Position { command: root, given: Vec::new(), option: None, is_after_separator: false };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if at.option.take().is_some() {
            continue;
        }
        if word == "--" {
            at.given = words.map(String::as_str).collect();
            at.is_after_separator = true;
            return at;
        }
        if word.starts_with('-') && word.len() > 1 {
            at.option = option_with_value(root, at.command, word).filter(|_| !word.contains('='));
        } else if at.given.is_empty()
            && let Some(command) = at.command.find_subcommand(word)
        {
            at.command = command;
        } else {
            at.given.push(word);
        }
    }
    at
}

/// The option that this word names, if it takes a value.
pub(super) fn option_with_value<'c>(root: &'c Command, at: &'c Command, word: &str) -> Option<&'c Arg> {
    let name = word.split_once('=').map_or(word, |(name, _)| name);
    options(root, at).find(|arg| {
        let long = name.strip_prefix("--").is_some_and(|name| arg.get_long() == Some(name));
        let short = name
            .strip_prefix('-')
            .is_some_and(|name| arg.get_short().is_some_and(|short| name.chars().eq(std::iter::once(short))));
        (long || short) && matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
    })
}

/// The options that a command takes, those of all commands included.
pub(super) fn options<'c>(root: &'c Command, at: &'c Command) -> impl Iterator<Item = &'c Arg> {
    let global = root.get_arguments().filter(move |arg| arg.is_global_set() && !std::ptr::eq(root, at));
    at.get_arguments().chain(global).filter(|arg| !arg.is_positional() && !arg.is_hide_set())
}
