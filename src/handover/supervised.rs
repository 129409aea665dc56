//! A credential in a file that exists as long as the program runs, and a parent process that removes it.
//!
//! For programs that resolve the path they are given, which works only with a regular file, and for systems
//! without memfd. The file is in memory where the system has folders there. The parent stays in the program's
//! process group, so that the terminal treats both alike; it passes on signals that it alone gets, and ends as
//! the program did.
//!
//! A Jupyter server that starts a kernel in this way interrupts the whole process group, and may be killed without a
//! word to its kernels: see [`JupyterServer`].

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};

use super::broker::running;
use super::jupyter_server::JupyterServer;
use super::{as_script, cannot_start};
use crate::credential::paths::Paths;
use crate::output::error::{Error, Kind, Result, reason};
use crate::system::private_file::{self, TempCredentialFile};
use crate::system::processes;

/// Signals that are sent to the parent and meant for the program. Not SIGTSTP: it stops the parent only.
const PASSED_ON: [i32; 8] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM];

/// Writes the credential to a new file, which is removed when the result is dropped.
pub(crate) fn file(paths: &Paths, credential: &[u8]) -> Result<TempCredentialFile> {
    let folder = folder(paths)?;
    TempCredentialFile::new(&folder, credential, &running::remains)
}

/// Removes files that killed parents left.
pub(crate) fn sweep(paths: &Paths) -> Result<()> {
    candidates(paths)
        .iter()
        .filter(|folder| is_own(folder))
        .try_for_each(|folder| TempCredentialFile::sweep(folder, &running::remains))
}

/// Runs the program, then what is to be done `at_end`, and returns the program's exit code. If a signal ended it, the
/// same signal ends this process.
pub(crate) fn run(program: &mut Command, at_end: impl FnOnce() -> Result<()>) -> Result<u8> {
    let broken =
        |error: std::io::Error| Error::other(format!("can't supervise the program: {}", reason(&error)));
    // before the start, so that no signal is lost
    let mut signals = SignalsInfo::<WithOrigin>::new(watched()).map_err(broken)?;
    let child = program.spawn().or_else(|error| as_script(program, &error).ok_or(error)?.spawn());
    let mut child = child.map_err(|error| cannot_start(program.get_program(), &error))?;
    let server = JupyterServer::of_this_process();
    server.end_with_it(&child);
    let status = wait(&mut child, &mut signals, &server).map_err(broken)?;
    at_end()?;
    match (status.code(), status.signal()) {
        (Some(code), _) => Ok(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, Some(signal)) => {
            end_by_signal(signal);
            // a real-time signal can't be sent from here: use a shell's exit code for it
            Ok(u8::try_from(128 + signal).unwrap_or(u8::MAX))
        }
        (None, None) => Err(Error::other("the system doesn't say how the program ended")),
    }
}

/// Ends this process by the signal, if that can be done.
fn end_by_signal(signal: i32) {
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    // it handles the common ones; the others have their default action
    if let Some(signal) = Signal::from_named_raw(signal) {
        let _ = kill_process(rustix::process::getpid(), signal);
    }
}

fn wait(
    child: &mut Child,
    signals: &mut SignalsInfo<WithOrigin>,
    server: &JupyterServer,
) -> std::io::Result<ExitStatus> {
    let pid = Pid::from_child(child);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        for origin in signals.wait() {
            if let Some(signal) = to_pass_on(&origin, server) {
                // even if it has ended just now, it is not reaped yet, so no other process has its ID
                let _ = kill_process(pid, signal);
            }
        }
    }
}

/// The signal, unless the program has got it already: the whole process group gets what a key at the terminal sends, and
/// a Jupyter server's interrupt.
fn to_pass_on(origin: &Origin, server: &JupyterServer) -> Option<Signal> {
    let by_a_key = origin.cause == Cause::Kernel;
    Signal::from_named_raw(origin.signal)
        .filter(|_| PASSED_ON.contains(&origin.signal) && !by_a_key && !server.interrupts_by(origin))
}

/// The signals to wait for. Those that this process was started to ignore (`nohup`) stay ignored, for the
/// program too.
fn watched() -> Vec<i32> {
    let ignored = processes::ignored_signals();
    let heeded = PASSED_ON.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
    heeded.chain([SIGCHLD]).collect()
}

/// The files whose parents run, in every folder where they may be.
pub(crate) fn running(paths: &Paths) -> Vec<PathBuf> {
    let usual = paths.usual_runtime.join("exec");
    let folders = candidates(paths).into_iter().chain([usual]);
    let mut files: Vec<PathBuf> = folders
        .filter(|folder| is_own(folder))
        .flat_map(|folder| TempCredentialFile::held_in(&folder))
        .collect();
    files.sort();
    files.dedup();
    files
}

/// Whether this user owns a folder: /dev/shm is open to all users, and the name may be taken by another one.
fn is_own(folder: &Path) -> bool {
    let me = rustix::process::geteuid().as_raw();
    folder.symlink_metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == me)
}

/// Folders for such files, the best first.
fn candidates(paths: &Paths) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = paths.runtime.iter().map(|folder| folder.join("exec")).collect();
    folders.push(Paths::memory_folder().unwrap_or_else(|| paths.cache.join("exec")));
    folders
}

/// Whether a path is that of such a file.
pub(crate) fn is_file_path(path: &Path) -> bool {
    let folder = path.parent().unwrap_or(path);
    folder.ends_with("bqcred/exec") || folder.to_string_lossy().starts_with("/dev/shm/bqcred-")
}

/// The first of the candidates that can be used.
fn folder(paths: &Paths) -> Result<PathBuf> {
    let mut reasons = Vec::new();
    for folder in candidates(paths) {
        match make(paths, &folder) {
            Ok(()) => return Ok(folder),
            Err(error) => reasons.push(error.what().to_owned()),
        }
    }
    Err(Error::new(
        Kind::Store,
        format!("no memory-backed folder for the credential: {}", reasons.join("; ")),
    )
    .hint("`bqcred exec -- PROGRAM`, without --file, needs no folder"))
}

fn make(paths: &Paths, folder: &Path) -> Result<()> {
    match folder.parent() {
        Some(above) if Some(above) == paths.runtime.as_deref() => private_file::create_memory_dir(above)?,
        Some(above) if above == paths.cache => private_file::create_dir(above)?,
        _ => {}
    }
    private_file::create_memory_dir(folder)
}
