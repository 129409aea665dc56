//! Writes changes of the environment in the language of a shell, or in a file format.
//!
//! Everything here is pure: values in, bytes out. A shell's dialect is one small file with a `set` and an
//! `unset`, listed in [`Dialect`] (`dialect.rs`); formats are listed in [`Format`]. Each writes a value exactly, or refuses it
//! with a [`Reason`]: none prints text that means another value.

mod dialect;
mod dotenv;
mod elvish;
mod fish;
mod json;
mod kernel;
mod nushell;
mod posix;
mod powershell;
mod renviron;
mod systemd;
mod tcsh;

use std::ffi::{OsStr, OsString};

pub(crate) use dialect::Dialect;

use crate::output::error::{Error, Result};

/// One variable that is to be set, or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The variable's name: letters, digits and `_`.
    pub(crate) name: &'static str,
    /// What it is set to; `None` removes it.
    pub(crate) value: Option<OsString>,
}

/// Why a value can't be written: the end of "NAME can't be written exactly for SHELL: ".
type Reason = &'static str;

/// The command that works for any value, because it writes no text.
const EXACT: &str = "`bqcred exec -- PROGRAM` passes every value exactly";

/// A format that programs read variables from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One flat JSON object; a removed variable is `null`.
    Json,
    /// `.env`, as python-dotenv, Node's dotenv and docker compose read it alike.
    Dotenv,
    /// R's `.Renviron`.
    Renviron,
    /// systemd's `EnvironmentFile=`.
    Systemd,
    /// The `env` of a Jupyter kernel.json.
    Kernel,
}

/// Writes the statement that sets a variable.
type Set = fn(&str, &OsStr) -> Result<String, Reason>;

/// The changes as text that this shell evaluates; the evaluation fails if a variable doesn't become what it should.
///
/// # Errors
/// If the shell's language can't express a value exactly; the message names the variable and the shell.
pub(crate) fn shell(dialect: Dialect, changes: &[Change]) -> Result<Vec<u8>> {
    let mut text = statements(dialect, changes)?;
    match dialect {
        Dialect::Posix | Dialect::Ksh => text += &posix::check(changes),
        Dialect::Fish => text += &fish::check(changes),
        // nothing in these keeps a variable from being set
        Dialect::Tcsh | Dialect::Elvish | Dialect::Nushell | Dialect::PowerShell => {}
    }
    Ok(text.into_bytes())
}

/// The changes, and then a failure.
///
/// # Errors
/// As [`shell`].
pub(crate) fn failing(dialect: Dialect, changes: &[Change]) -> Result<String> {
    let text = match dialect {
        // takes all or nothing
        Dialect::Nushell => String::new(),
        _ => statements(dialect, changes)?,
    };
    Ok(text + dialect.failing())
}

fn statements(dialect: Dialect, changes: &[Change]) -> Result<String> {
    let (set, unset): (Set, fn(&str) -> String) = match dialect {
        Dialect::Posix | Dialect::Ksh => (posix::set, posix::unset),
        Dialect::Fish => (fish::set, fish::unset),
        Dialect::Tcsh => (tcsh::set, tcsh::unset),
        Dialect::Elvish => (elvish::set, elvish::unset),
        Dialect::PowerShell => (powershell::set, powershell::unset),
        Dialect::Nushell => return whole(changes, "Nushell", nushell::record),
    };
    let mut text = String::from(if dialect == Dialect::Ksh { "\\" } else { "" });
    for change in changes {
        let statement = match &change.value {
            None => Ok(unset(change.name)),
            Some(value) => not_nul(value).and_then(|()| set(change.name, value)),
        };
        text += &statement.map_err(|reason| refusal(change.name, dialect.name(), reason))?;
    }
    Ok(text)
}

/// The changes in this file format.
///
/// # Errors
/// If the format can't express a value exactly, or can't remove a variable; the message names both.
pub(crate) fn format(format: Format, changes: &[Change]) -> Result<Vec<u8>> {
    match format {
        Format::Json => whole(changes, "JSON", json::object).map(String::into_bytes),
        Format::Kernel => {
            only_set(changes, "a kernel.json")?;
            whole(changes, "a kernel.json", kernel::object).map(String::into_bytes)
        }
        Format::Dotenv => lines(changes, "a .env file", dotenv::line),
        Format::Renviron => lines(changes, "an .Renviron file", renviron::line),
        Format::Systemd => lines(changes, "an EnvironmentFile", systemd::line),
    }
}

/// Refuses removals. An empty value is not one: google-auth 1.x takes an empty GOOGLE_APPLICATION_CREDENTIALS for
/// the name of a file.
fn only_set(changes: &[Change], place: &str) -> Result<()> {
    match changes.iter().find(|change| change.value.is_none()) {
        None => Ok(()),
        Some(change) => Err(Error::other(format!("{place} can't remove a variable ({})", change.name))
            .hint("delete the lines from the file instead; `bqcred env --unset` is for shells")),
    }
}

/// Writes all changes as one value. On failure it names the variable.
type Whole = fn(&[Change]) -> Result<String, (&'static str, Reason)>;

fn whole(changes: &[Change], place: &str, form: Whole) -> Result<String> {
    form(changes).map_err(|(name, reason)| refusal(name, place, reason))
}

/// Writes one line a variable.
fn lines(changes: &[Change], place: &str, line: fn(&str, &str) -> Result<String, Reason>) -> Result<Vec<u8>> {
    only_set(changes, place)?;
    let mut text = String::new();
    for change in changes {
        let Some(value) = &change.value else { continue };
        let line = not_nul(value).and_then(|()| unicode(value)).and_then(|value| line(change.name, value));
        text += &line.map_err(|reason| refusal(change.name, place, reason))?;
    }
    Ok(text.into_bytes())
}

fn refusal(name: &str, place: &str, reason: Reason) -> Error {
    Error::other(format!("{name} can't be written exactly for {place}: {reason}")).hint(EXACT)
}

/// Environment variables can't hold a NUL.
fn not_nul(value: &OsStr) -> Result<(), Reason> {
    if value.as_encoded_bytes().contains(&0) { Err("the value holds a NUL") } else { Ok(()) }
}

/// The value as text.
fn unicode(value: &OsStr) -> Result<&str, Reason> {
    value.to_str().ok_or("the value is not valid UTF-8")
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod real_programs;
#[cfg(test)]
mod real_shells;
#[cfg(test)]
mod tests;
