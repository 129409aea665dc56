//! The terminal: whether the user can be asked there, and how.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};

use crate::output::error::{Error, Result};
use crate::output::secret::SecretBytes;
use crate::system::env;
use crate::system::interrupt::{self, Request};
use crate::system::notebook;

/// Whether stdin and stderr are a terminal.
pub(crate) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Whether this runs in a notebook's kernel, where a question would wait forever.
pub(crate) fn in_notebook() -> bool {
    notebook::is_around()
}

/// Whether the user can be asked here.
pub(crate) fn can_ask() -> bool {
    is_interactive() && !in_notebook()
}

/// Whether a program can open a window that the user sees.
pub(crate) fn has_display() -> bool {
    let set = |name| env::get(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// Whether the user may be there to answer what another program asks: at a display, or at a terminal
/// that isn't a notebook's, which can't be typed into.
pub(crate) fn is_attended() -> bool {
    has_display() || can_ask()
}

/// The terminal to read from: the controlling one, or stdin where this process has none, as under `su -c` and as the
/// first process of a container.
fn open() -> Result<File> {
    match File::options().read(true).write(true).open("/dev/tty") {
        Ok(terminal) => Ok(terminal),
        Err(error) if std::io::stdin().is_terminal() => {
            let stdin = std::io::stdin().as_fd().try_clone_to_owned();
            stdin.map(File::from).map_err(|_| unusable(&error))
        }
        Err(error) => Err(unusable(&error)),
    }
}

fn unusable(error: &std::io::Error) -> Error {
    Error::file("/dev/tty".as_ref(), "use", error)
}

/// A terminal that does not show what is typed, and gives it byte by byte, until this is dropped. What was typed or
/// pasted and not read goes nowhere then: it is part of a secret, and the shell would run it.
pub(crate) struct Hidden {
    modes: Arc<Modes>,
    reader: Option<JoinHandle<()>>,
}

struct Modes {
    terminal: File,
    before: Termios,
    hidden: Termios,
    is_over: AtomicBool,
}

/// For how long a read waits, in tenths of a second, as termios has it (VTIME).
const READ_LIMIT: u8 = 1;

impl Hidden {
    /// Opens the terminal and hides what is typed.
    pub(crate) fn open() -> Result<Hidden> {
        let terminal = open()?;
        let before = termios::tcgetattr(&terminal).map_err(|error| unusable(&error.into()))?;
        let mut hidden = before.clone();
        // not by lines: the system cuts them at 4096 bytes (1024 on macOS), and keeps back one without an end.
        // Keys that send signals go on doing so.
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::IEXTEN);
        hidden.special_codes[SpecialCodeIndex::VMIN] = 0;
        hidden.special_codes[SpecialCodeIndex::VTIME] = READ_LIMIT;
        let modes = Modes { terminal, before, hidden, is_over: AtomicBool::new(false) };
        modes.hide().map_err(|error| unusable(&error))?;
        Ok(Hidden { modes: Arc::new(modes), reader: None })
    }

    /// What gives the terminal back on a signal, and takes it again after a pause.
    pub(crate) fn switch(&self) -> impl Fn(Request) + Send + use<> {
        let modes = Arc::clone(&self.modes);
        move |request| match request {
            Request::Stop => modes.give_back(),
            Request::Pause => modes.show(),
            Request::Continue => drop(modes.hide()), // in the background this waits for `fg`, as reading would
        }
    }

    /// Reads in the background what is typed, piece by piece, until the terminal closes, which is `None`.
    pub(crate) fn read(&mut self, to: impl Fn(Option<SecretBytes>) + Send + 'static) {
        let modes = Arc::clone(&self.modes);
        self.reader = Some(std::thread::spawn(move || {
            while let Some(piece) = modes.read() {
                if !piece.is_empty() {
                    to(Some(piece));
                }
                if modes.is_over.load(Ordering::SeqCst) {
                    return;
                }
            }
            to(None);
        }));
    }
}

impl Modes {
    fn hide(&self) -> std::io::Result<()> {
        Ok(termios::tcsetattr(&self.terminal, OptionalActions::Now, &self.hidden)?)
    }

    fn show(&self) {
        let _ = termios::tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }

    /// As it was, without what was not read.
    fn give_back(&self) {
        let _ = termios::tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }

    /// What has been typed; empty after [`READ_LIMIT`], `None` if the terminal is closed.
    fn read(&self) -> Option<SecretBytes> {
        let mut piece = SecretBytes::new(vec![0; 4096]);
        let began = Instant::now();
        loop {
            match (&self.terminal).read(&mut piece) {
                // a closed terminal doesn't make a read wait
                Ok(0) if began.elapsed() < Duration::from_millis(u64::from(READ_LIMIT) * 100 / 4) => {
                    return None;
                }
                Ok(count) => {
                    piece.truncate(count);
                    return Some(piece);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        self.modes.is_over.store(true, Ordering::SeqCst);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join(); // else it would take what is typed to the next question
        }
        self.modes.give_back();
    }
}

/// Asks a question that is answered by yes or no; Enter means no.
pub(crate) fn confirm(question: &str) -> Result<bool> {
    let terminal = open()?;
    // stdin may be open for reading only
    let mut stderr = std::io::stderr();
    let _end_line = interrupt::heed(|request| {
        if request == Request::Stop {
            let _ = std::io::stderr().write_all(b"\n");
        }
        false
    });
    stderr.write_all(format!("{question} [y/N] ").as_bytes()).map_err(|error| unusable(&error))?;
    let mut line = String::new();
    BufReader::new(terminal).read_line(&mut line).map_err(|error| unusable(&error))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes" | "Yes"))
}
