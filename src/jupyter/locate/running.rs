//! Kernels that already run, and a few named variables that they were started with.
//!
//! A kernel keeps the environment of its start: an edited kernelspec reaches it only when it is shut
//! down and started again. Of another process's environment nothing is looked at but the names that
//! the caller gives.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::jupyter::locate::process::{Process, Processes};

/// A running kernel of this user.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Running {
    /// Its process id.
    pub(crate) pid: u32,
    /// The language, as far as its command line tells: `python`, `R`.
    pub(crate) language: Option<&'static str>,
    /// The program that its command line names first.
    pub(crate) program: PathBuf,
    /// Its connection file, which its name in the server's log is made of.
    pub(crate) connection: PathBuf,
    /// The variables asked for; `None` for one that is not set.
    pub(crate) vars: BTreeMap<String, Option<String>>,
}

/// The running kernels of a user, with these variables.
pub(crate) fn kernels(processes: &Processes, uid: u32, names: &[&str]) -> Vec<Running> {
    let own = processes.all().into_iter().filter(|process| process.uid == uid);
    own.filter_map(|process| kernel(&process, names)).collect()
}

fn kernel(process: &Process, names: &[&str]) -> Option<Running> {
    let language = language(&process.argv);
    let connection = connection(&process.argv)?;
    let environ = process.environ()?;
    // a child of a kernel inherits JPY_PARENT_PID, but its parent is the kernel, not the server
    let server = environ.get("JPY_PARENT_PID").and_then(|pid| pid.to_str()?.parse::<u32>().ok());
    let started_by_server = server.is_some() && server == process.parent();
    if language.is_none() && !started_by_server {
        return None;
    }
    let value = |name: &str| environ.get(name).map(|value| value.to_string_lossy().into_owned());
    let vars = names.iter().map(|name| ((*name).to_owned(), value(name))).collect();
    let program = process.argv.first().map(PathBuf::from).unwrap_or_default();
    Some(Running { pid: process.pid, language, program, connection, vars })
}

fn language(argv: &[OsString]) -> Option<&'static str> {
    let has = |part: &str| argv.iter().any(|word| word.to_string_lossy().contains(part));
    if has("ipykernel") {
        Some("python")
    } else if has("IRkernel::") {
        Some("R")
    } else {
        None
    }
}

/// The connection file on a command line: every kernel is given one, absolute and ending in `.json`.
fn connection(argv: &[OsString]) -> Option<PathBuf> {
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
    fn a_kernel_is_found_with_the_named_variables_only() {
        // a shell stands in for a kernel: what counts is its command line, parent and environment
        let mut child = Command::new("sh")
            .args(["-c", "echo started; read x", "IRkernel::main()", "/tmp/kernel-test.json"])
            .env("JPY_PARENT_PID", std::process::id().to_string())
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
        let all = kernels(&Processes::here(), uid, &["BQCRED_PROFILE", "GOOGLE_APPLICATION_CREDENTIALS"]);
        child.kill().unwrap();
        child.wait().unwrap();
        let found = all.iter().find(|kernel| kernel.pid == child.id()).unwrap();
        assert_eq!(found.language, Some("R"));
        assert_eq!(found.connection, PathBuf::from("/tmp/kernel-test.json"));
        let vars: Vec<_> = found.vars.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        assert_eq!(vars, [("BQCRED_PROFILE", Some("me")), ("GOOGLE_APPLICATION_CREDENTIALS", None)]);
    }

    #[test]
    fn a_program_with_some_json_file_is_no_kernel() {
        let argv = ["python", "x.py", "conf.json"].map(OsString::from);
        assert_eq!(connection(&argv), None);
        assert_eq!(language(&argv), None);
    }
}
