//! Running kernels, and the values of a few named variables in their environments.
//!
//! A kernel keeps the environment that it was started with: a changed kernelspec takes effect only when the kernel is
//! shut down and started again. Other variables of its environment are not kept.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::system::notebook::{self, Language};
use crate::system::processes::{Process, Processes};

/// A running kernel of this user.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Running {
    /// Its process id.
    pub(crate) pid: u32,
    /// The language, if its command line tells: `python`, `R`.
    pub(crate) language: Option<&'static str>,
    /// The first word of its command line.
    pub(crate) program: PathBuf,
    /// Its connection file; the server's log names the kernel by it.
    pub(crate) connection: PathBuf,
    /// The values of the requested variables; `None` for one that is not set.
    pub(crate) vars: BTreeMap<String, Option<String>>,
}

/// The running kernels of a user with this home folder, with the values of these variables. A kernel with another home
/// is none of theirs, though the user id is the same: a test's, a service's, one in a container.
pub(crate) fn kernels(processes: &Processes, uid: u32, home: &Path, names: &[&str]) -> Vec<Running> {
    let own = processes.all().filter(|process| process.uid == uid);
    own.filter_map(|process| kernel(&process, home, names)).collect()
}

/// Whether a process is a kernel.
pub(crate) fn is_kernel(process: &Process) -> bool {
    connection_of_kernel(process).is_some()
}

fn kernel(process: &Process, home: &Path, names: &[&str]) -> Option<Running> {
    let connection = connection_of_kernel(process)?;
    let environ = process.environ()?;
    if !process.shares_folder(environ.filled("HOME").map_or(home, Path::new), home) {
        return None;
    }
    let value = |name: &str| environ.get(name).map(|value| value.to_string_lossy().into_owned());
    let vars = names.iter().map(|name| ((*name).to_owned(), value(name))).collect();
    let program = process.argv.first().map(PathBuf::from).unwrap_or_default();
    Some(Running { pid: process.pid, language: language(&process.argv), program, connection, vars })
}

/// The connection file of a kernel; `None` for other processes, and for a bqcred that has started one. Python's and R's kernels are recognised by their
/// command line, others by the usual name of the connection file, or because a Jupyter server started them.
fn connection_of_kernel(process: &Process) -> Option<PathBuf> {
    let connection = connection(&process.argv).filter(|_| !is_bqcred(&process.argv))?;
    let is_known = language(&process.argv).is_some() || has_usual_name(&connection);
    (is_known || is_started_by_server(process)).then_some(connection)
}

/// Whether this is bqcred, whose command line holds the kernel's: `exec --token-only` stays as its parent.
fn is_bqcred(argv: &[OsString]) -> bool {
    let name = argv.first().and_then(|program| Path::new(program).file_name());
    name.is_some_and(|name| name == "bqcred")
}

/// Whether the file has a name as jupyter_client makes it.
fn has_usual_name(connection: &Path) -> bool {
    connection.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"kernel-"))
}

/// Whether its parent is the server in `JPY_PARENT_PID`. A child of a kernel inherits the variable, but has the kernel
/// as parent.
fn is_started_by_server(process: &Process) -> bool {
    let server = process.variable("JPY_PARENT_PID").and_then(|pid| pid.to_str()?.parse::<u32>().ok());
    server.is_some() && server == process.parent()
}

fn language(argv: &[OsString]) -> Option<&'static str> {
    match notebook::of_command_line(argv)? {
        Language::Python => Some("python"),
        Language::R => Some("R"),
    }
}

/// The connection file on a kernel's command line: an absolute path that ends in `.json`. Clients of a kernel
/// (`jupyter console --existing FILE`) have one too, and are not kernels.
fn connection(argv: &[OsString]) -> Option<PathBuf> {
    if argv.iter().any(|word| word.as_encoded_bytes().starts_with(b"--existing")) {
        return None;
    }
    let ends = |word: &OsStr| word.as_encoded_bytes().ends_with(b".json");
    let words = argv.iter().skip(1).map(|word| {
        let text = word.to_string_lossy();
        text.strip_prefix("--f=").map_or_else(|| word.clone(), OsString::from)
    });
    words.filter(|word| ends(word)).map(PathBuf::from).find(|path| path.is_absolute())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::io::BufRead;
    use std::process::{Command, Stdio};

    #[test]
    fn a_kernel_is_found_with_the_requested_variables_only() {
        // a shell stands in for a kernel: what counts is its command line, parent and environment
        let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut child = Command::new("sh")
            .args(["-c", "echo started; read x", "IRkernel::main()", "/tmp/kernel-test.json"])
            .env("JPY_PARENT_PID", std::process::id().to_string())
            .env("HOME", home.path())
            .env("BQCRED_PROFILE", "me")
            .env("OTHER_SECRET", "x")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // until it runs, its command line is empty
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let uid = Processes::here().get(child.id()).unwrap().uid;
        let names = ["BQCRED_PROFILE", "GOOGLE_APPLICATION_CREDENTIALS"];
        let all = kernels(&Processes::here(), uid, home.path(), &names);
        let elsewhere = kernels(&Processes::here(), uid, other.path(), &names);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!elsewhere.iter().any(|kernel| kernel.pid == child.id()), "it has another home");
        let found = all.iter().find(|kernel| kernel.pid == child.id()).unwrap();
        assert_eq!(found.language, Some("R"));
        assert_eq!(found.connection, PathBuf::from("/tmp/kernel-test.json"));
        let vars: Vec<_> = found.vars.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        assert_eq!(vars, [("BQCRED_PROFILE", Some("me")), ("GOOGLE_APPLICATION_CREDENTIALS", None)]);
    }

    #[test]
    fn kernels_have_a_connection_file_and_clients_are_not_kernels() {
        let found = |line: &str| {
            let argv: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            connection(&argv).map(|file| (language(&argv), has_usual_name(&file)))
        };
        let python = Some((Some("python"), true));
        assert_eq!(found("python -m ipykernel_launcher -f /r/kernel-1.json"), python);
        assert_eq!(found("python -m ipykernel_launcher --f=/r/kernel-1.json"), python);
        let r = "R --slave -e IRkernel::main() --args /r/kernel-2.json";
        assert_eq!(found(r), Some((Some("R"), true)));
        assert_eq!(found("julia kernel.jl /r/kernel-3.json"), Some((None, true)));
        assert_eq!(found("program /r/conf.json"), Some((None, false)));
        assert_eq!(found("python x.py conf.json"), None);
        assert_eq!(found("python -m jupyter_console --existing /r/kernel-1.json"), None);
    }
}
