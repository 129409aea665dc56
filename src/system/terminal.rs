//! The terminal: whether the user can be asked there, and how.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::sync::mpsc::Sender;

use rustix::termios::{self, LocalModes, OptionalActions, Termios};

use crate::output::error::{Error, Result};
use crate::system::env;

/// Whether stdin and stderr are a terminal, so that the user sees questions and can answer.
pub(crate) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Whether a program can open a window on the user's desktop.
pub(crate) fn has_display() -> bool {
    let set = |name| env::get(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// Whether the user may be able to answer another program's question: on a desktop, or at a terminal other than a
/// notebook's, which takes no input.
pub(crate) fn is_attended() -> bool {
    has_display() || (is_interactive() && env::get("JPY_PARENT_PID").is_none())
}

/// A terminal that does not show what is typed, until this is dropped.
pub(crate) struct Hidden {
    terminal: File,
    before: Termios,
    hidden: Termios,
}

impl Hidden {
    /// Opens the terminal and hides what is typed.
    pub(crate) fn open() -> Result<Hidden> {
        let failed = |error: std::io::Error| Error::file("/dev/tty".as_ref(), "use", &error);
        let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(failed)?;
        let before = termios::tcgetattr(&terminal).map_err(|error| failed(error.into()))?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        termios::tcsetattr(&terminal, OptionalActions::Now, &hidden).map_err(|error| failed(error.into()))?;
        Ok(Hidden { terminal, before, hidden })
    }

    /// Handles Ctrl-Z: restores the terminal, stops the process, and hides what is typed again when it continues.
    pub(crate) fn stop_and_go_on(&self) {
        if !can_be_continued() {
            return;
        }
        let _ = termios::tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
        let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP);
        // in the background this waits for `fg`, as reading would
        let _ = termios::tcsetattr(&self.terminal, OptionalActions::Now, &self.hidden);
    }

    /// Reads lines in the background until the terminal closes, or Ctrl-D, which sends `end`. The thread is not
    /// joined: a read from a terminal can't be cancelled.
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

/// Whether a shell controls this process group. Ctrl-Z stops no other (POSIX, "orphaned process group"), as nothing
/// could continue it.
fn can_be_continued() -> bool {
    use rustix::process::{getpgid, getpgrp, getpid, getppid, getsid};
    let (Ok(session), group) = (getsid(None), getpgrp()) else { return false };
    if group == session {
        return false;
    }
    // a process that isn't the leader was put into the group by one that is
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

/// Asks a yes-or-no question; Enter means no.
pub(crate) fn confirm(question: &str) -> Result<bool> {
    let failed = |error: std::io::Error| Error::file("/dev/tty".as_ref(), "use", &error);
    let mut terminal = File::options().read(true).write(true).open("/dev/tty").map_err(failed)?;
    terminal.write_all(format!("{question} [y/N] ").as_bytes()).map_err(failed)?;
    let mut line = String::new();
    BufReader::new(terminal).read_line(&mut line).map_err(failed)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes" | "Yes"))
}
