//! gcloud as a child process: its arguments and environment, and how bqcred waits for it and ends it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::super::{LoginOptions, LoginRequest, timed_out};
use super::credential_file;
use super::relay::Relay;
use crate::output::error::{Error, Kind, Result, reason};
use crate::system::interrupt::{self, Request};
use crate::system::processes::Processes;

/// gcloud demands it, and will not ask for BigQuery's scope alone.
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

const LOGIN: [&str; 4] = ["auth", "application-default", "login", "--disable-quota-project"];
/// The folder that gcloud reads and writes.
const CONFIG: &str = "CLOUDSDK_CONFIG";

/// What to do without gcloud.
pub(super) const OWN_CLIENT: &str =
    "with an OAuth client of your own gcloud isn't needed: `bqcred client guide`";

/// Variables that would make gcloud refuse the sign-in, ask about it, or sign in as another account.
const INTERFERING: [&str; 8] = [
    "GOOGLE_APPLICATION_CREDENTIALS",
    "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
    "CLOUDSDK_AUTH_ACCESS_TOKEN",
    "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
    "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT",
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "CLOUDSDK_CORE_ACCOUNT",
    "CLOUDSDK_CORE_DISABLE_PROMPTS",
];

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
    let mut command = command(program, folder, request, options);
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

/// What gcloud is run with, at a terminal.
fn command(program: &Path, folder: &Path, request: &LoginRequest, options: &LoginOptions) -> Command {
    let mut command = Command::new(program);
    command.args(LOGIN);
    if !options.browser {
        command.arg("--no-launch-browser");
    }
    command.args(scopes(request));
    if let Some(account) = &request.account {
        command.args(["--", account]);
    }
    set_environment(&mut command, folder);
    command
}

/// What gcloud is run with under a supervisor. Which account signed in is compared by bqcred, which says so better.
pub(super) fn supervised_words(program: &Path, request: &LoginRequest) -> Vec<OsString> {
    let options = ["--no-launch-browser", "--quiet"];
    let words = LOGIN.into_iter().chain(options).map(OsString::from);
    let scopes = scopes(request).map(OsString::from);
    [program.as_os_str().to_owned()].into_iter().chain(words).chain(scopes).collect()
}

fn scopes(request: &LoginRequest) -> Option<String> {
    if request.scopes.is_empty() {
        return None;
    }
    let mut scopes = request.scopes.clone();
    if !scopes.iter().any(|scope| scope == CLOUD_PLATFORM) {
        scopes.push(CLOUD_PLATFORM.to_owned());
    }
    Some(format!("--scopes={}", scopes.join(",")))
}

/// The environment in which gcloud keeps to this configuration and asks nothing but for the code.
pub(super) fn set_environment(command: &mut Command, folder: &Path) {
    for name in INTERFERING {
        command.env_remove(name);
    }
    command
        .env(CONFIG, folder)
        .env("CLOUDSDK_CORE_DISABLE_FILE_LOGGING", "1")
        .env("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "1")
        .env("CLOUDSDK_CORE_CHECK_GCE_METADATA", "false") // else it waits for the metadata server
        .env("CLOUDSDK_CORE_VERBOSITY", "warning")
        .env("CLOUDSDK_SURVEY_DISABLE_PROMPTS", "1")
        .env("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "1");
}

/// Kills every gcloud that works in this configuration: its supervisor was killed.
pub(super) fn kill_users_of(folder: &Path) {
    use rustix::process::{Pid, Signal, kill_process};
    for process in Processes::here().all() {
        let is_user = process.variable(CONFIG).is_some_and(|config| Path::new(&config) == folder);
        if let Some(pid) = i32::try_from(process.pid).ok().and_then(Pid::from_raw).filter(|_| is_user) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}
