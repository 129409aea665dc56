//! Which shell will evaluate what is printed, by the processes above this one.
//!
//! `$SHELL` is the shell that a person logs in with, not the one that asks. The parent process is,
//! unless something stands between that passes its output on: `sudo`, `time`, an editor. Those are
//! walked past. An unknown program ends the walk: what lies above it does not see this output.
//!
//! This runs at every shell start: in the common case it reads one small file.

use crate::handover::format::Dialect;
use crate::system::processes::{self, Ancestor};

/// Programs that start another one and leave its standard output alone, and editors, which start theirs
/// for a shell's user. As the system shortens names: at most 15 bytes.
#[rustfmt::skip]
const TRANSPARENT: &[&str] = &[
    "bqcred",
    "sudo", "doas", "su", "runuser", "pkexec", "setpriv",
    "env", "nice", "ionice", "chrt", "taskset", "nohup", "setsid", "time", "timeout", "stdbuf", "unbuffer", "watch",
    "script", "strace", "ltrace", "perf", "valgrind", "faketime", "rlwrap",
    "unshare", "nsenter", "bwrap", "firejail", "systemd-run", "dbus-run-sessio", "ssh-agent",
    "vi", "vim", "nvim", "emacs", "nano", "hx", "helix", "kak", "micro",
];

/// How far up to look; sudo within an editor within a terminal's script is nowhere near.
const FARTHEST: usize = 16;

/// A program above this one.
#[derive(Clone, Debug)]
struct Program {
    /// Its names, the likeliest first: what the process calls itself, and its file's.
    names: Vec<String>,
    /// The process that started it.
    parent: u32,
}

/// The line that a person types to make their shell take over what this `bqcred env …` prints.
pub(crate) fn line(env: &str) -> String {
    dialect().unwrap_or(Dialect::Posix).line(env)
}

/// The dialect of the shell above this process, if there is one that we know.
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

/// Whether this is one of [`TRANSPARENT`], or an editor as Debian names its builds.
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
    fn the_nearest_shell_decides() {
        assert_eq!(below(&["fish", "bash", "init"]), Some(Dialect::Fish));
        assert_eq!(below(&["bash", "fish", "init"]), Some(Dialect::Posix));
        assert_eq!(below(&["-tcsh"]), Some(Dialect::Tcsh));
    }

    #[test]
    fn what_passes_output_on_is_walked_past() {
        assert_eq!(below(&["sudo", "sudo", "fish"]), Some(Dialect::Fish));
        assert_eq!(below(&["timeout", "nice", "env", "elvish"]), Some(Dialect::Elvish));
        assert_eq!(below(&["vim.basic", "nu"]), Some(Dialect::Nushell));
        assert_eq!(below(&["emacs-gtk", "tcsh"]), Some(Dialect::Tcsh));
        assert_eq!(below(&["dbus-run-sessio", "pwsh"]), Some(Dialect::PowerShell));
    }

    #[test]
    fn a_script_is_known_by_its_interpreter() {
        assert_eq!(below(&["setup.sh bash", "fish"]), Some(Dialect::Posix));
        assert_eq!(below(&["sudo", "deploy fish"]), Some(Dialect::Fish));
    }

    #[test]
    fn an_unknown_program_or_the_end_of_the_line_is_no_guess() {
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
