//! Ctrl-C: end what runs, remove the folder, and only then go.

use std::path::PathBuf;
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::Result;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// A program that the tour started in a process group of its own, with all that it started in turn.
pub(crate) struct Group(Option<Pid>);

impl Group {
    /// Ends it, if it still runs. To be called before the program's end is waited for.
    pub(crate) fn end(&mut self) {
        if let Some(pid) = self.0.take() {
            // it may have ended on its own
            let _ = kill_process_group(pid, Signal::KILL);
            running().retain(|other| *other != pid);
        }
    }
}

/// Ends this program too, when the tour is interrupted.
pub(crate) fn watch(child: &Child) -> Group {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    running().extend(pid);
    let mut group = Group(pid);
    if INTERRUPTED.load(Ordering::SeqCst) {
        group.end();
    }
    group
}

/// From now on, an interrupted tour removes this folder.
#[expect(clippy::exit, reason = "all that had to be removed is, and the main thread may wait for anything")]
pub(crate) fn remove_when_interrupted(folder: PathBuf) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(|e| format!("signals: {e}"))?;
    std::thread::spawn(move || {
        let Some(signal) = signals.forever().next() else { return };
        INTERRUPTED.store(true, Ordering::SeqCst);
        for pid in running().drain(..) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        // the last of them may still be writing
        for _ in 0..100 {
            if std::fs::remove_dir_all(&folder).is_ok() || !folder.exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // a line may have been begun
        crate::screen::complain("\ninterrupted; nothing is left behind");
        std::process::exit(128 + signal);
    });
    Ok(())
}

/// Leaves the exit to the thread that cleans up.
pub(crate) fn wait_if_interrupted() {
    while INTERRUPTED.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

fn running() -> MutexGuard<'static, Vec<Pid>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
