//! Notebooks: kernelspecs that name another credential than the current profile's, and kernels that
//! run with another one.

use std::path::Path;

use super::finding::Finding;
use super::surroundings::Surroundings;
use crate::handover::variables::{ADC, PROFILE};
use crate::jupyter::locate::kernels::Kernel;
use crate::jupyter::locate::machine::Machine;
use crate::jupyter::locate::running::Running;
use crate::jupyter::locate::servers::{Server, ServerOrigin};

pub(super) fn findings(s: &Surroundings) -> Vec<Finding> {
    if s.person.adc.is_none() {
        return Vec::new();
    }
    let machine = Machine::new(s.variables.all().collect(), s.home.clone(), s.folder.clone());
    let mut found = specs(s, &machine);
    for kernel in machine.running_kernels() {
        found.extend(disagreement(s, &kernel));
    }
    found
}

/// The kernelspecs that the servers here would start, the one from this shell included.
fn specs(s: &Surroundings, machine: &Machine) -> Vec<Finding> {
    let servers = machine.servers().own;
    let mut found: Vec<Finding> = servers
        .iter()
        .filter(|server| server.origin != ServerOrigin::NoJupyter || servers.len() == 1)
        .flat_map(Server::kernels)
        .filter_map(|kernel| other_credential(s, &kernel))
        .collect();
    found.sort_by(|one, other| one.what.cmp(&other.what));
    found.dedup_by(|one, other| one.what == other.what);
    found
}

/// A kernelspec of bqcred's own for another profile is what somebody wanted.
fn other_credential(s: &Surroundings, kernel: &Kernel) -> Option<Finding> {
    let spec = kernel.spec.as_ref().ok()?;
    let value = spec.var(ADC).filter(|value| !value.is_empty())?;
    let path = value.replace("${HOME}", &s.home.to_string_lossy());
    if spec.var(PROFILE).is_some() || s.person.adc.as_deref() == Some(Path::new(&path)) {
        return None;
    }
    Some(Finding::new(
        "kernelspec",
        format!("the kernel {} uses another credential: {path} ({})", kernel.name, kernel.folder.display()),
        Some(format!("bqcred kernel install {}", kernel.name)),
    ))
}

/// A kernel keeps the environment of its start.
fn disagreement(s: &Surroundings, kernel: &Running) -> Option<Finding> {
    let value =
        |name: &str| kernel.vars.get(name).and_then(Option::as_deref).filter(|value| !value.is_empty());
    let adc = s.person.adc.as_deref()?;
    let what = match value(ADC) {
        Some(path) if Path::new(path) == adc => return None,
        // `bqcred exec` hands it over in the kernel's own file descriptor
        Some(path) if path.starts_with("/proc/") => return None,
        Some(_) if value(PROFILE).is_some_and(|name| s.person.profile.as_deref() != Some(name)) => {
            return None;
        }
        Some(path) => format!("uses another credential: {path}"),
        None => format!("was started without {ADC}"),
    };
    Some(Finding::new(
        "running_kernel",
        format!(
            "the running kernel {} {what}; shut it down and start it again (a plain restart keeps its environment)",
            kernel.pid
        ),
        Some("bqcred kernel install".to_owned()).filter(|_| value(ADC).is_none()),
    ))
}
