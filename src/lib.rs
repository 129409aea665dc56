//! bqcred: use your own Google account for BigQuery from shells, notebooks, Python and R.
//!
//! The program is [`run`]; ARCHITECTURE.md is the map of what is below it.

mod app;
mod cli;
mod commands;
mod credential;
mod doctor;
mod handover;
#[cfg(any(test, feature = "internals"))]
pub mod internals;
mod jupyter;
mod lifecycle;
mod login;
mod oauth;
mod output;
mod store;
mod system;

use std::process::ExitCode;

use output::ui::Output;
use output::{panics, ui};
use system::{core_dump, own_program, stdout};

/// Runs the command that this process was started with, prints what it made, and gives the exit code
/// (the README lists them).
#[must_use]
pub fn run() -> ExitCode {
    core_dump::forbid();
    panics::hide_values();
    ui::call_program_by(own_program::path);
    let words: Vec<_> = std::env::args_os().collect();
    let result = panics::caught(
        || cli::failing_statement(&words),
        || cli::parse(words.clone()).and_then(commands::run).and_then(print),
    );
    ExitCode::from(result.unwrap_or_else(|error| ui::fail(&error)))
}

fn print(output: Output) -> output::error::Result<u8> {
    if !output.is_empty() {
        stdout::refuse_closed()?;
    }
    output.print()
}
