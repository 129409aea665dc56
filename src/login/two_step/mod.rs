//! A sign-in in two steps: `--start` prints the address and ends, `--finish` takes the answer.
//!
//! For notebook cells and scripts, where the user can't be asked. Between the two steps a private file
//! holds what the answer is checked with ([`pending_login`]); it is valid for ten minutes and for one answer.

mod instructions;
mod pending_login;
mod waiting;

use std::io::Read;

use super::{LoginRequest, SignedIn, belongs_to};
use crate::app::App;
use crate::credential::client::Client;
use crate::credential::profile_name::ProfileName;
use crate::oauth::{Answer, Failure, Reason, SignInListener};
use crate::output::error::{Error, Result};
use crate::store::Store;
use pending_login::PendingLogin;

pub(crate) use instructions::{instructions, instructions_in_notebook};
pub(crate) use pending_login::{is_foreign, sweep, waiting};
pub(crate) use waiting::StartedBy;

/// More than any address that is pasted, in bytes.
const PASTE_LIMIT: u64 = 64 * 1024;

/// Starts a sign-in and gives the address to open. An earlier start for the same profile becomes invalid. `port` is
/// the one that the answer will name, where nothing listens; 0 for any.
pub(super) fn start(app: &App, request: &LoginRequest, client: &Client, port: u16) -> Result<String> {
    let port = if port == 0 { SignInListener::bind(0)?.port() } else { port };
    let consent = request.consent(app, client, port)?;
    sweep(app);
    pending_login::write(app, request, client, &consent, port)?;
    Ok(consent.url)
}

/// Makes sure that a sign-in can be started: the file that will wait for the answer can be written.
pub(crate) fn probe(app: &App, name: &ProfileName) -> Result<()> {
    pending_login::probe(app, name)
}

/// Completes a sign-in that was started by the same command. An answer that belongs to another one, or whose code the
/// server doesn't accept, leaves it waiting; any other one that the server has judged uses it up.
pub(crate) fn finish(app: &App, name: &ProfileName, pasted: &str, by: StartedBy) -> Result<SignedIn> {
    let answer = Answer::from_pasted(pasted)?;
    let start = format!("{} --start", app.command(by.command(), name));
    let (pending, file) = pending_login::take(app, name, &start, |pending| {
        let known = app.known_profile(name).ok().flatten();
        // what is known of another credential than the stored one doesn't count
        let profile = known.map(|known| {
            app.load_credential(name.clone(), known.clone()).map_or(known, |loaded| loaded.profile)
        });
        pending.waiting().check(app, name, profile.as_ref(), by)?;
        if belongs_to(&answer, &pending.state) {
            // a keyring that was locked meanwhile must not use up the answer
            return Store::of(pending.store, None, &app.paths).probe(name);
        }
        Err(Error::other(format!(
            "this answer belongs to another sign-in than the one that waits for profile {name}"
        ))
        .hint(format!("paste the address that the last `{start}` led to, or start again")))
    })?;
    let PendingLogin { verifier, port, .. } = &pending;
    let (request, client) = pending.request(name)?;
    let error = match LoginRequest::exchange(&client, answer, verifier, *port) {
        Ok(fresh) => return request.complete(app, &client, fresh),
        Err(failure @ Failure::Refused(Reason::BadCode)) => bad_code(app, name, by, failure),
        // the server has not judged it: the same answer can be given again
        Err(failure @ Failure::Unreachable(_)) => failure.into_error(&app.login_command(name)),
        Err(failure) => return Err(failure.into_error(&app.login_command(name))),
    };
    Err(match pending_login::put_back(app, name, &file) {
        Ok(()) => error,
        Err(problem) => not_put_back(&error, &problem),
    })
}

/// A code that was cut off, or is another sign-in's, doesn't use up the right one, which can still be given.
fn bad_code(app: &App, name: &ProfileName, by: StartedBy, failure: Failure) -> Error {
    let command = app.command(by.command(), name);
    failure.into_error(&command).hint(format!(
        "copy the whole address and give it again: `{command} --finish -`; or start again: `{command} --start`"
    ))
}

fn not_put_back(error: &Error, problem: &Error) -> Error {
    let what = format!("{}; the same answer can't be given again: {problem}", error.what());
    error.hint_text().into_iter().fold(Error::new(error.kind(), what), Error::hint)
}

/// What `--finish` was given: the answer itself, or `-` for stdin.
pub(crate) fn read_answer(argument: &str) -> Result<String> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    std::io::stdin()
        .take(PASTE_LIMIT)
        .read_to_string(&mut text)
        .map_err(|_| Error::usage("what came on stdin is not text"))?;
    Ok(text)
}
