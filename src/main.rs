//! bqcred: use your own Google account for BigQuery from shells, notebooks, Python and R.

mod app;
mod cli;
mod client;
mod clock;
mod commands;
mod core_dump;
mod credential;
mod environment;
mod error;
mod google;
mod handover;
mod jupyter;
mod keep;
mod kernel_record;
mod login;
mod parent_shell;
mod paths;
mod private_file;
mod profile;
mod refresh;
mod render;
mod scopes;
mod secret;
mod settings;
mod store;
mod terminal;
mod ui;

use std::process::ExitCode;

fn main() -> ExitCode {
    core_dump::forbid();
    let result =
        cli::parse(std::env::args_os().collect()).and_then(commands::run).and_then(|output| output.print());
    ExitCode::from(result.unwrap_or_else(|error| ui::fail(&error)))
}
