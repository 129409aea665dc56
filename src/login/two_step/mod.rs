//! A sign-in in two steps: `--start` prints the address and ends, `--finish` takes the answer.
//!
//! For notebook cells and scripts, where the user can't be asked. Between the two steps a private file
//! holds what the answer is checked with ([`pending_file`]); it is valid for ten minutes and for one answer. Where gcloud
//! runs the sign-in, it also says where gcloud waits.

mod instructions;
mod pending_file;
mod pending_login;

use std::io::Read;

use super::gcloud::{self, Asked, NotAsked};
use super::{LoginRequest, Progress, SignedIn};
use crate::app::App;
use crate::credential::client::Client;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::credential::waiting::{Kept, StartedBy, Waiting};
use crate::oauth::{Answer, Failure, Reason, Shown, SignInListener};
use crate::output::error::{Error, Result};
use crate::store::Store;
use pending_login::Runner;

pub(crate) use instructions::{instructions, instructions_in_notebook};
pub(crate) use pending_file::{discard, is_foreign, sweep};

/// More than any address that is pasted, in bytes.
const PASTE_LIMIT: u64 = 64 * 1024;

/// Starts a sign-in under the user's own client. An earlier start for the same profile becomes invalid. `port` is the
/// one that the answer will name, where nothing listens; 0 for any.
pub(super) fn start(app: &App, request: &LoginRequest, client: &Client, port: u16) -> Result<Progress> {
    let port = if port == 0 { SignInListener::bind(0)?.port() } else { port };
    let consent = request.consent(app, client, port)?;
    sweep(app);
    let notes = pending_file::write(app, request, client, &consent, port)?;
    Ok(Progress::Started { url: consent.url, notes })
}

/// Starts a sign-in that gcloud runs. The same holds for an earlier one.
pub(super) fn start_with_gcloud(
    app: &App,
    request: &LoginRequest,
    started: gcloud::Started,
) -> Result<Progress> {
    sweep(app);
    let notes = pending_file::write_gclouds(app, request, started.since, started.kept())?;
    let url = started.url.clone();
    started.leave()?;
    Ok(Progress::Started { url, notes })
}

/// Makes sure that a sign-in can be started: the file that will wait for the answer can be written.
pub(crate) fn probe(app: &App, name: &ProfileName) -> Result<()> {
    pending_file::probe(app, name)
}

/// Completes a sign-in that was started by the same command. An answer that belongs to another one, or whose code the
/// server doesn't accept, leaves it waiting; any other one that the server has judged uses it up.
pub(crate) fn finish(app: &App, name: &ProfileName, pasted: &str, by: StartedBy) -> Result<SignedIn> {
    let shown = pending_file::shown(app, name);
    let answer = Answer::from_pasted(pasted, shown)?;
    let start = format!("{} --start", app.command(by.command(), name));
    let (pending, file, asked) = pending_file::take(app, name, &start, |pending| {
        let known = app.known_profile(name).ok().flatten();
        // what is known of another credential than the stored one doesn't count
        let profile = known.map(|known| {
            app.load_credential(name.clone(), known.clone()).map_or(known, |loaded| loaded.profile)
        });
        check(app, name, &pending.waiting, profile.as_ref(), by)?;
        if !pending.is_answered_by(&answer) {
            return Err(other_sign_in(name, &start, shown));
        }
        // a keyring that was locked meanwhile must not use up the answer
        Store::of(pending.store, None, &app.paths).probe(name)?;
        match &pending.runner {
            Runner::Gcloud { gcloud } => ask_gcloud(app, gcloud, &answer, &start),
            Runner::OwnClient(_) => Ok(None),
        }
    })?;
    let request = pending.request(name);
    let own = match (&pending.runner, asked) {
        (Runner::OwnClient(own), _) => own,
        (Runner::Gcloud { .. }, Some(asked)) => {
            return gcloud::adopt(app, &request, asked?.credential(&start)?);
        }
        (Runner::Gcloud { .. }, None) => return Err(gone(&start)),
    };
    let client = own.client()?;
    let error = match LoginRequest::exchange(&client, answer, &own.verifier, own.port) {
        Ok(fresh) => return request.complete(app, &client, fresh),
        Err(failure @ Failure::Refused(Reason::BadCode)) => bad_code(app, name, by, failure),
        // the server has not judged it: the same answer can be given again
        Err(failure @ Failure::Unreachable(_)) => failure.into_error(&app.login_command(name)),
        Err(failure) => return Err(failure.into_error(&app.login_command(name))),
    };
    Err(match pending_file::put_back(app, name, &file) {
        Ok(()) => error,
        Err(problem) => not_put_back(&error, &problem),
    })
}

/// Refuses to complete a sign-in by another command than started it, or, if it is a rotation, for a profile that is
/// somebody else's by now.
fn check(
    app: &App,
    name: &ProfileName,
    waiting: &Waiting,
    profile: Option<&Profile>,
    by: StartedBy,
) -> Result<()> {
    let started_by = waiting.started_by();
    if started_by != by {
        let what = format!(
            "`bqcred {}` started the sign-in that waits for profile {name}, not `bqcred {}`",
            started_by.command(),
            by.command()
        );
        let finish = app.finish_command(name, started_by);
        return Err(Error::other(what).unchanged().hint(format!("`{finish}` completes it")));
    }
    match profile.filter(|profile| by == StartedBy::Rotate && !waiting.is_for(profile)) {
        Some(profile) => Err(Error::other(format!(
            "the rotation was started for {}, and profile {name} is {} by now",
            waiting.account.as_deref().unwrap_or("an unknown account"),
            profile.account_or_unknown()
        ))
        .unchanged()
        .hint(format!("`{}` rotates what it is now", app.command("rotate", name)))),
        None => Ok(()),
    }
}

fn other_sign_in(name: &ProfileName, start: &str, shown: Shown) -> Error {
    let word = if shown == Shown::Code { "code" } else { "address" };
    Error::other(format!("this answer belongs to another sign-in than the one that waits for profile {name}"))
        .hint(format!("paste the {word} that the last `{start}` led to, or start again"))
}

/// Gives gcloud the code. An error leaves the sign-in waiting; an inner one says why it is over.
fn ask_gcloud(app: &App, gcloud: &Kept, answer: &Answer, start: &str) -> Result<Option<Result<Asked>>> {
    match gcloud.ask(app, answer) {
        Ok(asked) => Ok(Some(Ok(asked))),
        Err(NotAsked::Gone) => Ok(Some(Err(gone(start)))),
        Err(NotAsked::NoCode(failure)) => Ok(Some(Err(failure.into_error(start)))),
        Err(NotAsked::Unusable(error)) => Err(error),
        Err(NotAsked::OtherMachine(host)) => {
            Err(Error::other(format!("gcloud waits for the code on another machine, {host}"))
                .unchanged()
                .hint(format!("give the code there; or start again here: `{start}`")))
        }
    }
}

/// The supervisor was killed, or the machine was started anew.
fn gone(start: &str) -> Error {
    Error::other("the process that kept gcloud waiting for the code has ended, so this code can't be used")
        .unchanged()
        .hint(format!("start again, and use the new address: `{start}`"))
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
