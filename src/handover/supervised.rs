//! A credential in a file that is there as long as the program runs, and a parent that removes it.
//!
//! For programs that resolve the path they are given, which nothing but a file survives, and for
//! systems without memfd. The file lies in memory where the system has folders there. The parent
//! stays in the program's process group, so that the terminal treats both alike; what is sent to the
//! parent alone, it passes on; and it ends as the program ended.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};

use super::{as_script, cannot_start};
use crate::credential::paths::Paths;
use crate::output::error::{Error, Kind, Result, reason};
use crate::system::private_file::{self, TempCredentialFile};
use crate::system::processes;

/// What people and programs send to one process and mean for the other. Not SIGTSTP: who stops the
/// parent alone means the parent.
const PASSED_ON: [i32; 8] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM];

/// Puts the credential into a new file that is removed when this is dropped.
pub(crate) fn file(paths: &Paths, credential: &[u8]) -> Result<TempCredentialFile> {
    let folder = place(paths)?;
    TempCredentialFile::new(&folder, credential)
}

/// Removes what killed parents left.
pub(crate) fn sweep(paths: &Paths) -> Result<()> {
    let me = rustix::process::geteuid().as_raw();
    for folder in candidates(paths) {
        // in a folder that everybody can write to, somebody else may have taken the name
        if folder.symlink_metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == me) {
            TempCredentialFile::sweep(&folder)?;
        }
    }
    Ok(())
}

/// Runs the program, and gives its exit code. If a signal ended it, the same ends this process, once
/// the file is gone.
pub(crate) fn run(program: &mut Command, file: TempCredentialFile) -> Result<u8> {
    let broken =
        |error: std::io::Error| Error::other(format!("can't watch over the program: {}", reason(&error)));
    // from before the start, so that none is lost
    let mut signals = SignalsInfo::<WithOrigin>::new(watched()).map_err(broken)?;
    let child = program.spawn().or_else(|error| as_script(program, &error).ok_or(error)?.spawn());
    let mut child = child.map_err(|error| cannot_start(program.get_program(), &error))?;
    let status = wait(&mut child, &mut signals).map_err(broken)?;
    file.remove()?;
    match (status.code(), status.signal()) {
        (Some(code), _) => Ok(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, Some(signal)) => {
            die_by(signal);
            // a real-time signal, which can't be sent from here: what a shell makes of it
            Ok(u8::try_from(128 + signal).unwrap_or(u8::MAX))
        }
        (None, None) => Err(Error::other("the program ended in a way that the system doesn't tell")),
    }
}

/// Ends this process by the signal, if that can be done.
fn die_by(signal: i32) {
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    // it knows the common ones; nobody here has changed what the others do
    if let Some(signal) = Signal::from_named_raw(signal) {
        let _ = kill_process(rustix::process::getpid(), signal);
    }
}

fn wait(child: &mut Child, signals: &mut SignalsInfo<WithOrigin>) -> std::io::Result<ExitStatus> {
    let pid = Pid::from_child(child);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        for origin in signals.wait() {
            if let Some(signal) = to_pass_on(&origin) {
                // it may just have ended, but is not reaped yet: its number is nobody else's
                let _ = kill_process(pid, signal);
            }
        }
    }
}

/// A key at the terminal reaches the whole process group: the kernel has sent it to the program too.
fn to_pass_on(origin: &Origin) -> Option<Signal> {
    let by_a_key = origin.cause == Cause::Kernel;
    Signal::from_named_raw(origin.signal).filter(|_| PASSED_ON.contains(&origin.signal) && !by_a_key)
}

/// The signals to wait for. Those that this process was started to ignore (`nohup`) stay ignored, and
/// so does the program, which inherits that.
fn watched() -> Vec<i32> {
    let ignored = processes::ignored_signals();
    let heeded = PASSED_ON.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
    heeded.chain([SIGCHLD]).collect()
}

/// Where such files may lie, the best first.
fn candidates(paths: &Paths) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = paths.runtime.iter().map(|folder| folder.join("exec")).collect();
    if cfg!(target_os = "linux") {
        let user = rustix::process::geteuid().as_raw();
        folders.push(PathBuf::from(format!("/dev/shm/bqcred-{user}")));
    } else {
        folders.push(paths.cache.join("exec"));
    }
    folders
}

/// Whether a path is of a file that was put there.
pub(crate) fn is_place(path: &Path) -> bool {
    let folder = path.parent().unwrap_or(path);
    folder.ends_with("bqcred/exec") || folder.to_string_lossy().starts_with("/dev/shm/bqcred-")
}

/// The first of them that can be used.
fn place(paths: &Paths) -> Result<PathBuf> {
    let mut reasons = Vec::new();
    for folder in candidates(paths) {
        match make(paths, &folder) {
            Ok(()) => return Ok(folder),
            Err(error) => reasons.push(error.what().to_owned()),
        }
    }
    Err(Error::new(
        Kind::Store,
        format!("there is no folder in memory for the credential: {}", reasons.join("; ")),
    )
    .hint("`bqcred exec -- PROGRAM`, without --file, needs none"))
}

fn make(paths: &Paths, folder: &Path) -> Result<()> {
    match folder.parent() {
        Some(above) if Some(above) == paths.runtime.as_deref() => private_file::create_memory_dir(above)?,
        Some(above) if above == paths.cache => private_file::create_dir(above)?,
        _ => {}
    }
    private_file::create_memory_dir(folder)
}
