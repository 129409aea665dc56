//! Jupyter's kernels, and the variables that decide their credential: of the kernelspecs that the servers here would
//! start, and of the kernels that run.

use std::path::{Path, PathBuf};

use crate::handover::variables::{ADC, PROFILE};
use crate::jupyter::locate::kernels::Kernel;
use crate::jupyter::locate::machine::Machine;
use crate::jupyter::locate::running::Running;
use crate::jupyter::locate::servers::{Server, ServerOrigin};
use crate::system::notebook;

/// The kernels of this user.
pub(crate) struct Kernels {
    /// Kernelspecs that name a credential.
    pub(crate) kernelspecs: Vec<KernelspecVariables>,
    /// Running kernels, without the one that this process was started from.
    pub(crate) running: Vec<KernelVariables>,
}

/// A kernelspec's own variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KernelspecVariables {
    /// The kernel's name.
    pub(crate) name: String,
    /// The kernelspec's folder.
    pub(crate) folder: PathBuf,
    /// The credential's path, with `${HOME}` replaced.
    pub(crate) adc: PathBuf,
    /// Whether it names a profile of bqcred.
    pub(crate) has_profile: bool,
}

/// What a running kernel was started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KernelVariables {
    /// Its process id.
    pub(crate) pid: u32,
    /// The credential's path.
    pub(crate) adc: Option<PathBuf>,
    /// The profile of bqcred.
    pub(crate) profile: Option<String>,
}

impl Kernels {
    /// Finds them: servers that run or would run on this machine, and the processes of this user.
    pub(crate) fn find(machine: &Machine, home: &Path) -> Kernels {
        let running = machine.running_kernels();
        // the notebook that asks has this process's environment, which a cell may have changed since the kernel's start
        let others = running.iter().filter(|kernel| !notebook::is_in(kernel.pid));
        Kernels {
            kernelspecs: kernelspecs(machine, home),
            running: others.map(KernelVariables::of).collect(),
        }
    }
}

/// The kernelspecs of every server that runs, or of the one that this environment would start.
fn kernelspecs(machine: &Machine, home: &Path) -> Vec<KernelspecVariables> {
    let servers = machine.servers().own;
    let mut found: Vec<KernelspecVariables> = servers
        .iter()
        .filter(|server| server.origin != ServerOrigin::NoJupyter || servers.len() == 1)
        .flat_map(Server::kernels)
        .filter_map(|kernel| KernelspecVariables::of(&kernel, home))
        .collect();
    found.sort_by(|one, other| (&one.name, &one.folder).cmp(&(&other.name, &other.folder)));
    found.dedup();
    found
}

impl KernelspecVariables {
    fn of(kernel: &Kernel, home: &Path) -> Option<KernelspecVariables> {
        let spec = kernel.spec.as_ref().ok()?;
        let value = spec.var(ADC).filter(|value| !value.is_empty())?;
        Some(KernelspecVariables {
            name: kernel.name.clone(),
            folder: kernel.folder.clone(),
            adc: PathBuf::from(value.replace("${HOME}", &home.to_string_lossy())),
            has_profile: spec.var(PROFILE).is_some(),
        })
    }
}

impl KernelVariables {
    fn of(kernel: &Running) -> KernelVariables {
        let value = |name: &str| kernel.vars.get(name).cloned().flatten().filter(|value| !value.is_empty());
        KernelVariables { pid: kernel.pid, adc: value(ADC).map(PathBuf::from), profile: value(PROFILE) }
    }
}
