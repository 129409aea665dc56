//! The process that keeps gcloud waiting for the code between the two steps of a sign-in.
//!
//! It is bqcred, started once more by the first step, in a session of its own and with nothing of its caller
//! ([`detach`]), so that the first step returns at once and a kernel that is restarted meanwhile ends nothing. gcloud
//! gets the code from it, through a pipe that only it holds: when it is killed, gcloud's input ends, and so does gcloud.
//! Whatever happens, it ends gcloud and removes gcloud's configuration.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ChildStdin;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::events::{self, Event};
use super::messages::{Outcome, Report, Request};
use super::pipes;
use super::process::{self, Running};
use super::said::Said;
use super::{ADDRESS_LIMIT, credential_file};
use crate::credential::waiting::code_pipe;
use crate::output::error::{Error, Result, reason};
use crate::output::secret::Secret;
use crate::system::private_file::{self, Content};
use crate::system::{detach, fifo, interrupt};

/// How long gcloud may take to exchange the code.
const EXCHANGE_LIMIT: Duration = Duration::from_secs(90);
/// How often to look whether gcloud has ended.
const POLL: Duration = Duration::from_millis(100);
/// How long to wait for the last of what gcloud said.
const DRAIN_LIMIT: Duration = Duration::from_millis(500);

/// Why a wait for gcloud ended.
enum Over {
    Ended { success: bool },
    TimeUp,
    Stop,
}

/// gcloud's configuration, which is removed when this is dropped.
struct Wiped(PathBuf);

impl Drop for Wiped {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// gcloud, and all that can happen while it runs.
struct Supervisor {
    gcloud: Running,
    input: Option<ChildStdin>,
    events: Receiver<Event>,
    said: Said,
    /// Declared last: it is removed when gcloud has ended.
    folder: Wiped,
}

/// Starts gcloud with its configuration in `folder`, reports the address, and keeps gcloud until the code was given,
/// `patience` is over, or somebody asks to stop.
pub(crate) fn run(folder: &Path, patience: Duration, program: &[OsString]) -> Result<()> {
    let folder = Wiped(folder.to_owned());
    let (sender, events) = mpsc::channel();
    let stopped = sender.clone();
    let _heeded = interrupt::heed(move |request| {
        request == interrupt::Request::Stop && stopped.send(Event::Stop).is_ok()
    });
    let failed = |error: std::io::Error| Error::file(&folder.0, "use", &error);
    let requests = fifo::receive(&code_pipe(&folder.0), true).map_err(failed)?;
    let started = process::supervised(program).map(|(gcloud, input, output)| {
        events::listen(requests, output, &sender);
        (gcloud, input)
    });
    let (gcloud, input) = match started {
        Ok(started) => started,
        Err(error) => return report(&Report::NotStarted(reason(&error))),
    };
    let mut supervisor = Supervisor { gcloud, input: Some(input), events, said: Said::default(), folder };
    supervisor.keep(Instant::now() + patience, sender)
}

fn report(report: &Report) -> Result<()> {
    let line = serde_json::to_string(report).unwrap_or_default();
    let mut stdout = std::io::stdout();
    stdout
        .write_all(format!("{line}\n").as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|_| Error::other("the first step of the sign-in has ended"))
}

impl Supervisor {
    fn keep(&mut self, deadline: Instant, sender: Sender<Event>) -> Result<()> {
        let Some(address) = self.address(deadline.min(Instant::now() + ADDRESS_LIMIT))? else {
            return Ok(());
        };
        report(&Report::Address(address))?;
        events::listen_to_first_step(sender);
        let Some(code) = self.code(deadline) else { return Ok(()) };
        let outcome = self.exchange(&code);
        self.gcloud.end_and_wait();
        // stopped, or the second step was killed: what gcloud wrote is removed
        if let (Some(outcome), Ok(Some(mut pipe))) = (outcome, fifo::send(&pipes::outcome(&self.folder.0))) {
            let line = Secret::new(format!("{}\n", outcome.line().expose()));
            let _ = pipe.write_all(line.expose().as_bytes());
        }
        Ok(())
    }

    /// Waits for the address; `None` if there is none, which the first step is told.
    fn address(&mut self, deadline: Instant) -> Result<Option<String>> {
        let over = loop {
            if let Some(address) = self.said.address() {
                return Ok(Some(address));
            }
            match self.next(deadline) {
                Ok(Event::Stop) => break Over::Stop,
                Ok(_) => {}
                Err(over) => break over,
            }
        };
        match over {
            Over::Stop => {}
            Over::TimeUp => report(&Report::Silent(self.said.words(None)))?,
            Over::Ended { .. } => {
                self.drain();
                report(&Report::Ended(self.said.words(None)))?;
            }
        }
        Ok(None)
    }

    /// Waits for the code; `None` if none came.
    fn code(&mut self, deadline: Instant) -> Option<Secret> {
        loop {
            match self.next(deadline) {
                Ok(Event::Asked(Request::Code(code))) => return Some(code),
                Ok(Event::Recorded) => detach::from_standard_streams().ok()?,
                Ok(Event::Asked(Request::Stop) | Event::Stop) | Err(_) => return None,
                Ok(Event::Said(_)) => {}
            }
        }
    }

    /// Gives gcloud the code, and waits for what it makes of it; `None` if somebody asks to stop.
    fn exchange(&mut self, code: &Secret) -> Option<Outcome> {
        self.said.clear();
        if let Some(mut input) = self.input.take() {
            let line = Secret::new(format!("{}\n", code.expose()));
            let _ = input.write_all(line.expose().as_bytes()); // a gcloud that has ended says why below
        }
        let deadline = Instant::now() + EXCHANGE_LIMIT;
        let over = loop {
            match self.next(deadline) {
                Ok(Event::Asked(Request::Stop) | Event::Stop) => break Over::Stop,
                Ok(_) => {}
                Err(over) => break over,
            }
        };
        self.drain();
        Some(match over {
            Over::Stop => return None,
            Over::TimeUp => Outcome::Silent(self.said.words(Some(code.expose()))),
            Over::Ended { success: false } => Outcome::Ended(self.said.words(Some(code.expose()))),
            Over::Ended { success: true } => {
                self.credential().map_or(Outcome::NoCredential, Outcome::Credential)
            }
        })
    }

    fn credential(&self) -> Option<Secret> {
        let bytes = private_file::read(&credential_file(&self.folder.0), Content::Secret).ok()??;
        Some(Secret::new(String::from_utf8_lossy(&bytes)))
    }

    /// The next event. What gcloud says is kept.
    fn next(&mut self, deadline: Instant) -> Result<Event, Over> {
        loop {
            if let Some(success) = self.gcloud.has_ended() {
                return Err(Over::Ended { success });
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Over::TimeUp);
            }
            match self.events.recv_timeout(left.min(POLL)) {
                Ok(event) => {
                    if let Event::Said(piece) = &event {
                        self.said.add(piece);
                    }
                    return Ok(event);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Over::Stop),
            }
        }
    }

    /// Takes what gcloud said before it ended.
    fn drain(&mut self) {
        while let Ok(event) = self.events.recv_timeout(DRAIN_LIMIT) {
            match event {
                Event::Said(piece) if piece.is_empty() => return,
                Event::Said(piece) => self.said.add(&piece),
                _ => {}
            }
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.gcloud.end_and_wait();
    }
}
