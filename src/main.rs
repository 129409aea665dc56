//! bqcred: use your own Google account for BigQuery from shells, notebooks, Python and R.

mod app;
mod atomic_file;
mod cli;
mod client;
mod clock;
mod commands;
mod completion;
mod core_dump;
mod credential;
mod dependents;
mod doctor;
mod environment;
mod error;
mod forecast;
#[cfg(test)]
#[path = "../fuzz/properties/mod.rs"]
mod fuzz;
mod google;
mod grant;
mod handover;
mod jupyter;
mod keep;
mod kernels;
mod login;
mod masked;
mod panics;
mod parent_shell;
mod paths;
mod pins;
mod private_file;
mod process_env;
mod processes;
mod profile;
mod profile_name;
mod refresh;
mod render;
mod rotation;
mod scopes;
mod secret;
mod settings;
mod shell_word;
mod store;
mod terminal;
mod trust;
mod ui;

use std::process::ExitCode;

fn main() -> ExitCode {
    core_dump::forbid();
    panics::say_only_where();
    let words: Vec<_> = std::env::args_os().collect();
    let result = panics::caught(
        || cli::failing_statement(&words),
        || cli::parse(words.clone()).and_then(commands::run).and_then(|output| output.print()),
    );
    ExitCode::from(result.unwrap_or_else(|error| ui::fail(&error)))
}
