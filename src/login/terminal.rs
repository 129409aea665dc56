//! A sign-in at a terminal: a listener on this machine and a prompt for the pasted address, whichever gets the
//! answer first.
//!
//! This prints directly, unlike everything else below the commands: it is a dialogue. The address to open has to
//! be shown before the answer can come, and a wrong answer is followed by the next question.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Instant;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;

use super::{LoginOptions, LoginRequest, SignedIn, belongs_to, timed_out};
use crate::app::App;
use crate::credential::client::Client;
use crate::oauth::{Answer, SignInListener};
use crate::output::error::{Error, Kind, Result};
use crate::output::secret::Secret;
use crate::output::ui;
use crate::system::env;
use crate::system::terminal::Hidden;
use crate::system::trust;

enum Event {
    Browser(Answer),
    Pasted(Secret),
    Signal,
    Suspend,
}

const PROMPT: &str = "Paste the address: ";

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
    listen_for_signals(sender.clone())?;
    let opened = options.browser && open_browser(&consent.url);
    invite(request, client, &consent.url, port, opened);
    let terminal = Hidden::open()?;
    terminal.read_lines(sender, |line| Event::Pasted(Secret::new(line)), Event::Signal)?;
    let answer = wait(&events, options, &consent.state, &terminal);
    drop(terminal); // what is typed is shown again, before any message
    ui::tell("\n");
    request.complete(app, client, answer?, &consent.verifier, port)
}

/// Waits for the first valid answer. What can't be understood is reported, and asked for again.
fn wait(
    events: &mpsc::Receiver<Event>,
    options: &LoginOptions,
    state: &Secret,
    terminal: &Hidden,
) -> Result<Answer> {
    let deadline = Instant::now() + options.timeout;
    loop {
        let problem = match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Event::Browser(answer)) => return Ok(answer),
            Ok(Event::Signal) => {
                return Err(Error::new(Kind::Interrupted, "stopped").unchanged());
            }
            Ok(Event::Suspend) => {
                ui::tell("\n");
                terminal.stop_and_go_on();
                ui::tell(PROMPT);
                continue;
            }
            Ok(Event::Pasted(line)) if line.expose().trim().is_empty() => continue,
            Ok(Event::Pasted(line)) => match Answer::from_pasted(line.expose()) {
                Ok(answer) if belongs_to(&answer, state) => return Ok(answer),
                Ok(_) => Error::usage(
                    "that address belongs to another sign-in; sign in at the address above and copy the new one",
                ),
                Err(problem) => problem,
            },
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Err(timed_out(options.timeout));
            }
        };
        ui::tell("\n");
        ui::fail(&problem);
        ui::tell(PROMPT);
    }
}

fn listen_for_signals(sender: Sender<Event>) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP])
        .map_err(|error| Error::other(format!("can't listen for signals: {error}")))?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let _ = sender.send(if signal == SIGTSTP { Event::Suspend } else { Event::Signal });
        }
    });
    Ok(())
}

/// Opens this machine's browser, if it has a screen to show it on. Says whether it was started.
fn open_browser(url: &str) -> bool {
    let has_screen = cfg!(not(target_os = "linux"))
        || ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"].iter().any(|name| env::text(name).is_some());
    let open_folder = env::get("PATH").and_then(|path| trust::first_open_folder(&path));
    if let Some(folder) = open_folder.filter(|_| has_screen) {
        ui::note(&format!(
            "no browser is opened: others could put a program of that name into {:?}, which is on the PATH",
            folder.display().to_string()
        ));
        return false;
    }
    has_screen
        && webbrowser::open_browser_with_options(
            webbrowser::Browser::Default,
            url,
            webbrowser::BrowserOptions::new().with_suppress_output(true),
        )
        .is_ok()
}

fn invite(request: &LoginRequest, client: &Client, url: &str, port: u16, opened: bool) {
    let who = request.account.as_deref().map_or(String::new(), |account| format!(" as {account}"));
    let place = client
        .server()
        .foreign_host()
        .map_or(String::new(), |host| format!(" at {host}, which is not Google"));
    let lead = if opened {
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
