//! Signals that ask a run to stop (Ctrl-C, SIGTERM, SIGHUP, SIGQUIT) or to pause (Ctrl-Z), while it waits: for a
//! server, a lock, the keyring, or the user.
//!
//! A command runs in a thread of its own, and the main thread waits for signals: nothing that the command waits for
//! can delay the end. What is being written to disk then is finished first, and nothing is begun any more.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;

use crate::system::processes;

/// How long a command that ends by itself may take for it: what it then says is more exact than what is said for it. A
/// busy machine needs seconds for what otherwise takes a hundredth of one.
const TIME_TO_END: Duration = Duration::from_secs(10);
/// How long a write to disk may take.
const TIME_TO_WRITE: Duration = Duration::from_secs(2);
/// A command parses what others wrote, as deep as the main thread could.
const STACK: usize = 8 * 1024 * 1024;

/// What a signal means for what is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// The run ends.
    Stop,
    /// The process stops until the user continues it.
    Pause,
    /// It has been continued.
    Continue,
}

/// The run was asked to stop, and is not waited for.
#[derive(Debug)]
pub(crate) struct Stopped;

/// Carries out a request; says of [`Request::Stop`] whether the command now ends by itself.
type Action = Box<dyn Fn(Request) -> bool + Send>;

static ACTIONS: Mutex<Vec<(usize, Action)>> = Mutex::new(Vec::new());
static NEXT: AtomicUsize = AtomicUsize::new(0);
static WRITES: AtomicUsize = AtomicUsize::new(0);
static STOPPING: AtomicBool = AtomicBool::new(false);
static HAS_CHANGED: AtomicBool = AtomicBool::new(false);

/// What has to be done on a signal, until this is dropped.
pub(crate) struct Heeded(usize);

/// Registers what has to be done on a signal while something is in progress.
pub(crate) fn heed(action: impl Fn(Request) -> bool + Send + 'static) -> Heeded {
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    actions().push((number, Box::new(action)));
    Heeded(number)
}

impl Drop for Heeded {
    fn drop(&mut self) {
        actions().retain(|(number, _)| *number != self.0);
    }
}

fn actions() -> MutexGuard<'static, Vec<(usize, Action)>> {
    ACTIONS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All actions; whether one of them ends the command.
fn request(request: Request) -> bool {
    actions().iter().fold(false, |ends, (_, action)| action(request) || ends)
}

/// A write to disk that is finished even if a signal comes, until this is dropped.
pub(crate) struct Whole(());

/// Begins a write, unless the run is being stopped: then it doesn't return.
pub(crate) fn whole() -> Whole {
    WRITES.fetch_add(1, Ordering::SeqCst);
    if STOPPING.load(Ordering::SeqCst) {
        WRITES.fetch_sub(1, Ordering::SeqCst);
        unless_stopping();
    }
    HAS_CHANGED.store(true, Ordering::SeqCst);
    Whole(())
}

/// Before a change to what is kept elsewhere than in files, which may wait.
pub(crate) fn changing() {
    unless_stopping();
    HAS_CHANGED.store(true, Ordering::SeqCst);
}

/// Whether this run has begun to change what is kept here.
pub(crate) fn has_changed() -> bool {
    HAS_CHANGED.load(Ordering::SeqCst)
}

impl Drop for Whole {
    fn drop(&mut self) {
        WRITES.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Before a step that can't be undone: doesn't return if the run is being stopped, as the user has been told by then
/// what was done.
pub(crate) fn unless_stopping() {
    while STOPPING.load(Ordering::SeqCst) {
        std::thread::park(); // until the process ends
    }
}

/// Does the work, and waits for it or for a signal.
pub(crate) fn watched<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Stopped> {
    let Ok(mut signals) = Signals::new(heeded_signals()) else { return Ok(work()) };
    let over = Arc::new(AtomicBool::new(false));
    let (sender, result) = mpsc::channel();
    let (is_over, listening) = (Arc::clone(&over), signals.handle());
    let work = Arc::new(Mutex::new(Some(work)));
    let taken = Arc::clone(&work);
    let builder = std::thread::Builder::new().stack_size(STACK);
    let started = builder.spawn(move || {
        let work = taken.lock().unwrap_or_else(PoisonError::into_inner).take();
        let outcome = catch_unwind(AssertUnwindSafe(|| work.map(|work| work())));
        is_over.store(true, Ordering::SeqCst);
        let _ = sender.send(outcome);
        listening.close();
    });
    // from where this is used on, a signal does what it does by default
    let use_defaults = || {
        for signal in heeded_signals() {
            let _ = signal_hook::flag::register_conditional_default(signal, Arc::clone(&over));
        }
    };
    if started.is_err() {
        over.store(true, Ordering::SeqCst);
        use_defaults();
        let work = work.lock().unwrap_or_else(PoisonError::into_inner).take();
        return work.map(|work| work()).ok_or(Stopped);
    }
    let finished = |outcome: std::thread::Result<Option<T>>| {
        use_defaults();
        outcome.unwrap_or_else(|panic| resume_unwind(panic)).ok_or(Stopped)
    };
    for signal in signals.forever() {
        if signal == SIGTSTP {
            pause();
            continue;
        }
        if request(Request::Stop)
            && let Ok(outcome) = result.recv_timeout(TIME_TO_END)
        {
            return finished(outcome);
        }
        stop();
        return Err(Stopped);
    }
    result.recv().map_err(|_| Stopped).and_then(finished)
}

/// Lets what is being written become whole, and nothing begin.
fn stop() {
    STOPPING.store(true, Ordering::SeqCst);
    let began = Instant::now();
    while WRITES.load(Ordering::SeqCst) > 0 && began.elapsed() < TIME_TO_WRITE {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The signals to wait for. Those that this process was started to ignore (`nohup`) stay ignored.
fn heeded_signals() -> Vec<i32> {
    let ignored = processes::ignored_signals();
    let all = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP];
    all.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0).collect()
}

/// What Ctrl-Z has to do: whatever uses the terminal gives it back as it was, and takes it again when the user
/// continues.
fn pause() {
    request(Request::Pause);
    if can_be_continued() {
        let _ = signal_hook::low_level::emulate_default_handler(SIGTSTP);
    }
    request(Request::Continue);
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
