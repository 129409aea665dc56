//! Whether a kernel's command hands its environment on to the kernel: `docker run`, `ssh`, `sudo` or `env -i` in it do
//! not, and a kernelspec's `env` reaches the launcher only.
//!
//! Commands are read as far as it takes to see that, also through shell scripts and `bash -c`. A program that is not
//! known hands the environment on, as programs do.

mod accounts;
mod containers;
mod elsewhere;
mod options;
mod shell;

use std::path::Path;

use crate::handover::variables;
use crate::jupyter::kernelspec::files;
use crate::system::env;

/// More bytes than any script has that starts a kernel.
const MAX_SCRIPT: u64 = 64 << 10;
/// More launchers than any command has one inside the other.
const MAX_DEPTH: u8 = 12;

/// Shells, whose text or script is read.
const SHELLS: [&str; 7] = ["sh", "bash", "dash", "zsh", "ksh", "ash", "mksh"];
/// Programs that start the command behind their own words in the same environment.
const TRANSPARENT: [&str; 22] = [
    "bqcred",
    "nice",
    "ionice",
    "nohup",
    "setsid",
    "stdbuf",
    "timeout",
    "taskset",
    "numactl",
    "chrt",
    "time",
    "exec",
    "command",
    "conda",
    "mamba",
    "micromamba",
    "pixi",
    "uv",
    "poetry",
    "pipenv",
    "xvfb-run",
    "busybox",
];
/// Python modules and scripts that start a kernel on another machine or in a container.
const REMOTE: [&str; 9] = [
    "remote_ikernel",
    "ssh_ipykernel",
    "sshkernel",
    "remote_kernel",
    "remote_ipykernel",
    "dockernel",
    "launch_kubernetes.py",
    "launch_docker.py",
    "launch_custom_resource.py",
];

/// What is handed to a kernel by its kernelspec.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handed<'a> {
    /// The credential file that `GOOGLE_APPLICATION_CREDENTIALS` names; none for `bqcred exec`, whose credential only
    /// programs in the same system can open.
    pub(crate) file: Option<&'a Path>,
    /// The kernelspec's folder, for `{resource_dir}`.
    pub(crate) folder: &'a Path,
    /// The variables that the kernelspec sets for its command.
    pub(crate) env: &'a [(String, Option<String>)],
}

/// Why a kernel does not get the credential that its kernelspec names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Barrier {
    /// What keeps it off.
    pub(crate) launcher: Launcher,
    /// In which way.
    pub(crate) effect: Effect,
    /// The launcher as it stands in the command: `docker run`, `sudo -u bob`.
    pub(crate) command: String,
}

/// The kinds of launchers, each of which has its own way to hand something on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Launcher {
    /// `env -i`, `bwrap --clearenv` and similar.
    CleanEnvironment,
    /// `sudo`, `doas`.
    Sudo,
    /// `su`, `runuser` and others that change the user.
    OtherAccount,
    /// `docker run`, `podman run`.
    ContainerRun,
    /// `docker exec`, in a container that runs already.
    ContainerExec,
    /// Apptainer, and Singularity as it was called before.
    Apptainer,
    /// `ssh` and similar.
    OtherMachine,
    /// `srun`, `sbatch`, `salloc`.
    Slurm,
    /// `systemd-run`.
    SystemdRun,
    /// `kubectl exec`, `oc exec`.
    Pod,
    /// A script that changes the variable itself.
    Script,
    /// Kernels that a program starts elsewhere in its own way.
    Remote,
}

/// What a launcher does to the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It does not pass the variables on.
    DropsVariables,
    /// The kernel runs as another user, who can't read the credential file.
    OtherUser,
    /// The variable is passed on, but the file is not there.
    NoFile,
    /// The command names another credential.
    OtherCredential,
}

impl Barrier {
    /// Why the kernel does not get the credential, to follow its name and a colon.
    pub(crate) fn describe(&self) -> String {
        let command = &self.command;
        match self.effect {
            Effect::DropsVariables => format!("`{command}` does not pass the environment on to it"),
            Effect::OtherUser => {
                format!("`{command}` runs it as another user, who can't read this credential")
            }
            Effect::NoFile => format!("the credential file can't be read where `{command}` runs it"),
            Effect::OtherCredential => {
                format!("`{command}` sets {} itself, to another file", variables::ADC)
            }
        }
    }
}

/// What keeps the credential from the kernel that this command starts; `None` if it gets it.
pub(crate) fn barrier(argv: &[String], handed: &Handed<'_>) -> Option<Barrier> {
    let folder = handed.folder.to_string_lossy();
    let argv: Vec<String> = argv.iter().map(|word| word.replace("{resource_dir}", &folder)).collect();
    Walk { handed, variable: Variable::Ours, found: None, depth: 0 }.follow(&argv)
}

/// What became of `GOOGLE_APPLICATION_CREDENTIALS` on the way to the kernel.
#[derive(Clone, Debug)]
enum Variable {
    Ours,
    Dropped(Barrier),
    Set(String, Barrier),
}

/// How a launcher passes the variable on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Passed {
    /// With the value that it has.
    Name,
    /// With this value.
    Value(String),
}

impl Passed {
    /// `NAME` or `NAME=VALUE`, if it is about the variable.
    fn read(text: &str) -> Option<Passed> {
        match text.trim().strip_prefix(variables::ADC)? {
            "" => Some(Passed::Name),
            rest => rest.strip_prefix('=').map(|value| Passed::Value(value.to_owned())),
        }
    }

    /// The same in a list with commas.
    fn in_list(text: &str) -> Option<Passed> {
        text.split(',').find_map(Passed::read)
    }
}

#[derive(Clone, Debug)]
struct Walk<'a> {
    handed: &'a Handed<'a>,
    variable: Variable,
    /// What keeps the credential off whatever the variable is.
    found: Option<Barrier>,
    depth: u8,
}

impl Walk<'_> {
    fn follow(mut self, words: &[String]) -> Option<Barrier> {
        self.command(words);
        self.found.or(match self.variable {
            Variable::Ours => None,
            Variable::Dropped(barrier) => Some(barrier),
            Variable::Set(value, barrier) => (!is_ours(&value, self.handed.file)).then_some(barrier),
        })
    }

    /// Follows a command to the kernel.
    fn command(&mut self, words: &[String]) {
        self.depth += 1;
        let Some((first, rest)) = words.split_first() else { return };
        if self.depth > MAX_DEPTH {
            return;
        }
        let name = base(first);
        if accounts::step(self, name, rest)
            || containers::step(self, name, rest)
            || elsewhere::step(self, name, rest)
        {
            return;
        }
        if SHELLS.contains(&name) {
            self.shell(rest);
        } else if TRANSPARENT.contains(&name) {
            if let Some(at) = rest.iter().position(|word| is_known(base(word))) {
                self.command(rest.get(at..).unwrap_or_default());
            }
        } else if words.iter().take(4).any(|word| REMOTE.contains(&base(word))) {
            self.block(Launcher::Remote, Effect::DropsVariables, name.to_owned());
        } else {
            self.script_file(first);
        }
    }

    /// `sh [-c TEXT | FILE]`.
    fn shell(&mut self, words: &[String]) {
        let syntax = options::Syntax { short: "oO", long: options::Long::These(&["rcfile", "init-file"]) };
        let (found, rest) = options::split(words, &syntax);
        match (rest.first(), found.iter().any(|option| option.is(&["-c"]))) {
            (Some(text), true) => self.script(text),
            (Some(file), false) => self.script_file(file),
            (None, _) => {}
        }
    }

    /// A program that may be a shell script.
    fn script_file(&mut self, program: &str) {
        let path = match program.contains('/') {
            true => Some(program.into()),
            false => env::find_program(program),
        };
        let Some(bytes) = path.and_then(|path| files::read(&path, MAX_SCRIPT).ok()) else { return };
        let Ok(text) = std::str::from_utf8(&bytes) else { return };
        let interpreter = text.strip_prefix("#!").and_then(|text| text.lines().next()).unwrap_or_default();
        if interpreter.split_whitespace().any(|word| SHELLS.contains(&base(word))) {
            self.script(text);
        }
    }

    /// Follows the commands of a shell text that start the kernel: those that take the script's arguments or name a
    /// kernel's program, and the last.
    fn script(&mut self, text: &str) {
        let commands = shell::commands(text);
        for (position, words) in commands.iter().enumerate() {
            let words = self.assignments(words);
            let is_last = position + 1 == commands.len();
            if !is_last && !words.iter().any(|word| names_kernel(word)) {
                continue;
            }
            if let Some(barrier) = self.clone().follow(words) {
                self.found.get_or_insert(barrier);
                return;
            }
        }
    }

    /// The command behind keywords and assignments, with what it does to the variable.
    fn assignments<'w>(&mut self, words: &'w [String]) -> &'w [String] {
        const KEYWORDS: [&str; 10] = ["if", "then", "else", "elif", "do", "while", "until", "!", "{", "eval"];
        let is_prefix = |word: &String| {
            KEYWORDS.contains(&word.as_str())
                || word.split_once('=').is_some_and(|(name, _)| {
                    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                })
        };
        let start = words.iter().position(|word| !is_prefix(word)).unwrap_or(words.len());
        let (prefix, command) = words.split_at(start);
        let arguments = command.get(1..).unwrap_or_default();
        let (set, unset) = match command.first().map(String::as_str) {
            Some("export" | "declare" | "typeset" | "readonly") => (arguments, &[][..]),
            Some("unset") => (&[][..], arguments),
            _ => (prefix, &[][..]),
        };
        let barrier =
            |effect| Barrier { launcher: Launcher::Script, effect, command: "its script".to_owned() };
        for word in set {
            if let Some(Passed::Value(value)) = Passed::read(word) {
                self.variable = Variable::Set(value, barrier(Effect::OtherCredential));
            }
        }
        if unset.iter().any(|word| word == variables::ADC) {
            self.variable = Variable::Dropped(barrier(Effect::DropsVariables));
        }
        command
    }

    /// Passes a launcher that takes the variable along only as `passed` says.
    fn pass(&mut self, launcher: Launcher, command: &str, passed: Option<Passed>) {
        let barrier = |effect| Barrier { launcher, effect, command: command.to_owned() };
        match passed {
            Some(Passed::Name) => {}
            Some(Passed::Value(value)) => {
                self.variable = Variable::Set(value, barrier(Effect::OtherCredential));
            }
            None => self.variable = Variable::Dropped(barrier(Effect::DropsVariables)),
        }
    }

    /// Nothing later in the command helps.
    fn block(&mut self, launcher: Launcher, effect: Effect, command: String) {
        self.found.get_or_insert(Barrier { launcher, effect, command });
    }
}

/// Whether a value of the variable is the credential file that is handed over.
fn is_ours(value: &str, file: Option<&Path>) -> bool {
    let reference = ["$GOOGLE_APPLICATION_CREDENTIALS", "${GOOGLE_APPLICATION_CREDENTIALS"];
    reference.iter().any(|start| value.starts_with(start))
        || file.is_some_and(|file| Path::new(value) == file)
}

/// The name of a program without its folder.
fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn is_known(name: &str) -> bool {
    SHELLS.contains(&name)
        || TRANSPARENT.contains(&name)
        || accounts::NAMES.contains(&name)
        || containers::NAMES.contains(&name)
        || elsewhere::NAMES.contains(&name)
}

/// Whether a word of a script is what starts the kernel: the script's arguments, or the program of a kernel.
fn names_kernel(word: &str) -> bool {
    let arguments = ["$@", "$*", "${@", "${*"];
    let positional = word.split('$').skip(1).any(|rest| {
        rest.strip_prefix('{').unwrap_or(rest).starts_with(|c: char| c.is_ascii_digit() && c != '0')
    });
    positional
        || arguments.iter().any(|text| word.contains(text))
        || ["ipykernel", "IRkernel", "connection_file"].iter().any(|text| word.contains(text))
}

#[cfg(test)]
mod tests;
