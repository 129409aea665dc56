//! Programs that start a kernel on another machine, in a batch system, or by a service manager.

use super::options::{self, Long, Syntax};
use super::{Effect, Launcher, Passed, Variable, Walk};

/// The programs that are read here.
pub(super) const NAMES: [&str; 15] = [
    "ssh",
    "autossh",
    "mosh",
    "rsh",
    "gcloud",
    "srun",
    "sbatch",
    "salloc",
    "systemd-run",
    "kubectl",
    "oc",
    "machinectl",
    "qrsh",
    "qsub",
    "bsub",
];

/// Follows one of these programs; whether it is one.
pub(super) fn step(walk: &mut Walk<'_>, name: &str, words: &[String]) -> bool {
    match name {
        "ssh" | "autossh" | "mosh" | "rsh" => ssh(walk, name, words),
        "gcloud" if words.iter().any(|word| word == "ssh") => {
            walk.pass(Launcher::OtherMachine, "gcloud compute ssh", None);
        }
        "srun" | "sbatch" | "salloc" => slurm(walk, name, words),
        "systemd-run" => systemd_run(walk, words),
        "kubectl" | "oc" => walk.block(Launcher::Pod, Effect::DropsVariables, format!("{name} exec")),
        "machinectl" => walk.block(Launcher::Remote, Effect::DropsVariables, name.to_owned()),
        "qrsh" | "qsub" => grid_engine(walk, name, words),
        "bsub"
            if words
                .windows(2)
                .any(|pair| matches!(pair, [flag, value] if flag == "-env" && value == "none")) =>
        {
            walk.pass(Launcher::Remote, "bsub -env none", None);
        }
        _ => return false,
    }
    true
}

/// ssh(1) passes on what `SendEnv` and `SetEnv` name, if the other machine accepts it.
fn ssh(walk: &mut Walk<'_>, name: &str, words: &[String]) {
    let syntax = Syntax { short: "BbcDEeFIiJLlmOoPpQRSWw", long: Long::These(&["ssh"]) };
    let (found, rest) = options::split(words, &syntax);
    let sent = found.iter().filter_map(|option| option.value_of(&["-o"])).find_map(|option| {
        let (key, names) = option.split_once(['=', ' '])?;
        let is_meant = key.eq_ignore_ascii_case("SendEnv") || key.eq_ignore_ascii_case("SetEnv");
        names.split_whitespace().filter(|_| is_meant).find_map(|name| match name {
            "GOOGLE_*" | "GOOGLE_APPLICATION_*" => Some(Passed::Name),
            name => Passed::read(name),
        })
    });
    walk.pass(Launcher::OtherMachine, name, sent);
    // `ssh HOST bqcred exec -- COMMAND`: the other machine's own profile
    let remote: Vec<String> =
        rest.iter().skip(1).flat_map(|text| text.split_whitespace()).map(str::to_owned).collect();
    let by_bqcred = remote
        .windows(2)
        .any(|pair| matches!(pair, [program, exec] if super::base(program) == "bqcred" && exec == "exec"));
    if by_bqcred {
        walk.variable = Variable::Ours;
    } else if walk.handed.file.is_none() {
        walk.block(Launcher::OtherMachine, Effect::NoFile, name.to_owned());
    } else {
        walk.script(&rest.get(1..).unwrap_or_default().join(" "));
    }
}

/// Slurm passes the whole environment on, unless `--export` names what to.
fn slurm(walk: &mut Walk<'_>, name: &str, words: &[String]) {
    let syntax = Syntax {
        short: "ABCcdDegGiJLmMnNopqrStTUwWx",
        long: Long::AllBut(&[
            "exclusive",
            "label",
            "unbuffered",
            "verbose",
            "quiet",
            "pty",
            "overlap",
            "wait-all-nodes",
            "overcommit",
            "oversubscribe",
            "no-kill",
            "preserve-env",
            "spread-job",
            "contiguous",
            "hold",
            "immediate",
            "exact",
            "wait",
            "parsable",
            "requeue",
            "no-requeue",
            "test-only",
            "multi-prog",
            "mpi-combine",
            "disable-status",
        ]),
    };
    let (found, rest) = options::split(words, &syntax);
    let by_option = found.iter().rev().find_map(|option| option.value_of(&["--export"])).map(str::to_owned);
    let export = by_option.or_else(|| exported_by_variable(walk, name));
    if let Some(list) = export {
        let is_all = list.split(',').any(|word| word.eq_ignore_ascii_case("ALL"));
        let passed = Passed::in_list(&list).or(is_all.then_some(Passed::Name));
        walk.pass(Launcher::Slurm, &format!("{name} --export={list}"), passed);
    }
    walk.command(rest);
}

/// The variables that stand for `--export`, if the kernelspec sets one.
fn exported_by_variable(walk: &Walk<'_>, name: &str) -> Option<String> {
    let variable = if name == "srun" { "SLURM_EXPORT_ENV" } else { "SBATCH_EXPORT" };
    walk.handed.env.iter().find(|(name, _)| name == variable).and_then(|(_, value)| value.clone())
}

/// A service gets the manager's environment; `--scope` runs the command itself.
fn systemd_run(walk: &mut Walk<'_>, words: &[String]) {
    let flags = Long::AllBut(&[
        "user",
        "system",
        "scope",
        "pty",
        "pipe",
        "wait",
        "quiet",
        "collect",
        "remain-after-exit",
        "send-sighup",
        "no-block",
        "same-dir",
        "shell",
        "no-ask-password",
        "slice-inherit",
    ]);
    let (found, rest) = options::split(words, &Syntax { short: "EHMpu", long: flags });
    if !found.iter().any(|option| option.is(&["--scope"])) {
        let set = found.iter().find_map(|option| Passed::read(option.value_of(&["-E", "--setenv"])?));
        let property = || {
            let values = found.iter().filter_map(|option| option.value_of(&["-p", "--property"]));
            values.filter_map(|value| value.split_once('=')).find_map(|(key, value)| match key {
                "Environment" | "PassEnvironment" => {
                    value.split_whitespace().find_map(|word| Passed::read(word.trim_matches('"')))
                }
                _ => None,
            })
        };
        walk.pass(Launcher::SystemdRun, "systemd-run", set.or_else(property));
    }
    walk.command(rest);
}

/// Grid Engine passes nothing on but with `-V`, or `-v NAME[=VALUE],...`.
fn grid_engine(walk: &mut Walk<'_>, name: &str, words: &[String]) {
    let all = words.iter().any(|word| word == "-V").then_some(Passed::Name);
    let listed = words.windows(2).find_map(|pair| match pair {
        [flag, list] if flag == "-v" => Passed::in_list(list),
        _ => None,
    });
    walk.pass(Launcher::Remote, name, all.or(listed));
}
