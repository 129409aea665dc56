//! A sign-in at a terminal: a listener on this machine and a prompt for the pasted address, whichever gets the
//! answer first.
//!
//! This prints directly, unlike everything else below the commands: it is a dialogue. The address to open has to
//! be shown before the answer can come, and a wrong answer is followed by the next question.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::browser::{self, NoBrowser};
use super::typed::{State, Typed};
use super::{LoginOptions, LoginRequest, SignedIn, belongs_to, timed_out};
use crate::app::App;
use crate::credential::client::Client;
use crate::oauth::{Answer, Consent, Failure, Fresh, Reason, Shown, SignInListener};
use crate::output::error::{Error, Kind, Result};
use crate::output::secret::{Secret, SecretBytes};
use crate::output::ui;
use crate::system::interrupt::{self, Heeded, Request};
use crate::system::terminal::Hidden;

enum Event {
    Browser(Answer),
    Typed(SecretBytes),
    /// The terminal was closed.
    Closed,
    /// A signal asks to stop.
    Stop,
}

const PROMPT: &str = "Paste the address: ";
/// What belongs to one pasted text arrives within this time.
const PASTE_PAUSE: Duration = Duration::from_millis(200);

/// The dialogue while it waits for an answer.
struct Dialogue {
    events: mpsc::Receiver<Event>,
    deadline: Instant,
    timeout: Duration,
    state: Secret,
    typed: Typed,
    /// What was pasted before and was no answer: perhaps its first part.
    earlier: Option<Secret>,
    /// Whether a signal ends the wait: while the server is asked, nothing here can.
    is_waiting: Arc<AtomicBool>,
}

/// Signs the user in.
pub(super) fn run(
    app: &App,
    request: &LoginRequest,
    client: &Client,
    options: &LoginOptions,
) -> Result<SignedIn> {
    let listener = SignInListener::bind(options.port)?;
    let port = listener.port();
    let consent = request.consent(app, client, port)?;
    let (sender, events) = mpsc::channel();
    let to_browser = sender.clone();
    listener.serve(consent.state.clone(), move |answer| {
        let _ = to_browser.send(Event::Browser(answer));
    });
    let opens = options.browser && has_browser();
    let mut terminal = Hidden::open()?;
    let mut dialogue = Dialogue {
        events,
        deadline: Instant::now() + options.timeout,
        timeout: options.timeout,
        state: consent.state.clone(),
        typed: Typed::default(),
        earlier: None,
        is_waiting: Arc::new(AtomicBool::new(true)),
    };
    let heeded = heed_signals(&terminal, &dialogue, sender.clone());
    invite(request, client, &consent.url, port, opens); // from here on Ctrl-C may come
    terminal.read(move |piece| {
        let _ = sender.send(piece.map_or(Event::Closed, Event::Typed));
    });
    if opens {
        browser::open(&consent.url);
    }
    let fresh = dialogue.sign_in(client, &consent, port);
    drop((heeded, terminal)); // what is typed is shown again, before any message
    ui::tell("\n");
    request.complete(
        app,
        client,
        fresh?.map_err(|failure| failure.into_error(&app.login_command(&request.name)))?,
    )
}

fn heed_signals(terminal: &Hidden, dialogue: &Dialogue, sender: mpsc::Sender<Event>) -> Heeded {
    let switch = terminal.switch();
    let is_waiting = Arc::clone(&dialogue.is_waiting);
    interrupt::heed(move |request| {
        if request != Request::Continue {
            ui::tell("\n");
        }
        switch(request);
        match request {
            Request::Stop => is_waiting.load(Ordering::SeqCst) && sender.send(Event::Stop).is_ok(),
            Request::Pause => false,
            Request::Continue => {
                ui::tell(PROMPT);
                false
            }
        }
    })
}

impl Dialogue {
    /// Waits for answers until the server accepts or refuses one. A code that it doesn't accept may be cut off, and
    /// leaves the right one valid.
    fn sign_in(&mut self, client: &Client, consent: &Consent, port: u16) -> Result<Result<Fresh, Failure>> {
        loop {
            for answer in self.answers()? {
                self.is_waiting.store(false, Ordering::SeqCst);
                let result = LoginRequest::exchange(client, answer, &consent.verifier, port);
                self.is_waiting.store(true, Ordering::SeqCst);
                match result {
                    Err(Failure::Refused(Reason::BadCode)) => {}
                    result => return Ok(result),
                }
            }
            let refused = Failure::Refused(Reason::BadCode).into_error("");
            ask_again(
                &refused.hint("copy the whole address again, or sign in at the address above once more"),
            );
        }
    }

    /// Waits for the next answers: the one that was given, or, where several are possible, the likelier one first.
    /// What can't be understood is reported, and asked for again.
    fn answers(&mut self) -> Result<Vec<Answer>> {
        loop {
            let text = match self.next()? {
                Given::Answer(answer) => return Ok(vec![answer]),
                Given::Text(text) => text,
            };
            if text.expose().trim().is_empty() {
                continue;
            }
            let alone = self.read(text.expose());
            let joined =
                self.earlier.as_ref().map(|earlier| format!("{}{}", earlier.expose(), text.expose()));
            let joined = joined.map(Secret::new).and_then(|joined| self.read(joined.expose()).ok());
            self.earlier = Some(text);
            match (alone, joined) {
                (Ok(alone), joined) => return Ok(std::iter::once(alone).chain(joined).collect()),
                (Err(_), Some(joined)) => return Ok(vec![joined]),
                (Err(problem), None) => ask_again(&problem),
            }
        }
    }

    fn read(&self, text: &str) -> Result<Answer> {
        let answer = Answer::from_pasted(text, Shown::Address)?;
        match belongs_to(&answer, &self.state) {
            true => Ok(answer),
            false => Err(Error::usage(
                "that address belongs to another sign-in; sign in at the address above and copy the new one",
            )),
        }
    }

    /// Waits for the browser, or for a whole text.
    fn next(&mut self) -> Result<Given> {
        let mut is_ended = false;
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(if is_ended { PASTE_PAUSE } else { left }) {
                Ok(Event::Browser(answer)) => return Ok(Given::Answer(answer)),
                Ok(Event::Typed(piece)) => match self.typed.add(&piece) {
                    State::Stop => return Err(stopped()),
                    state => is_ended = state == State::Ended,
                },
                Err(RecvTimeoutError::Timeout) if is_ended => return Ok(Given::Text(self.typed.take())),
                Ok(Event::Closed | Event::Stop) => return Err(stopped()),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    return Err(timed_out(self.timeout));
                }
            }
        }
    }
}

enum Given {
    Answer(Answer),
    Text(Secret),
}

fn stopped() -> Error {
    Error::new(Kind::Interrupted, "stopped").unchanged()
}

fn ask_again(problem: &Error) {
    ui::tell("\n");
    ui::fail(problem);
    ui::tell(PROMPT);
}

/// Whether a browser can be started here. Says why not, unless there is no screen to show it on.
fn has_browser() -> bool {
    match browser::check() {
        Ok(()) => return true,
        Err(NoBrowser::NoScreen) => {}
        Err(NoBrowser::Text(name)) => {
            ui::note(&format!(
                "{name} is not opened: it shows text only, and Google's page needs JavaScript"
            ));
        }
        Err(NoBrowser::OpenFolder(folder)) => ui::note(&format!(
            "no browser is opened: others could put a program of that name into {folder:?}, which is on the PATH"
        )),
    }
    false
}

fn invite(request: &LoginRequest, client: &Client, url: &str, port: u16, opens: bool) {
    let who = request.account.as_deref().map_or(String::new(), |account| format!(" as {account}"));
    let place = client
        .server()
        .foreign_host()
        .map_or(String::new(), |host| format!(" at {host}, which is not Google"));
    let lead = if opens {
        format!(
            "Your browser opens for you to sign in{who}{place}. If it doesn't, open this address in any browser:"
        )
    } else {
        format!("Open this address in a browser, on any machine, and sign in{who}{place}:")
    };
    ui::tell(&format!(
        "{lead}\n\n{url}\n\n\
         On this machine, or with `ssh -L {port}:127.0.0.1:{port}` from yours, that is all.\n\
         Elsewhere the browser then says that 127.0.0.1 can't be reached, which is fine:\n\
         copy the whole address from its address bar and paste it here (it stays hidden). Ctrl-C stops.\n\
         {PROMPT}"
    ));
}
