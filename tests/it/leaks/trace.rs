//! The system calls of a program, by strace(1): which programs it started, with which arguments and
//! environments, and what it wrote where.

use std::path::{Path, PathBuf};

use crate::common::{Invocation, Run, Sandbox, find_program, missing};

/// The system calls by which a text can leave a process.
const CALLS: &str = "trace=execve,execveat,write,writev,pwrite64,pwritev,sendto,sendmsg,sendmmsg,symlink,symlinkat,\
                     link,linkat,rename,renameat,renameat2,openat,mkdir,mkdirat,setxattr,prctl";

/// A place for traces.
pub struct Tracer {
    strace: PathBuf,
    folder: tempfile::TempDir,
    count: std::cell::Cell<usize>,
}

/// One call: its name, and its arguments as strace writes them.
pub struct Call<'t> {
    pub name: &'t str,
    pub arguments: &'t str,
}

impl Tracer {
    /// `None`, reported as skipped, where there is no strace.
    pub fn new() -> Option<Tracer> {
        let Some(strace) = find_program("strace") else {
            missing("strace");
            return None;
        };
        Some(Tracer { strace, folder: tempfile::tempdir().unwrap(), count: 0.into() })
    }

    /// Runs bqcred as `prepare` sets it up, with all its children; returns the run and its calls.
    pub fn run(
        &self,
        sandbox: &Sandbox,
        words: &[&str],
        prepare: impl FnOnce(Invocation) -> Invocation,
    ) -> (Run, String) {
        self.count.set(self.count.get() + 1);
        let file = self.folder.path().join(self.count.get().to_string());
        let options = ["-f", "-y", "-v", "-s", "1000000", "-e", CALLS, "-o", file.to_str().unwrap()];
        let all = [&options, &[env!("CARGO_BIN_EXE_bqcred")][..], words].concat();
        let run = prepare(sandbox.program(&self.strace, &all)).run();
        (run, std::fs::read_to_string(&file).unwrap())
    }
}

/// The calls of a trace.
pub fn calls(trace: &str) -> impl Iterator<Item = Call<'_>> {
    trace.lines().filter_map(|line| {
        // PID NAME(ARGUMENTS
        let (_, call) = line.split_once(' ')?;
        let (name, arguments) = call.trim_start().split_once('(')?;
        name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_').then_some(Call { name, arguments })
    })
}

impl Call<'_> {
    /// Where a write goes: the path of its file descriptor, with the number of that.
    pub fn target(&self) -> (&str, &Path) {
        let Some((number, rest)) = self.arguments.split_once('<') else { return ("", Path::new("")) };
        let end = rest.find('>').unwrap_or(0);
        (number, Path::new(rest.get(..end).unwrap_or("")))
    }
}
