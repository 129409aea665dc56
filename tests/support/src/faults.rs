//! Programs that are killed, or whose disk fails, at a given system call: `faults.c`, compiled once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::programs::{find_program, missing};
use super::sandbox::target_folder;

const SOURCE: &str = include_str!("faults/faults.c");

/// The compiled program; `None` where there is no C compiler, or the kernel does not hand calls over.
pub fn faults() -> Option<&'static Path> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let Some(compiler) = find_program("cc") else {
            missing("cc");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("faults-").tempdir_in(target_folder()).unwrap();
        let (source, made) = (folder.path().join("faults.c"), folder.path().join("faults"));
        std::fs::write(&source, SOURCE).unwrap();
        let mut compile = Command::new(compiler);
        compile.args(["-O1", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&made).arg(&source);
        assert!(compile.status().unwrap().success());
        // one name for all test crates
        let program = target_folder().join("faults");
        std::fs::rename(made, &program).unwrap();
        let log = folder.path().join("log");
        let mut tried = Command::new(&program);
        tried.arg(&log).args(["count", "0", "/nowhere", "--", "/bin/true"]);
        if !tried.status().unwrap().success() {
            missing("seccomp's user notification (Linux 5.6, and a container that allows it)");
            return None;
        }
        Some(program)
    });
    program.as_deref()
}
