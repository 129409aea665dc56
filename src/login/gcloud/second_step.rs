//! The second step of gcloud's sign-in: the code goes to gcloud, and what it wrote comes back.

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use super::messages::{Outcome, Request};
use super::{pipes, process, said, temp_config};
use crate::app::App;
use crate::credential::adc::AuthorizedUser;
use crate::credential::waiting::{self, Kept};
use crate::oauth::{Answer, Endpoints, Failure, Google};
use crate::output::error::{Error, Result};
use crate::output::secret::{Secret, SecretBytes};
use crate::system::effects::{self, Progress};
use crate::system::{fifo, hash};

/// How often to look whether there is an outcome.
const POLL: Duration = Duration::from_millis(50);
/// More than any outcome, in bytes.
const OUTCOME_LIMIT: usize = 1024 * 1024;

/// gcloud had the code, and did not say what became of it.
const PERHAPS_ISSUED: &str = "if Google has issued a credential, it was not saved";

/// A gcloud that was given the code.
pub(crate) struct Asked {
    folder: PathBuf,
    outcome: File,
}

/// Why no code can be given.
pub(crate) enum NotAsked {
    /// It waits on another machine, of this name.
    OtherMachine(String),
    /// Its supervisor is gone, and what was left of it is removed.
    Gone,
    /// The answer is none; gcloud is ended.
    NoCode(Failure),
    /// The code can't be one, or the pipe can't be used. gcloud still waits.
    Unusable(Error),
}

impl Kept {
    /// Whether this answer belongs to the address that was printed; a bare code names none.
    pub(crate) fn is_answered_by(&self, answer: &Answer) -> bool {
        let Some((sent, printed)) = answer.state.as_ref().zip(self.state.as_ref()) else { return true };
        hash::sha256(sent.expose().as_bytes()) == *printed
    }

    /// Gives gcloud the code. The first one counts.
    pub(crate) fn ask(&self, app: &App, answer: &Answer) -> Result<Asked, NotAsked> {
        let folder = self.folder(&app.paths);
        let unusable = |error: std::io::Error| NotAsked::Unusable(Error::file(&folder, "use", &error));
        let Some(mut pipe) = fifo::send(&waiting::code_pipe(&folder)).map_err(unusable)? else {
            return Err(self.gone(app));
        };
        let code = match &answer.result {
            Ok(code) if code.expose().bytes().all(|byte| byte.is_ascii_graphic()) => code.clone(),
            Ok(_) => {
                return Err(NotAsked::Unusable(Error::usage(
                    "this is not a code: it holds other characters",
                )));
            }
            Err(refused) => {
                self.stop(app);
                return Err(NotAsked::NoCode(Failure::Refused(refused.clone())));
            }
        };
        let outcome = fifo::receive(&pipes::outcome(&folder), false).map_err(unusable)?;
        effects::sign_in(Progress::Sent);
        send(&mut pipe, &Request::Code(code)).map_err(unusable)?;
        Ok(Asked { folder, outcome })
    }

    /// Ends gcloud, if it waits on this machine, and removes what it has.
    pub(crate) fn stop(&self, app: &App) {
        let folder = self.folder(&app.paths);
        match fifo::send(&waiting::code_pipe(&folder)) {
            Ok(Some(mut pipe)) => drop(send(&mut pipe, &Request::Stop)), // it removes its folder
            _ => drop(self.gone(app)),
        }
    }

    fn gone(&self, app: &App) -> NotAsked {
        let folder = self.folder(&app.paths);
        if self.host != waiting::host() && folder.exists() {
            return NotAsked::OtherMachine(self.host.clone());
        }
        temp_config::remove(&folder);
        NotAsked::Gone
    }
}

fn send(pipe: &mut File, request: &Request) -> std::io::Result<()> {
    let line = Secret::new(format!("{}\n", request.line().expose()));
    pipe.write_all(line.expose().as_bytes()) // shorter than what a pipe takes at once
}

impl Asked {
    /// Waits for what gcloud makes of the code. `start` is the command that starts a sign-in.
    pub(crate) fn credential(mut self, start: &str) -> Result<AuthorizedUser> {
        let outcome = self.outcome();
        effects::sign_in(match &outcome {
            Some(Outcome::Credential(_)) => Progress::Done,
            Some(_) => Progress::None,
            None => Progress::Sent,
        });
        let again = format!("start again: `{start}`");
        let failed = |what: String| Err(Error::other(format!("{what}; {PERHAPS_ISSUED}")).hint(&again));
        match outcome {
            Some(Outcome::Credential(file)) => {
                AuthorizedUser::parse(file.expose().as_bytes()).map_err(|problem| {
                    Error::other(format!("gcloud's credential {}", problem.problem())).hint(again)
                })
            }
            Some(Outcome::NoCredential) => failed("gcloud ended without a credential".to_owned()),
            Some(Outcome::Ended(words)) => Err(refused(&words, &again)),
            Some(Outcome::Silent(words)) => {
                failed(format!("gcloud did not answer, and was ended{}", quoted(&words)))
            }
            None => {
                temp_config::remove(&self.folder);
                failed("the process that kept gcloud waiting was killed while gcloud had the code".to_owned())
            }
        }
    }

    /// `None` if the supervisor ended without a word.
    fn outcome(&mut self) -> Option<Outcome> {
        let mut text = SecretBytes::new(Vec::new());
        loop {
            let is_kept = waiting::is_read(&self.folder); // before reading: what it wrote last is still there
            let is_whole = read_line(&mut self.outcome, &mut text);
            if is_whole {
                return serde_json::from_slice(&text).ok();
            }
            if !is_kept || text.len() > OUTCOME_LIMIT {
                return None;
            }
            std::thread::sleep(POLL);
        }
    }
}

/// Reads what has come; whether that is a whole line.
fn read_line(pipe: &mut File, text: &mut SecretBytes) -> bool {
    let mut piece = SecretBytes::new(vec![0; 4096]);
    while let Ok(count @ 1..) = pipe.read(&mut piece) {
        text.extend_from_slice(piece.get(..count).unwrap_or_default());
    }
    text.last() == Some(&b'\n')
}

fn quoted(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(". It says: {words}") }
}

/// gcloud has ended: whatever is given to it now comes too late.
fn refused(words: &str, again: &str) -> Error {
    match said::refusal(words) {
        Some(reason) => {
            let error = Failure::Refused(reason).into_error("");
            Error::new(error.kind(), error.what()).unchanged().hint(again)
        }
        None => {
            let what = format!("gcloud did not complete the sign-in{}; {PERHAPS_ISSUED}", quoted(words));
            match Google::at(&Endpoints::google()).reach() {
                Err(failure @ Failure::Unreachable(_)) => unreachable(&what, failure, again),
                Ok(()) | Err(Failure::Refused(_)) => {
                    Error::other(what).hint(format!("{again}\n{}", process::OWN_CLIENT))
                }
            }
        }
    }
}

/// What kept gcloud from Google keeps bqcred from it as well, which knows more of it.
fn unreachable(what: &str, failure: Failure, again: &str) -> Error {
    let error = failure.into_error("");
    let explained = Error::new(error.kind(), format!("{}; {what}", error.what())).then(again);
    error.hint_text().into_iter().fold(explained, Error::hint)
}
