//! The verbs: one file each, with one `run`, read from top to bottom. They don't know each other.

mod allow;
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
mod token;
mod use_profile;

use crate::app::App;
use crate::cli::{Asked, Verb};
use crate::output::error::Result;
use crate::output::ui::Output;

/// Does what was asked for.
pub(crate) fn run(asked: Asked) -> Result<Output> {
    let cli = match asked {
        Asked::Verb(cli) => cli,
        Asked::Text(text) => return Ok(text),
    };
    let app = match (App::new(cli.profile), &cli.verb) {
        (Ok(app), _) => app,
        // these look at nothing of the person's
        (Err(_), Some(Verb::Init(args))) => return Ok(init::run(args)),
        (Err(_), Some(Verb::Completions(args))) => return Ok(completions::run(args)),
        (Err(_), Some(Verb::Man(args))) => return man::run(args),
        (Err(_), Some(Verb::Help(args))) => return help::run(args),
        (Err(error), Some(Verb::Env(args))) => return Err(env::fail(args, error)),
        (Err(error), _) => return Err(error),
    };
    if cli.verb.as_ref().is_none_or(Verb::is_unhurried) {
        app.sweep();
    }
    let Some(verb) = &cli.verb else { return next::run(&app) };
    match verb {
        Verb::Login(args) => login::run(args, &app),
        Verb::Env(args) => env::run(args, &app),
        Verb::Exec(args) => exec::run(args, &app),
        Verb::Token(args) => token::run(args, &app),
        Verb::Status(args) => status::run(args, &app),
        Verb::List(args) => list::run(args, &app),
        Verb::Use(args) => use_profile::run(args, &app),
        Verb::Import(args) => import::run(args, &app),
        Verb::Export(args) => export::run(args, &app),
        Verb::Rotate(args) => rotate::run(args, &app),
        Verb::Revoke(args) => revoke::run(args, &app),
        Verb::Forget(args) => forget::run(args, &app),
        Verb::Doctor(args) => doctor::run(args, &app),
        Verb::Move(args) => move_profile::run(args, &app),
        Verb::Lock(args) => lock::run(args, &app),
        Verb::Client(args) => client::run(args, &app),
        Verb::Kernel(args) => kernel::run(args, &app),
        Verb::Snippet(args) => snippet::run(args, &app),
        Verb::Init(args) => Ok(init::run(args)),
        Verb::Allow(args) => allow::run(args, &app),
        Verb::Deny(args) => allow::deny(args, &app),
        Verb::Completions(args) => Ok(completions::run(args)),
        Verb::Man(args) => man::run(args),
        Verb::Help(args) => help::run(args),
        Verb::Complete(args) => Ok(complete::run(args, &app)),
    }
}
