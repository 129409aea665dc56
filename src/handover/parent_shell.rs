//! Which shell will evaluate what is printed, by the processes above this one.
//!
//! `$SHELL` is the user's login shell, not the one that runs this. That is the parent process, unless a
//! program in between passes the output on: `sudo`, `time`, an editor. Those are skipped. An unknown
//! program ends the search: the processes above it do not see this output.
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

/// How far up to look; sudo within an editor within a terminal's script needs far less.
const FARTHEST: usize = 16;

/// A program above this one.
#[derive(Clone, Debug)]
struct Program {
    /// Its names, the likeliest first: what the process calls itself, and its file's.
    names: Vec<String>,
    /// The process that started it.
    parent: u32,
}

/// The line to type so that the shell evaluates what this `bqcred env …` prints.
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
    fn programs_that_pass_output_on_are_skipped() {
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
    fn an_unknown_program_or_a_missing_parent_gives_no_shell() {
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
