//! Processes of this user that start others, which inherit their environment: Jupyter servers, and the workers of
//! clusters. They keep the environment that they were started with.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::handover::variables::ADC;
use crate::jupyter::locate::kernels::Kernel;
use crate::jupyter::locate::machine::Machine;
use crate::jupyter::locate::servers::{Server, ServerOrigin};
use crate::jupyter::server_variables::ServerVariables;
use crate::system::env::Environ;
use crate::system::processes::{Process, Processes};

/// What such a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LongRunningKind {
    /// A Jupyter server that has a kernel whose kernelspec names no credential.
    JupyterServer,
    /// A worker, nanny or scheduler of Dask.
    Dask,
    /// A node or a worker of Ray.
    Ray,
    /// A driver, a worker or an executor of Spark, or the Python beside it.
    Spark,
}

/// One of them, and the credential in its environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LongRunning {
    /// What it is.
    pub(crate) kind: LongRunningKind,
    /// Its process id.
    pub(crate) pid: u32,
    /// The credential's path.
    pub(crate) adc: Option<PathBuf>,
}

/// The servers and the cluster processes of this user, with this home folder: others are of containers, or of homes
/// where another profile counts.
pub(crate) fn find(machine: &Machine, home: &Path) -> Vec<LongRunning> {
    let is_here = |environ: &Environ| environ.filled("HOME").is_none_or(|other| Path::new(other) == home);
    let uid = rustix::process::geteuid().as_raw();
    let own = Processes::here().all().filter(|process| process.uid == uid);
    let clusters = own.filter_map(|process| {
        let kind = cluster(&process)?;
        let environ = process.environ().filter(is_here)?;
        Some(LongRunning { kind, pid: process.pid, adc: environ.filled(ADC).map(PathBuf::from) })
    });
    let servers = machine.servers().own;
    let servers = servers.iter().filter(|server| is_here(&server.context.environ)).filter_map(server);
    servers.chain(clusters).collect()
}

/// A server, unless all of its kernels have a credential of their own.
fn server(server: &Server) -> Option<LongRunning> {
    let (ServerOrigin::Parent(pid) | ServerOrigin::Running(pid)) = server.origin else { return None };
    let names_credential = |kernel: &Kernel| {
        let is_started_by_exec = kernel.marker().is_some_and(|marker| marker.argv.is_some());
        is_started_by_exec
            || kernel.spec.as_ref().is_ok_and(|spec| spec.var(ADC).is_some_and(|value| !value.is_empty()))
    };
    let kernels = server.kernels();
    if !kernels.is_empty() && kernels.iter().all(names_credential) {
        return None;
    }
    let started = Processes::here().get(pid).and_then(|process| process.started());
    let environ = ServerVariables::of(&server.context, started).environ;
    let adc = environ.filled(ADC).map(PathBuf::from);
    Some(LongRunning { kind: LongRunningKind::JupyterServer, pid, adc })
}

/// The kind of cluster that a process belongs to.
fn cluster(process: &Process) -> Option<LongRunningKind> {
    let is_workers_of_local_cluster = || {
        // a nanny sets this for the worker that it starts (`distributed.nanny.pre-spawn-environ`)
        process.argv.iter().any(|word| word == "--multiprocessing-fork")
            && process.variable("MALLOC_TRIM_THRESHOLD_").is_some()
            && process.variable("OMP_NUM_THREADS").is_some()
    };
    cluster_of(&process.argv).or_else(|| is_workers_of_local_cluster().then_some(LongRunningKind::Dask))
}

/// By the command line: the programs of Dask and Ray, and what they call their processes.
fn cluster_of(argv: &[OsString]) -> Option<LongRunningKind> {
    let words: Vec<_> = argv.iter().take(4).map(|word| word.to_string_lossy()).collect();
    let first = words.first()?;
    if first.starts_with("ray::") {
        return Some(LongRunningKind::Ray);
    }
    if ["dask worker", "dask nanny", "dask scheduler", "dask spec"]
        .iter()
        .any(|title| first.starts_with(title))
    {
        return Some(LongRunningKind::Dask);
    }
    let names = words.iter().map(|word| {
        Path::new(word.as_ref())
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    });
    let names: Vec<String> = names.collect();
    let is_dask = |at: usize, name: &String| match name.as_str() {
        "dask-worker" | "dask-scheduler" | "dask-spec" => at < 2,
        "dask" => {
            at < 2 && matches!(names.get(at + 1).map(String::as_str), Some("worker" | "scheduler" | "spec"))
        }
        "distributed.cli.dask_worker" | "distributed.cli.dask_scheduler" | "distributed.cli.dask_spec" => {
            true
        }
        _ => false,
    };
    let is_ray = |at: usize, name: &String| {
        at < 2 && ["raylet", "gcs_server", "default_worker.py"].contains(&name.as_str())
    };
    let any = |is: &dyn Fn(usize, &String) -> bool| names.iter().enumerate().any(|(at, name)| is(at, name));
    match (any(&is_dask), any(&is_ray), is_spark(&names, argv)) {
        (true, ..) => Some(LongRunningKind::Dask),
        (false, true, _) => Some(LongRunningKind::Ray),
        (false, false, true) => Some(LongRunningKind::Spark),
        (false, false, false) => None,
    }
}

/// Java is started with many options before the class; `names` are those of the first words.
fn is_spark(names: &[String], argv: &[OsString]) -> bool {
    const CLASSES: [&str; 4] = [
        "org.apache.spark.deploy.SparkSubmit",
        "org.apache.spark.deploy.worker.Worker",
        "org.apache.spark.executor.CoarseGrainedExecutorBackend",
        "org.apache.spark.executor.YarnCoarseGrainedExecutorBackend",
    ];
    match names.first().map(String::as_str) {
        Some("java") => argv.iter().any(|word| CLASSES.iter().any(|class| word == class)),
        _ => names.windows(2).any(|pair| pair == ["-m", "pyspark.daemon"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_processes_are_recognised_by_their_command_line() {
        let kind = |line: &str| cluster_of(&line.split('|').map(OsString::from).collect::<Vec<_>>());
        for line in [
            "/venv/bin/python|/venv/bin/dask-worker|tcp://127.0.0.1:8786",
            "/venv/bin/python|/venv/bin/dask|worker|tcp://127.0.0.1:8786",
            "python|-m|distributed.cli.dask_spec|x",
            "dask worker [tcp://127.0.0.1:4]",
        ] {
            assert_eq!(kind(line), Some(LongRunningKind::Dask), "{line}");
        }
        for line in [
            "/x/ray/core/src/ray/raylet/raylet|--x",
            "ray::IDLE",
            "python|/x/ray/_private/workers/default_worker.py",
        ] {
            assert_eq!(kind(line), Some(LongRunningKind::Ray), "{line}");
        }
        for line in [
            "/usr/lib/jvm/bin/java|-cp|x|-Xmx1g|org.apache.spark.deploy.SparkSubmit|--conf|y|pyspark-shell",
            "java|a|b|c|d|e|org.apache.spark.executor.CoarseGrainedExecutorBackend|--driver-url",
            "/venv/bin/python3|-m|pyspark.daemon|pyspark.worker",
        ] {
            assert_eq!(kind(line), Some(LongRunningKind::Spark), "{line}");
        }
        for line in [
            "vim|dask",
            "grep|org.apache.spark.deploy.SparkSubmit",
            "python|pyspark.daemon",
            "python|train.py|raylet",
            "bash",
            "grep|-r|dask-worker",
            "less|x|raylet",
        ] {
            assert_eq!(kind(line), None, "{line}");
        }
    }
}
