//! The commands: one file each, with one `run`, read from top to bottom. They don't import each other, except for what
//! several of them ask or print in the same words (`kernel::offer_undo`, `leftovers::offer`, `cell`).

mod allow;
mod cell;
mod client;
mod complete;
mod completions;
mod doctor;
mod env;
mod exec;
mod export;
mod forget;
mod help;
mod import;
mod init;
mod kernel;
mod leftovers;
mod list;
mod lock;
mod login;
mod man;
mod move_profile;
mod next;
mod revoke;
mod rotate;
mod snippet;
mod status;
mod stopped;
mod token;
mod use_profile;

use crate::app::App;
use crate::cli::{Cli, Command, Parsed};
use crate::lifecycle::group_access::{self, Outcome};
use crate::login::gcloud;
use crate::output::error::Result;
use crate::output::ui::{self, Output};
use crate::system::interrupt;

/// Runs the command that was parsed, and stops it when a signal asks for that.
pub(crate) fn run(parsed: Parsed) -> Result<Output> {
    if let Parsed::Command(Cli { command: Some(Command::KeepGcloud(_)), .. }) = &parsed {
        login::leave_caller()?; // before anything opens a file
    }
    match stopped::Watch::of(&parsed) {
        Some(watch) => {
            interrupt::watched(move || run_to_its_end(parsed)).unwrap_or_else(|_| Err(stopped::error(watch)))
        }
        None => run_to_its_end(parsed),
    }
}

fn run_to_its_end(parsed: Parsed) -> Result<Output> {
    let cli = match parsed {
        Parsed::Command(cli) => cli,
        Parsed::Text(text) => return Ok(text),
    };
    let app = match (App::new(cli.profile), &cli.command) {
        (Ok(app), _) => app,
        // these read nothing of the user's
        (Err(_), Some(Command::Init(args))) => return Ok(init::run(args)),
        (Err(_), Some(Command::Completions(args))) => return Ok(completions::run(args)),
        (Err(_), Some(Command::Man(args))) => return man::run(args),
        (Err(_), Some(Command::Help(args))) => return help::run(args),
        (Err(error), Some(Command::Env(args))) => return Err(env::fail(args, error)),
        (Err(_), Some(Command::StartUnder(args))) => return exec::start_under(args),
        (Err(error), _) => return Err(error),
    };
    if cli.command.as_ref().is_none_or(Command::checks_rights)
        && let Outcome::Closed(notes) = group_access::close(&app, None)
    {
        ui::show(notes);
    }
    if cli.command.as_ref().is_none_or(Command::cleans_up) {
        app.sweep();
        gcloud::sweep(&app);
    }
    let result = dispatch(cli.command.as_ref(), &app);
    let Err(error) = result.as_ref().map_err(Clone::clone).map(drop) else { return result };
    if !error.is_open_to_others() {
        return result;
    }
    match group_access::close(&app, Some(error)) {
        Outcome::Closed(notes) => {
            ui::show(notes);
            dispatch(cli.command.as_ref(), &app)
        }
        Outcome::Refused(error) => Err(error),
        Outcome::None => result,
    }
}

fn dispatch(command: Option<&Command>, app: &App) -> Result<Output> {
    let Some(command) = command else { return next::run(app) };
    match command {
        Command::Login(args) => login::run(args, app),
        Command::Env(args) => env::run(args, app),
        Command::Exec(args) => exec::run(args, app),
        Command::Token(args) => token::run(args, app),
        Command::Status(args) => status::run(args, app),
        Command::List(args) => list::run(args, app),
        Command::Use(args) => use_profile::run(args, app),
        Command::Import(args) => import::run(args, app),
        Command::Export(args) => export::run(args, app),
        Command::Rotate(args) => rotate::run(args, app),
        Command::Revoke(args) => revoke::run(args, app),
        Command::Forget(args) => forget::run(args, app),
        Command::Doctor(args) => doctor::run(args, app),
        Command::Move(args) => move_profile::run(args, app),
        Command::Lock(args) => lock::run(args, app),
        Command::Client(args) => client::run(args, app),
        Command::Kernel(args) => kernel::run(args, app),
        Command::Snippet(args) => snippet::run(args, app),
        Command::Init(args) => Ok(init::run(args)),
        Command::Allow(args) => allow::run(args, app),
        Command::Deny(args) => allow::deny(args, app),
        Command::Completions(args) => Ok(completions::run(args)),
        Command::Man(args) => man::run(args),
        Command::Help(args) => help::run(args),
        Command::Complete(args) => Ok(complete::run(args, app)),
        Command::StartUnder(args) => exec::start_under(args),
        Command::KeepGcloud(args) => login::keep_gcloud(args),
    }
}
