//! Programs that start a kernel in a container.

use std::path::{Path, PathBuf};

use super::options::{self, Long, Opt, Syntax};
use super::{Effect, Launcher, MAX_SCRIPT, Passed, Variable, Walk, is_ours};
use crate::handover::variables;
use crate::jupyter::kernelspec::files;

/// The programs that are read here.
pub(super) const NAMES: [&str; 11] = [
    "docker",
    "podman",
    "nerdctl",
    "docker-compose",
    "podman-compose",
    "apptainer",
    "singularity",
    "lxc",
    "incus",
    "crictl",
    "udocker",
];

/// Options without a value of `docker run`, `docker exec`, podman's and compose's.
const FLAGS: [&str; 34] = [
    "detach",
    "init",
    "interactive",
    "tty",
    "privileged",
    "rm",
    "read-only",
    "no-healthcheck",
    "oom-kill-disable",
    "publish-all",
    "sig-proxy",
    "disable-content-trust",
    "quiet",
    "help",
    "env-host",
    "replace",
    "tls-verify",
    "no-hosts",
    "no-hostname",
    "rootfs",
    "rmi",
    "passwd",
    "http-proxy",
    "read-only-tmpfs",
    "latest",
    "build",
    "no-deps",
    "quiet-pull",
    "remove-orphans",
    "service-ports",
    "use-aliases",
    "no-tty",
    "no-TTY",
    "debug",
];

/// Follows one of these programs; whether it is one.
pub(super) fn step(walk: &mut Walk<'_>, name: &str, words: &[String]) -> bool {
    match name {
        "apptainer" | "singularity" => apptainer(walk, name, words),
        _ if NAMES.contains(&name) => docker(walk, name, words),
        _ => return false,
    }
    true
}

fn docker(walk: &mut Walk<'_>, name: &str, words: &[String]) {
    const COMMANDS: [&str; 4] = ["run", "exec", "create", "start"];
    let Some(at) = words.iter().position(|word| COMMANDS.contains(&word.as_str())) else { return };
    let (command, rest) =
        words.get(at..).and_then(<[_]>::split_first).map_or(("", words), |(c, r)| (c.as_str(), r));
    let syntax = Syntax { short: "aceEhlmpuvwf", long: Long::AllBut(&FLAGS) };
    let (found, _image_and_command) = options::split(rest, &syntax);
    let shown = format!("{name} {command}");
    let passed = found.iter().find_map(passed_by).or_else(|| found.iter().find_map(in_env_file));
    if command == "exec" || command == "start" {
        // where the running container has the file can't be seen: a value that the user chose is right
        match passed {
            Some(_) if walk.handed.file.is_some() => walk.variable = Variable::Ours,
            Some(_) => walk.block(Launcher::ContainerExec, Effect::NoFile, shown),
            None => walk.pass(Launcher::ContainerExec, &shown, None),
        }
        return;
    }
    let value = match (&passed, walk.handed.file) {
        (Some(Passed::Value(value)), Some(file)) if is_ours(value, None) => Some(file.to_owned()),
        (Some(Passed::Value(value)), _) => Some(PathBuf::from(value)),
        (Some(Passed::Name), Some(file)) => Some(file.to_owned()),
        (Some(Passed::Name), None) => None,
        (None, _) => return walk.pass(Launcher::ContainerRun, &shown, None),
    };
    match mounted(&found, value.as_deref(), walk.handed.file) {
        Mounted::Ours if matches!(passed, Some(Passed::Value(_))) => walk.variable = Variable::Ours,
        Mounted::Ours => {}
        Mounted::Other => walk.pass(Launcher::ContainerRun, &shown, passed),
        Mounted::Nothing => walk.block(Launcher::ContainerRun, Effect::NoFile, shown),
    }
}

fn passed_by(option: &Opt) -> Option<Passed> {
    if option.is(&["--env-host"]) {
        return Some(Passed::Name);
    }
    Passed::read(option.value_of(&["-e", "--env"])?)
}

fn in_env_file(option: &Opt) -> Option<Passed> {
    let bytes = files::read(Path::new(option.value_of(&["--env-file"])?), MAX_SCRIPT).ok()?;
    std::str::from_utf8(&bytes).ok()?.lines().find_map(Passed::read)
}

/// What a container has at a path.
enum Mounted {
    /// The credential file.
    Ours,
    /// Another file, or one that can't be told.
    Other,
    /// No mount leads there.
    Nothing,
}

fn mounted(found: &[Opt], path: Option<&Path>, file: Option<&Path>) -> Mounted {
    let (Some(path), Some(file)) = (path, file) else { return Mounted::Nothing };
    if found.iter().any(|option| option.is(&["--volumes-from", "--rootfs"])) {
        return Mounted::Ours;
    }
    let mounts = found.iter().filter_map(mount);
    let under = mounts.filter_map(|(source, target)| {
        // a variable of a script stands for a folder that can't be told
        let is_open = source.contains('$') || target.contains('$');
        let below = if is_open { Some(Path::new("")) } else { path.strip_prefix(&target).ok() };
        below.map(|below| is_open || Path::new(&source).join(below).components().eq(file.components()))
    });
    match under.max() {
        Some(true) => Mounted::Ours,
        Some(false) => Mounted::Other,
        None => Mounted::Nothing,
    }
}

/// Source and target of `-v SOURCE:TARGET[:OPTIONS]` and `--mount type=bind,source=...,target=...`.
fn mount(option: &Opt) -> Option<(String, String)> {
    if let Some(volume) = option.value_of(&["-v", "--volume"]) {
        let mut parts = volume.split(':');
        let (source, target) = (parts.next()?, parts.next()?);
        return Some((source.to_owned(), target.to_owned()));
    }
    let fields = option.value_of(&["--mount"])?;
    let field = |names: &[&str]| {
        let mut pairs = fields.split(',').filter_map(|field| field.split_once('='));
        pairs.find(|(name, _)| names.contains(name)).map(|(_, value)| value.to_owned())
    };
    Some((field(&["source", "src"])?, field(&["target", "dst", "destination"])?))
}

/// Apptainer passes the environment on and mounts the home, unless it is told not to.
fn apptainer(walk: &mut Walk<'_>, name: &str, words: &[String]) {
    const COMMANDS: [&str; 4] = ["exec", "run", "shell", "start"];
    let Some(at) = words.iter().position(|word| COMMANDS.contains(&word.as_str())) else { return };
    let command = format!("{name} {}", words.get(at).map_or("", String::as_str));
    let long = Long::These(&[
        "bind",
        "env",
        "env-file",
        "home",
        "scratch",
        "workdir",
        "overlay",
        "pwd",
        "cwd",
        "network",
        "hostname",
        "mount",
        "fusemount",
        "security",
        "add-caps",
        "drop-caps",
        "app",
        "apply-cgroups",
        "dns",
        "net-args",
    ]);
    let rest = words.get(at + 1..).unwrap_or_default();
    let (found, inner) = options::split(rest, &Syntax { short: "BHSW", long });
    let has = |names: &[&str]| found.iter().any(|option| option.is(names));
    // the container gets what stands in APPTAINERENV_NAME, whatever is cleaned
    let prefixed = ["APPTAINERENV_", "SINGULARITYENV_"].map(|prefix| format!("{prefix}{}", variables::ADC));
    let by_env = walk.handed.env.iter().find(|(name, _)| prefixed.contains(name));
    let passed = found
        .iter()
        .find_map(|option| Passed::in_list(option.value_of(&["--env"])?))
        .or_else(|| found.iter().find_map(in_env_file))
        .or_else(|| by_env.and_then(|(_, value)| value.clone()).map(Passed::Value));
    let is_cleaned = has(&["-e", "--cleanenv", "-C", "--containall"]);
    if is_cleaned || passed.is_some() {
        let shown = if is_cleaned { format!("{command} --cleanenv") } else { command.clone() };
        walk.pass(Launcher::Apptainer, &shown, passed);
    }
    let hides_home = has(&["-c", "--contain", "-C", "--containall", "--no-home"]);
    if hides_home
        && !has(&["-B", "--bind", "--mount", "-H", "--home"])
        && matches!(walk.variable, Variable::Ours | Variable::Set(..))
    {
        walk.block(Launcher::Apptainer, Effect::NoFile, command);
    }
    walk.command(inner.get(1..).unwrap_or_default());
}
