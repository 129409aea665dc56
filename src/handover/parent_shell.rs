//! Which shell evaluates the output of `env`, by the processes above this one.
//!
//! `$SHELL` is the login shell, not the shell that runs this command. That is the parent process, or, if the parent
//! is a program that passes the output on (`sudo`, `time`, an editor), the next one above it. The search ends at an
//! unknown program.
//!
//! This runs at every shell start: in the common case it reads one small file.

use crate::handover::format::Dialect;
use crate::system::processes::{self, Ancestor};

/// Programs that run another one and pass on its output, and editors that run commands for a shell's user. Names as
/// the system shortens them, to 15 bytes.
#[rustfmt::skip]
const TRANSPARENT: &[&str] = &[
    "bqcred",
    "sudo", "doas", "su", "runuser", "pkexec", "setpriv",
    "env", "nice", "ionice", "chrt", "taskset", "nohup", "setsid", "time", "timeout", "stdbuf", "unbuffer", "watch",
    "script", "strace", "ltrace", "perf", "valgrind", "faketime", "rlwrap",
    "unshare", "nsenter", "bwrap", "firejail", "systemd-run", "dbus-run-sessio", "ssh-agent",
    "vi", "vim", "nvim", "emacs", "nano", "hx", "helix", "kak", "micro",
];

/// The highest ancestor that is searched.
const FARTHEST: usize = 16;

/// A program above this one.
#[derive(Clone, Debug)]
struct Program {
    /// The name of its process, and that of its file if the first is unknown.
    names: Vec<String>,
    /// The id of its parent.
    parent: u32,
}

/// The line to type in the parent shell to evaluate the output of `env`: `bqcred env` with its options.
pub(crate) fn line(env: &str) -> String {
    dialect().unwrap_or(Dialect::Posix).line(env)
}

/// The dialect of the shell above this process; `None` if no known shell is found.
pub(crate) fn dialect() -> Option<Dialect> {
    walk(std::os::unix::process::parent_id(), program)
}

fn walk(start: u32, program: impl Fn(u32) -> Option<Program>) -> Option<Dialect> {
    let mut pid = start;
    for _ in 0..FARTHEST {
        if pid == 0 {
            return None;
        }
        let program = program(pid)?;
        if let Some(dialect) = program.names.iter().find_map(|name| Dialect::from_shell_name(name)) {
            return Some(dialect);
        }
        if !program.names.iter().any(|name| is_transparent(name)) {
            return None;
        }
        pid = program.parent;
    }
    None
}

/// Whether this is one of [`TRANSPARENT`], or one of Debian's builds of an editor (`vim.basic`).
fn is_transparent(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    TRANSPARENT.contains(&name) || name.starts_with("vim.") || name.starts_with("emacs-")
}

fn program(pid: u32) -> Option<Program> {
    let Ancestor { name, parent } = processes::ancestor(pid)?;
    let mut names = vec![name];
    let is_known = names.iter().any(|name| Dialect::from_shell_name(name).is_some() || is_transparent(name));
    if !is_known {
        names.extend(processes::program_name(pid));
    }
    Some(Program { names, parent })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dialect below a chain of processes, the nearest first.
    fn below(chain: &[&str]) -> Option<Dialect> {
        walk(1000, |pid| {
            let depth = usize::try_from(pid - 1000).unwrap();
            let names = chain.get(depth)?.split(' ').map(str::to_owned).collect();
            Some(Program { names, parent: pid + 1 })
        })
    }

    #[test]
    fn the_nearest_shell_is_found() {
        assert_eq!(below(&["fish", "bash", "init"]), Some(Dialect::Fish));
        assert_eq!(below(&["bash", "fish", "init"]), Some(Dialect::Posix));
        assert_eq!(below(&["-tcsh"]), Some(Dialect::Tcsh));
    }

    #[test]
    fn programs_that_pass_output_on_are_skipped() {
        assert_eq!(below(&["sudo", "sudo", "fish"]), Some(Dialect::Fish));
        assert_eq!(below(&["timeout", "nice", "env", "elvish"]), Some(Dialect::Elvish));
        assert_eq!(below(&["vim.basic", "nu"]), Some(Dialect::Nushell));
        assert_eq!(below(&["emacs-gtk", "tcsh"]), Some(Dialect::Tcsh));
        assert_eq!(below(&["dbus-run-sessio", "pwsh"]), Some(Dialect::PowerShell));
    }

    #[test]
    fn a_script_is_recognised_by_its_interpreter() {
        assert_eq!(below(&["setup.sh bash", "fish"]), Some(Dialect::Posix));
        assert_eq!(below(&["sudo", "deploy fish"]), Some(Dialect::Fish));
    }

    #[test]
    fn an_unknown_program_ends_the_search() {
        assert_eq!(below(&["python3", "fish"]), None);
        assert_eq!(below(&["systemd", "fish"]), None);
        assert_eq!(below(&[]), None);
        assert_eq!(below(&["sudo"; 40]), None);
        assert_eq!(walk(0, |_| None), None);
    }

    #[test]
    fn this_process_has_a_parent() {
        assert_eq!(program(std::process::id()).unwrap().parent, std::os::unix::process::parent_id());
    }
}
