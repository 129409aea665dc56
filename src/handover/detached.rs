//! Programs that start others which go on after them: those lose a credential that ends with `exec`.

use std::ffi::OsString;
use std::path::Path;

/// How a program leaves others running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DetachedKind {
    /// A queue runs them later, often on another machine.
    Queue,
    /// A cluster's processes, on this machine and others.
    Cluster,
    /// A container in the background.
    Container,
    /// Processes in the background, or in a session of their own.
    Background,
}

/// A program that leaves others running.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Detached {
    /// Its name, without a path.
    pub(crate) name: String,
    /// How.
    pub(crate) kind: DetachedKind,
}

/// Programs that run another one with some change, and are skipped.
const WRAPPERS: [&str; 6] = ["env", "nice", "ionice", "stdbuf", "time", "command"];

/// Whether a command line leaves processes running after it.
pub(crate) fn find(command: &[OsString]) -> Option<Detached> {
    let words: Vec<String> = command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let mut words = words.as_slice();
    loop {
        let (first, arguments) = words.split_first()?;
        let name = Path::new(first).file_name()?.to_str()?;
        if !WRAPPERS.contains(&name) {
            let kind = kind(name, arguments)?;
            return Some(Detached { name: name.to_owned(), kind });
        }
        let is_skipped = |word: &&String| {
            word.starts_with('-') || word.contains('=') || word.bytes().all(|byte| byte.is_ascii_digit())
        };
        let skipped = arguments.iter().take_while(is_skipped).count();
        words = arguments.get(skipped..)?;
    }
}

fn kind(name: &str, arguments: &[String]) -> Option<DetachedKind> {
    use DetachedKind::{Background, Cluster, Container, Queue};
    let has = |wanted: &[&str]| arguments.iter().any(|word| wanted.contains(&word.as_str()));
    match name {
        "sbatch" | "qsub" | "bsub" | "at" | "batch" => Some(Queue),
        "ray" => (has(&["start"]) && !has(&["--block"])).then_some(Cluster),
        "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" => {
            is_detached_container(arguments).then_some(Container)
        }
        "nohup" | "setsid" | "daemonize" | "daemon" | "start-stop-daemon" | "pm2" => Some(Background),
        "tmux" | "screen" | "byobu" | "zellij" => {
            // what only looks at sessions starts nothing
            let looks =
                ["ls", "list-sessions", "-ls", "-V", "-v", "--version", "kill-session", "kill-server"];
            (!has(&looks)).then_some(Background)
        }
        "systemd-run" => {
            let stays = ["--scope", "--wait", "--pipe", "--pty", "--shell", "-P", "-t", "-S"];
            (!has(&stays)).then_some(Background)
        }
        "sh" | "bash" | "dash" | "zsh" | "ksh" | "fish" => {
            let after_option = arguments.windows(2).find_map(|pair| match pair {
                [option, script] if is_script_option(option) => Some(script),
                _ => None,
            });
            let script = after_option?.trim_end();
            (script.ends_with('&') && !script.ends_with("&&")).then_some(Background)
        }
        _ => None,
    }
}

/// `-c`, alone or with others (`-lc`).
fn is_script_option(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}

/// `run -d`, `up -d`, `start`: before the image's name, where the options are the engine's.
fn is_detached_container(arguments: &[String]) -> bool {
    let Some(at) =
        arguments.iter().position(|word| matches!(word.as_str(), "run" | "up" | "create" | "start"))
    else {
        return false;
    };
    if arguments.get(at).is_some_and(|word| matches!(word.as_str(), "create" | "start")) {
        return true;
    }
    let is_detach = |word: &String| {
        let is_short = word.starts_with('-') && !word.starts_with("--") && word.contains('d');
        // `-edebug` and `-v/data` are values of others
        let letters = word.trim_start_matches('-');
        matches!(word.as_str(), "--detach" | "--detach=true")
            || (is_short && letters.bytes().all(|byte| b"ditPqT".contains(&byte)))
    };
    arguments.iter().skip(at).any(is_detach)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Option<DetachedKind> {
        let words: Vec<OsString> = line.split('|').map(OsString::from).collect();
        find(&words).map(|detached| detached.kind)
    }

    #[test]
    fn programs_that_leave_others_running_are_found() {
        use DetachedKind::{Background, Cluster, Container, Queue};
        for (line, kind) in [
            ("sbatch|job.sh", Queue),
            ("/usr/bin/at|now", Queue),
            ("ray|start|--head", Cluster),
            ("docker|run|-d|image", Container),
            ("docker|run|-itd|image", Container),
            ("podman|--log-level|debug|run|--rm|--detach|image|sleep|1", Container),
            ("docker|compose|up|-d", Container),
            ("nohup|python3|job.py", Background),
            ("env|A=1|nice|-n|5|setsid|x", Background),
            ("tmux|new|-s|work", Background),
            ("tmux", Background),
            ("screen|-dmS|work|x", Background),
            ("systemd-run|--user|x", Background),
            ("bash|-lc|python3 job.py &", Background),
        ] {
            assert_eq!(found(line), Some(kind), "{line}");
        }
    }

    #[test]
    fn others_are_not() {
        for line in [
            "python3|job.py",
            "jupyter|lab",
            "srun|job.sh",
            "ray|start|--head|--block",
            "ray|status",
            "docker|run|--rm|-it|image",
            "docker|run|-edebug|image",
            "docker|ps",
            "tmux|ls",
            "systemd-run|--scope|x",
            "bash|-c|a && b",
            "bash|-c|a & wait",
            "bash|job.sh",
            "env|A=1",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
