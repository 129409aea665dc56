//! gcloud as a child process: how bqcred starts it, waits for it and ends it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::super::{LoginOptions, LoginRequest, timed_out};
use super::relay::Relay;
use super::{command, credential_file};
use crate::output::error::{Error, Kind, Result, reason};
use crate::system::interrupt::{self, Request};
use crate::system::processes::Processes;

/// What to do without gcloud.
pub(super) const OWN_CLIENT: &str =
    "with an OAuth client of your own gcloud isn't needed: `bqcred client guide`";

/// How often to look whether gcloud has ended.
const POLL: Duration = Duration::from_millis(50);
/// A signal at a terminal reaches gcloud, too: how often to look then, before it is killed (a third of a second).
const POLLS_AFTER_SIGNAL: u32 = 6;

/// gcloud, while it runs.
pub(super) struct Running {
    child: Child,
    /// Whether it has a process group of its own.
    own_group: bool,
}

/// Runs gcloud's sign-in at this terminal, with `folder` as its configuration.
pub(super) fn run(
    program: &Path,
    folder: &Path,
    request: &LoginRequest,
    options: &LoginOptions,
) -> Result<()> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&interrupted);
    // only while gcloud runs
    let _heeded = interrupt::heed(move |request| {
        if request == Request::Stop {
            seen.store(true, Ordering::SeqCst);
        }
        true
    });
    let mut command = command::at_terminal(program, folder, request, options);
    let failed = |error: std::io::Error| {
        Error::other(format!("{} can't be run: {}", program.display(), reason(&error)))
    };
    let relay = Relay::of(&mut command, &credential_file(folder)).map_err(failed)?;
    let child = command.spawn().map_err(failed)?;
    drop(command); // its end of the pipe
    let running = Running { child, own_group: false };
    let (status, is_late) = running.wait(options.timeout, &interrupted).map_err(failed)?;
    if interrupted.load(Ordering::SeqCst) {
        return Err(Error::new(Kind::Interrupted, "stopped").unchanged());
    }
    if !status.success() {
        relay.show_rest();
    }
    match (status.success(), is_late) {
        (true, _) => Ok(()),
        (false, true) => Err(timed_out(options.timeout)),
        (false, false) => Err(Error::other("gcloud did not complete the sign-in (it says why above)")
            .unchanged()
            .hint(OWN_CLIENT)),
    }
}

/// gcloud under a supervisor: its input, and what it says. It has no terminal, and ends with its supervisor.
pub(super) fn supervised(program: &[OsString]) -> std::io::Result<(Running, ChildStdin, ChildStderr)> {
    let mut command = ending_with_this(program);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.process_group(0).spawn()?; // so that it can be ended with what it started
    match (child.stdin.take(), child.stderr.take()) {
        (Some(input), Some(output)) => Ok((Running { child, own_group: true }, input, output)),
        _ => Err(std::io::Error::other("no pipe")),
    }
}

#[cfg(target_os = "linux")]
fn ending_with_this(program: &[OsString]) -> Command {
    crate::handover::parent_death::command(program)
}

#[cfg(not(target_os = "linux"))]
fn ending_with_this(program: &[OsString]) -> Command {
    let mut command = Command::new(program.first().map_or("gcloud".as_ref(), OsString::as_os_str));
    command.args(program.iter().skip(1));
    command
}

impl Running {
    /// Waits until it ends: on its own, by a signal, or because the time is up, which is the second value.
    fn wait(mut self, timeout: Duration, interrupted: &AtomicBool) -> std::io::Result<(ExitStatus, bool)> {
        let deadline = Instant::now() + timeout;
        let mut polls_left = POLLS_AFTER_SIGNAL;
        let mut is_late = false;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok((status, is_late));
            }
            let is_interrupted = interrupted.load(Ordering::SeqCst);
            let is_stopped = is_interrupted && polls_left == 0;
            if is_stopped || Instant::now() > deadline {
                is_late = !is_stopped;
                self.end();
                continue;
            }
            if is_interrupted {
                polls_left -= 1;
            }
            std::thread::sleep(POLL);
        }
    }

    /// Whether it has ended, and if so, whether with success.
    pub(super) fn has_ended(&mut self) -> Option<bool> {
        match self.child.try_wait() {
            Ok(status) => status.map(|status| status.success()),
            Err(_) => Some(false),
        }
    }

    /// Ends it, if it still runs, and waits until it has ended.
    pub(super) fn end_and_wait(&mut self) {
        if self.has_ended().is_none() {
            self.end();
            let _ = self.child.wait();
        }
    }

    /// Ends the script and the Python that it started.
    fn end(&mut self) {
        use rustix::process::{Pid, Signal, kill_process, kill_process_group};
        let pid = |number: u32| i32::try_from(number).ok().and_then(Pid::from_raw);
        for child in Processes::here().started_by(self.child.id()).into_iter().filter_map(pid) {
            let _ = kill_process(child, Signal::KILL);
        }
        if let Some(group) = pid(self.child.id()).filter(|_| self.own_group) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.kill();
    }
}

/// Kills every gcloud that works in this configuration: its supervisor was killed.
pub(super) fn kill_users_of(folder: &Path) {
    use rustix::process::{Pid, Signal, kill_process};
    for process in Processes::here().all() {
        let is_user = process.variable(command::CONFIG).is_some_and(|config| Path::new(&config) == folder);
        if let Some(pid) = i32::try_from(process.pid).ok().and_then(Pid::from_raw).filter(|_| is_user) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}
