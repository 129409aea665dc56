//! How a kernel gets the credential where its command keeps a kernelspec's variables off: what to add to that command, or
//! what to do where the kernel runs.

use std::path::Path;

use crate::handover::variables;
use crate::jupyter::changes::kernel_profile::KernelProfile;
use crate::jupyter::kernelspec::json::quote;
use crate::jupyter::kernelspec::launch::{Barrier, Effect, Launcher};

/// Where a container finds the profile's folder. The folder is mounted, not the file: a new credential is a new file, and
/// a mounted file would stay the old one.
pub(crate) const IN_CONTAINER: &str = "/run/bqcred";

/// The variables of a container that has the profile's folder at [`IN_CONTAINER`]. Nothing has to be cleared there: a
/// container inherits nothing.
pub(crate) fn container_variables(vars: &[(String, String)]) -> impl Iterator<Item = (&str, String)> {
    vars.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| {
        let value = if name == variables::ADC { format!("{IN_CONTAINER}/adc.json") } else { value.clone() };
        (name.as_str(), value)
    })
}

/// What works for this kernel, in one or more lines.
pub(crate) fn describe(barrier: &Barrier, profile: &KernelProfile) -> Vec<String> {
    const AGAIN: &str = "then `bqcred kernel install` again";
    let command = barrier.command.as_str();
    let there = "sign in where it runs, with `bqcred login` there, and put \"bqcred\", \"exec\", \"--\" in its argv in front of the kernel's own command"
        .to_owned();
    if barrier.effect == Effect::OtherCredential || barrier.launcher == Launcher::Script {
        return vec![format!("take {} out of its command or script, {AGAIN}", variables::ADC)];
    }
    let Some(file) = profile.credential_file() else {
        return vec![match barrier.launcher {
            Launcher::CleanEnvironment | Launcher::SystemdRun | Launcher::Slurm => {
                format!("put \"bqcred\", \"exec\", \"--\" in its argv behind the words of `{command}`")
            }
            _ => there,
        }];
    };
    let vars = profile.variables().iter().filter(|(_, value)| !value.is_empty());
    let assignments: Vec<String> = vars.clone().map(|(name, value)| format!("{name}={value}")).collect();
    let names = vars.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(",");
    let folder = Path::new(file).parent().unwrap_or(Path::new("/")).display().to_string();
    let words = |lead: &str, words: &[String]| {
        let words: Vec<String> = words.iter().map(|word| quote(word)).collect();
        vec![format!("{lead} add to its argv: {}", words.join(", ")), AGAIN.to_owned()]
    };
    let in_container = || {
        let vars = container_variables(profile.variables());
        vars.flat_map(|(name, value)| ["-e".to_owned(), format!("{name}={value}")])
    };
    match barrier.launcher {
        Launcher::ContainerRun => {
            let mount = ["-v".to_owned(), format!("{folder}:{IN_CONTAINER}:ro")];
            words("behind \"run\",", &mount.into_iter().chain(in_container()).collect::<Vec<_>>())
        }
        Launcher::ContainerExec => {
            let lead =
                format!("start that container with `-v {folder}:{IN_CONTAINER}:ro`, and behind \"exec\",");
            words(&lead, &in_container().collect::<Vec<_>>())
        }
        Launcher::Apptainer => {
            let options = ["--env".to_owned(), assignments.join(","), "--bind".to_owned(), folder];
            words("behind \"exec\",", &options)
        }
        Launcher::Sudo if barrier.effect == Effect::DropsVariables => {
            words("behind \"sudo\",", &[format!("--preserve-env={names}")])
        }
        Launcher::CleanEnvironment => words(&format!("behind `{command}`,"), &assignments),
        Launcher::Slurm => words("in place of its --export,", &[format!("--export=ALL,{names}")]),
        Launcher::SystemdRun => {
            let options: Vec<String> = assignments.iter().map(|pair| format!("--setenv={pair}")).collect();
            words("behind \"systemd-run\",", &options)
        }
        Launcher::OtherMachine => vec![
            there,
            format!(
                "or, if that machine has the same home folder and its sshd accepts the variables, add \"-o\", {}",
                quote(&format!("SendEnv={}", names.replace(',', " ")))
            ),
        ],
        Launcher::Sudo | Launcher::OtherAccount | Launcher::Pod | Launcher::Remote | Launcher::Script => {
            vec![there]
        }
    }
}
