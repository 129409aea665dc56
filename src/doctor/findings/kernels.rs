//! Notebooks: kernelspecs that name another credential than the current profile's, and kernels that
//! run with another one.

use std::path::Path;

use crate::doctor::facts::Facts;
use crate::doctor::facts::kernels::{KernelVariables, KernelspecVariables};
use crate::doctor::finding::{Finding, FindingCode};
use crate::handover;
use crate::handover::variables::ADC;

/// The kernels that use another credential; none where there is no profile to compare with.
pub(super) fn of(facts: &Facts) -> Vec<Finding> {
    let Some(adc) = &facts.profile.adc else { return Vec::new() };
    let (kernels, install) = (facts.kernels(), facts.kernel_install());
    let of_kernelspec = |kernelspec| of_kernelspec(kernelspec, adc, &install);
    let kernelspecs = kernels.kernelspecs.iter().filter_map(of_kernelspec);
    let profile = facts.profile.name.as_deref();
    let running = kernels.running.iter().filter_map(|kernel| of_running(kernel, adc, profile, &install));
    kernelspecs.chain(running).collect()
}

/// A kernelspec that names another profile of bqcred is intended.
fn of_kernelspec(kernelspec: &KernelspecVariables, adc: &Path, install: &str) -> Option<Finding> {
    if kernelspec.has_profile || kernelspec.adc == adc {
        return None;
    }
    let what = format!(
        "the kernel {} uses another credential: {} ({})",
        kernelspec.name,
        kernelspec.adc.display(),
        kernelspec.folder.display()
    );
    let fix = format!("{install} {}", kernelspec.name);
    Some(Finding::new(FindingCode::Kernelspec, what, Some(fix)))
}

/// A running kernel keeps the environment that it was started with.
fn of_running(kernel: &KernelVariables, adc: &Path, profile: Option<&str>, install: &str) -> Option<Finding> {
    let what = match &kernel.adc {
        Some(path) if path == adc => return None,
        // `bqcred exec` started it
        Some(path) if handover::is_handed_over(path) => return None,
        Some(_) if kernel.profile.is_some() && kernel.profile.as_deref() != profile => return None,
        Some(path) => format!("uses another credential: {}", path.display()),
        None => format!("was started without {ADC}"),
    };
    let what = format!(
        "the running kernel {} {what}; shut it down and start it again (a plain restart keeps its environment)",
        kernel.pid
    );
    let fix = kernel.adc.is_none().then(|| install.to_owned());
    Some(Finding::new(FindingCode::RunningKernel, what, fix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(adc: Option<&str>, profile: Option<&str>) -> Option<Finding> {
        let kernel =
            KernelVariables { pid: 7, adc: adc.map(Into::into), profile: profile.map(str::to_owned) };
        of_running(&kernel, Path::new("/d/adc.json"), Some("work"), "bqcred kernel install")
    }

    #[test]
    fn a_running_kernel_with_the_profiles_credential_is_fine() {
        assert!(running(Some("/d/adc.json"), None).is_none());
        for handed_over in ["/proc/7/fd/3", "/run/user/7/bqcred/exec/a.json", "/dev/shm/bqcred-7/a.json"] {
            assert!(running(Some(handed_over), Some("work")).is_none());
        }
    }

    #[test]
    fn a_running_kernel_of_another_profile_is_intended() {
        assert!(running(Some("/other/adc.json"), Some("other")).is_none());
        assert!(running(Some("/other/adc.json"), Some("work")).is_some());
    }

    #[test]
    fn a_running_kernel_without_a_credential_has_a_fix() {
        let finding = running(None, None).unwrap();
        assert_eq!(finding.fix.as_deref(), Some("bqcred kernel install"));
        assert_eq!(running(Some("/other/adc.json"), None).unwrap().fix, None);
    }
}
