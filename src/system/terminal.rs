//! The terminal: whether the user can be asked there, and how.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::sync::mpsc::Sender;

use rustix::termios::{self, LocalModes, OptionalActions, Termios};

use crate::output::error::{Error, Result};
use crate::system::env;

/// Whether stdin and stderr are a terminal.
pub(crate) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Whether this runs in a notebook's kernel, where a question would wait forever: there may be a terminal, but
/// the user can't type into it. Jupyter sets the variable for every kernel.
pub(crate) fn in_notebook() -> bool {
    env::get("JPY_PARENT_PID").is_some()
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

/// A terminal that does not show what is typed, until this is dropped.
pub(crate) struct Hidden {
    terminal: File,
    before: Termios,
    hidden: Termios,
}

impl Hidden {
    /// Opens the terminal and hides what is typed. What is pasted ends with Enter.
    pub(crate) fn open() -> Result<Hidden> {
        let failed = |error: std::io::Error| Error::file("/dev/tty".as_ref(), "use", &error);
        let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(failed)?;
        let before = termios::tcgetattr(&terminal).map_err(|error| failed(error.into()))?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        termios::tcsetattr(&terminal, OptionalActions::Now, &hidden).map_err(|error| failed(error.into()))?;
        Ok(Hidden { terminal, before, hidden })
    }

    /// What Ctrl-Z has to do: the shell gets its terminal back as it was, and when the user continues here,
    /// what is typed is hidden again.
    pub(crate) fn stop_and_go_on(&self) {
        if !can_be_continued() {
            return;
        }
        let _ = termios::tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
        let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP);
        // in the background this waits for `fg`, as reading would
        let _ = termios::tcsetattr(&self.terminal, OptionalActions::Now, &self.hidden);
    }

    /// Reads lines in the background until the terminal closes, or the user ends the input by Ctrl-D, which
    /// sends `end`. The reader is left behind when the process ends: a read that waits for input can't be
    /// cancelled.
    pub(crate) fn read_lines<T: Send + 'static>(
        &self,
        to: Sender<T>,
        event: impl Fn(String) -> T + Send + 'static,
        end: T,
    ) -> Result<()> {
        let terminal =
            self.terminal.try_clone().map_err(|error| Error::file("/dev/tty".as_ref(), "use", &error))?;
        std::thread::spawn(move || {
            for line in BufReader::new(terminal).lines() {
                let Ok(line) = line else { return };
                if to.send(event(line)).is_err() {
                    return;
                }
            }
            let _ = to.send(end);
        });
        Ok(())
    }
}

/// Whether a shell controls our process group. The system does not let Ctrl-Z stop any other (POSIX, "orphaned
/// process group"): it could never be continued.
fn can_be_continued() -> bool {
    use rustix::process::{getpgid, getpgrp, getpid, getppid, getsid};
    let (Ok(session), group) = (getsid(None), getpgrp()) else { return false };
    if group == session {
        return false;
    }
    // a process that does not lead the group was put into it by one that can continue it
    group != getpid()
        || getppid().is_some_and(|parent| {
            getsid(Some(parent)) == Ok(session) && getpgid(Some(parent)).is_ok_and(|above| above != group)
        })
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = termios::tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

/// Asks a question that is answered by yes or no; Enter means no.
pub(crate) fn confirm(question: &str) -> Result<bool> {
    let failed = |error: std::io::Error| Error::file("/dev/tty".as_ref(), "use", &error);
    let mut terminal = File::options().read(true).write(true).open("/dev/tty").map_err(failed)?;
    terminal.write_all(format!("{question} [y/N] ").as_bytes()).map_err(failed)?;
    let mut line = String::new();
    BufReader::new(terminal).read_line(&mut line).map_err(failed)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes" | "Yes"))
}
