//! One real `sh` for the whole tour: what `eval` sets stays set.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::Result;
use crate::folder::Folder;
use crate::interrupt::{self, Group};

/// More than any step takes.
const LIMIT: Duration = Duration::from_secs(60);
/// What the shell prints after each command, with its exit code.
const END: &str = "--end-of-the-step--";

/// A running shell, which reads commands from a pipe.
pub(crate) struct Shell {
    child: Child,
    group: Group,
    input: Option<ChildStdin>,
    output: Receiver<String>,
}

impl Shell {
    /// Starts it in the folder, which is its home too, with these variables and hardly any other.
    pub(crate) fn start(
        folder: &Folder,
        programs: Option<&Path>,
        variables: &[(String, String)],
    ) -> Result<Shell> {
        let mut command = Command::new("sh");
        command.env_clear().envs(variables.iter().cloned()).current_dir(folder.path());
        command
            .env("HOME", folder.path())
            .env("TMPDIR", folder.temporary())
            .env("PATH", path(folder, programs)?);
        command.env("LANG", "C.UTF-8").env("PYTHONWARNINGS", "ignore");
        // the user's own keyring must not be reachable from here
        command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:");
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|e| format!("sh can't be started: {e}"))?;
        let group = interrupt::watch(&child);
        let (sender, output) = channel();
        let lines = child.stdout.take().map(BufReader::new).into_iter().flat_map(|out| out.lines());
        std::thread::spawn(move || lines.map_while(|line| line.ok()).try_for_each(|line| sender.send(line)));
        let mut shell = Shell { input: child.stdin.take(), child, group, output };
        shell.run("exec 2>&1")?;
        Ok(shell)
    }

    /// Runs a command as if it were typed, and returns all that it prints.
    pub(crate) fn run(&mut self, line: &str) -> Result<String> {
        let gone = |what: &str| format!("`{line}`: {what}");
        let text = format!("{line}\nprintf '\\n%s %d\\n' '{END}' $?\n");
        let input = self.input.as_mut().ok_or_else(|| gone("the shell has ended"))?;
        input.write_all(text.as_bytes()).map_err(|_| gone("the shell has ended"))?;
        let mut printed = Vec::new();
        loop {
            let next = self.output.recv_timeout(LIMIT).map_err(|_| gone("it did not end in time"))?;
            if let Some(code) = next.strip_prefix(END) {
                let output = printed.join("\n").trim_end_matches('\n').to_owned();
                return if code == " 0" {
                    Ok(output)
                } else {
                    Err(gone(&format!("exit code{code}\n{output}")))
                };
            }
            printed.push(next);
        }
    }

    /// Ends the shell.
    pub(crate) fn end(mut self) -> Result<()> {
        self.input = None;
        self.child.wait().map(drop).map_err(|e| format!("sh doesn't end: {e}"))
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.group.end();
        // only so that it is gone from the list of processes
        let _ = self.child.wait();
    }
}

/// The tour's bqcred, its Python, and then all that is on this machine.
fn path(folder: &Folder, programs: Option<&Path>) -> Result<std::ffi::OsString> {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let own = [Some(folder.programs()), programs.map(Path::to_owned)].into_iter().flatten();
    std::env::join_paths(own.chain(std::env::split_paths(&rest))).map_err(|e| format!("the PATH: {e}"))
}
