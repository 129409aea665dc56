//! A login at a terminal: a listener on this machine and a prompt for the pasted address, whichever
//! gets the answer first.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;

use super::Plan;
use crate::app::App;
use crate::lifecycle::save::Kept;
use crate::oauth::{Answer, Loopback};
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

/// How a login at a terminal goes about it.
pub(crate) struct Manner {
    /// The port to listen on; 0 for a free one.
    pub(crate) port: u16,
    /// Whether to open this machine's browser.
    pub(crate) browser: bool,
    /// How long to wait for the person.
    pub(crate) timeout: Duration,
}

/// Signs the person in.
pub(crate) fn run(app: &App, plan: &Plan, manner: &Manner) -> Result<Kept> {
    let listener = Loopback::bind(manner.port)?;
    let port = listener.port();
    let consent = plan.consent(app, port)?;
    let (sender, events) = mpsc::channel();
    let to_browser = sender.clone();
    listener.serve(consent.state.clone(), move |answer| {
        let _ = to_browser.send(Event::Browser(answer));
    });
    listen_for_signals(sender.clone())?;
    let opened = manner.browser && open_browser(&consent.url);
    invite(plan, &consent.url, port, opened);
    let terminal = Hidden::open()?;
    terminal.read_lines(sender, |line| Event::Pasted(Secret::new(line)), Event::Signal)?;
    let answer = wait(&events, manner.timeout, &consent.state, &terminal);
    drop(terminal); // what is typed shows again, before anything is told
    ui::tell("\n");
    plan.complete(app, answer?, &consent.verifier, port)
}

/// Waits for the first answer that is one. What can't be understood is told, and asked for again.
fn wait(
    events: &mpsc::Receiver<Event>,
    timeout: Duration,
    state: &Secret,
    terminal: &Hidden,
) -> Result<Answer> {
    let deadline = Instant::now() + timeout;
    loop {
        let problem = match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Event::Browser(answer)) => return Ok(answer),
            Ok(Event::Signal) => {
                return Err(Error::new(Kind::Interrupted, "stopped; nothing was changed"));
            }
            Ok(Event::Suspend) => {
                ui::tell("\n");
                terminal.stop_and_go_on();
                ui::tell(PROMPT);
                continue;
            }
            Ok(Event::Pasted(line)) if line.expose().trim().is_empty() => continue,
            Ok(Event::Pasted(line)) => match Answer::from_pasted(line.expose()) {
                Ok(answer) if answer.state.as_ref().is_none_or(|sent| sent.expose() == state.expose()) => {
                    return Ok(answer);
                }
                Ok(_) => Error::usage("that address belongs to another login"),
                Err(problem) => problem,
            },
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Err(super::nobody_came(timeout));
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
    let screen = cfg!(not(target_os = "linux"))
        || ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"].iter().any(|name| env::text(name).is_some());
    let open_folder = env::get("PATH").and_then(|path| trust::first_open_folder(&path));
    if let Some(folder) = open_folder.filter(|_| screen) {
        ui::note(&format!(
            "no browser is opened: anybody can put a program named like one into {:?}, which is on the PATH",
            folder.display().to_string()
        ));
        return false;
    }
    screen
        && webbrowser::open_browser_with_options(
            webbrowser::Browser::Default,
            url,
            webbrowser::BrowserOptions::new().with_suppress_output(true),
        )
        .is_ok()
}

fn invite(plan: &Plan, url: &str, port: u16, opened: bool) {
    let who = plan.account.as_deref().map_or(String::new(), |account| format!(" as {account}"));
    let place = plan
        .endpoints()
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
