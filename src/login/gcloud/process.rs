//! gcloud as a child process: its arguments and environment, and how bqcred waits for it and ends it.

use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
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
struct Running {
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
    // Without a terminal gcloud does not get our signals, and it is a script that starts Python: in a
    // group of its own both can be ended.
    let own_group = !std::io::stdin().is_terminal();
    let mut command = command(program, folder, request, options);
    if own_group {
        command.process_group(0);
    }
    let failed = |error: std::io::Error| {
        Error::other(format!("{} can't be run: {}", program.display(), reason(&error)))
    };
    let relay = Relay::of(&mut command, &credential_file(folder)).map_err(failed)?;
    let child = command.spawn().map_err(failed)?;
    drop(command); // its end of the pipe
    let (status, is_late) =
        Running { child, own_group }.wait(options.timeout, &interrupted).map_err(failed)?;
    if interrupted.load(Ordering::SeqCst) {
        return Err(Error::new(Kind::Interrupted, "stopped").unchanged());
    }
    if !status.success() {
        relay.show_rest();
    }
    match (status.success(), is_late) {
        (true, _) => Ok(()),
        (false, true) => Err(timed_out(options.timeout)),
        (false, false) => Err(not_completed(own_group)),
    }
}

fn not_completed(own_group: bool) -> Error {
    let own_client = "with an OAuth client of your own gcloud isn't needed: `bqcred client guide`";
    let error = Error::other("gcloud did not complete the sign-in (it says why above)").unchanged();
    match own_group {
        true => {
            error.hint(format!("gcloud asks, and stdin is not a terminal here: sign in at one\n{own_client}"))
        }
        false => error.hint(own_client),
    }
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
            let is_stopped = is_interrupted && (polls_left == 0 || self.own_group);
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

fn command(program: &Path, folder: &Path, request: &LoginRequest, options: &LoginOptions) -> Command {
    let mut command = Command::new(program);
    command.args(["auth", "application-default", "login", "--disable-quota-project"]);
    if !options.browser {
        command.arg("--no-launch-browser");
    }
    if !request.scopes.is_empty() {
        let mut scopes = request.scopes.clone();
        if !scopes.iter().any(|scope| scope == CLOUD_PLATFORM) {
            scopes.push(CLOUD_PLATFORM.to_owned());
        }
        command.arg(format!("--scopes={}", scopes.join(",")));
    }
    if let Some(account) = &request.account {
        command.args(["--", account]);
    }
    for name in INTERFERING {
        command.env_remove(name);
    }
    command
        .env("CLOUDSDK_CONFIG", folder)
        .env("CLOUDSDK_CORE_DISABLE_FILE_LOGGING", "1")
        .env("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "1")
        .env("CLOUDSDK_CORE_CHECK_GCE_METADATA", "false") // else it waits for the metadata server
        .env("CLOUDSDK_CORE_VERBOSITY", "warning")
        .env("CLOUDSDK_SURVEY_DISABLE_PROMPTS", "1")
        .env("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "1");
    command
}
