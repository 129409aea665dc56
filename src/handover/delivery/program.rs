//! A program that gets a file on its stdin.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::Failure;
use crate::handover::{as_script, cannot_start};
use crate::output::error::{Error, reason};
use crate::output::secret::SecretBytes;

/// How often to look whether the program has ended.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs the program until it ends; after `limit`, or when `is_stopped`, it is killed. Its stdout and stderr are this
/// process's.
pub(super) fn run(
    words: &[OsString],
    content: &[u8],
    limit: Duration,
    is_stopped: impl Fn() -> bool,
) -> Result<(), Failure> {
    let Some((name, arguments)) = words.split_first() else { return Ok(()) };
    let shown = name.to_string_lossy();
    let mut program = Command::new(name);
    program.args(arguments).stdin(Stdio::piped());
    let started = program.spawn().or_else(|error| match as_script(&program, &error) {
        Some(mut script) => script.stdin(Stdio::piped()).spawn(),
        None => Err(error),
    });
    let mut child = started.map_err(|error| not_started(words, &error))?;
    write(&mut child, content);
    let status = wait(&mut child, limit, is_stopped)
        .map_err(|error| Error::other(format!("can't wait for {shown}: {}", reason(&error))))?;
    match status {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(failed(&shown, status)),
        None => Err(Error::other(format!("{shown} did not end within {} s", limit.as_secs())).into()),
    }
}

/// In a thread, because the program may not read it. One that doesn't, and succeeds all the same, is no failure.
fn write(child: &mut Child, content: &[u8]) {
    let Some(mut stdin) = child.stdin.take() else { return };
    let content = SecretBytes::new(content.to_vec());
    std::thread::spawn(move || {
        let _ = stdin.write_all(&content);
    });
}

/// `None` if it was killed.
fn wait(
    child: &mut Child,
    limit: Duration,
    is_stopped: impl Fn() -> bool,
) -> std::io::Result<Option<ExitStatus>> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed() > limit || is_stopped() {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(PAUSE);
    }
}

fn failed(name: &str, status: ExitStatus) -> Failure {
    let (how, code) = match (status.code(), status.signal()) {
        (Some(code), _) => (format!("with code {code}"), code),
        (None, signal) => {
            let signal = signal.unwrap_or_default();
            (format!("by signal {signal}"), 128 + signal) // as shells say it
        }
    };
    let error = Error::other(format!("{name} failed ({how}), so it may not have kept the new token"));
    Failure { error, code: u8::try_from(code).unwrap_or(u8::MAX), is_final: false }
}

fn not_started(words: &[OsString], error: &std::io::Error) -> Failure {
    let name = words.first().map(OsString::as_os_str).unwrap_or_default();
    let error = cannot_start(name, error);
    match name.as_encoded_bytes().contains(&b' ') {
        true => error.hint("`-- sh -c '...'` runs a line as a shell does").into(),
        false => error.into(),
    }
}
