//! Which shell will evaluate what is printed, by the processes above this one.
//!
//! `$SHELL` is the shell that a person logs in with, not the one that asks. The parent process is,
//! unless something stands between that passes its output on: `sudo`, `time`, an editor. Those are
//! walked past. An unknown program ends the walk: what lies above it does not see this output.
//!
//! This runs at every shell start: in the common case it reads one small file.

use crate::handover::format::Dialect;

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

/// One process, as far as it matters here.
#[derive(Clone, Debug)]
struct Process {
    /// The program's names, the likeliest first: what the process calls itself, and its file's.
    names: Vec<String>,
    parent: u32,
}

/// The line that a person types to make their shell take over what this `bqcred env …` prints.
pub(crate) fn line(env: &str) -> String {
    dialect().unwrap_or(Dialect::Posix).line(env)
}

/// The dialect of the shell above this process, if there is one that we know.
pub(crate) fn dialect() -> Option<Dialect> {
    #[cfg(unix)]
    return walk(std::os::unix::process::parent_id(), look);
    #[cfg(not(unix))]
    None
}

fn walk(start: u32, look: impl Fn(u32) -> Option<Process>) -> Option<Dialect> {
    let mut pid = start;
    for _ in 0..FARTHEST {
        if pid == 0 {
            return None;
        }
        let process = look(pid)?;
        if let Some(dialect) = process.names.iter().find_map(|name| Dialect::from_shell_name(name)) {
            return Some(dialect);
        }
        if !process.names.iter().any(|name| is_transparent(name)) {
            return None;
        }
        pid = process.parent;
    }
    None
}

/// Whether this is one of [`TRANSPARENT`], or an editor as Debian names its builds.
fn is_transparent(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    TRANSPARENT.contains(&name) || name.starts_with("vim.") || name.starts_with("emacs-")
}

/// proc(5): `/proc/PID/stat` is `pid (name) state ppid …`, where the name may hold blanks and brackets.
#[cfg(any(target_os = "linux", target_os = "android", test))]
fn parse_stat(stat: &str) -> Option<Process> {
    let (_, rest) = stat.split_once('(')?;
    let (name, rest) = rest.rsplit_once(')')?;
    let parent = rest.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(Process { names: vec![name.to_owned()], parent })
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn look(pid: u32) -> Option<Process> {
    use std::io::Read;
    let mut stat = [0; 128]; // what we want stands at its beginning, and one read gives as much as fits
    let length = std::fs::File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut stat).ok()?;
    let mut process = parse_stat(&String::from_utf8_lossy(stat.get(..length)?))?;
    let known =
        process.names.iter().any(|name| Dialect::from_shell_name(name).is_some() || is_transparent(name));
    if !known {
        // A script run by its `#!` line calls itself by the script's name; its file is the shell.
        let file = std::fs::read_link(format!("/proc/{pid}/exe")).ok();
        process.names.extend(file.and_then(|file| Some(file.file_name()?.to_str()?.to_owned())));
    }
    Some(process)
}

/// ps(1) elsewhere: `ppid comm`, where comm may be a whole path.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn look(pid: u32) -> Option<Process> {
    let output = std::process::Command::new("/bin/ps")
        .args(["-o", "ppid=", "-o", "comm=", "-p", &pid.to_string()])
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .output()
        .ok()?;
    parse_ps(std::str::from_utf8(&output.stdout).ok()?)
}

#[cfg(any(all(unix, not(any(target_os = "linux", target_os = "android"))), test))]
fn parse_ps(line: &str) -> Option<Process> {
    let (parent, name) = line.trim().split_once(' ')?;
    Some(Process { names: vec![name.trim().to_owned()], parent: parent.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dialect below a chain of processes, the nearest first.
    fn below(chain: &[&str]) -> Option<Dialect> {
        walk(1000, |pid| {
            let depth = usize::try_from(pid - 1000).unwrap();
            let names = chain.get(depth)?.split(' ').map(str::to_owned).collect();
            Some(Process { names, parent: pid + 1 })
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
    fn names_with_blanks_and_brackets_are_read_right() {
        let process = parse_stat("12 (a) (b) S) R 7 12 12 0 -1").unwrap();
        assert_eq!((process.names.as_slice(), process.parent), (["a) (b) S".to_owned()].as_slice(), 7));
        assert!(parse_stat("").is_none() && parse_stat("1 (x").is_none() && parse_stat("1 (x) S").is_none());
        let process = parse_ps("  431 /bin/zsh\n").unwrap();
        assert_eq!((process.names.as_slice(), process.parent), (["/bin/zsh".to_owned()].as_slice(), 431));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_found_in_the_table() {
        let own = look(std::process::id()).unwrap();
        assert_eq!(own.parent, std::os::unix::process::parent_id());
    }
}
