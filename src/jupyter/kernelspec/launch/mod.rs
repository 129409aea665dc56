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
mod walk;

use std::path::Path;

use crate::handover::variables;
use walk::{Passed, Variable, Walk, is_ours};

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
    Walk::new(handed).follow(&argv)
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

#[cfg(test)]
mod tests;
