//! Whether the kernels that run already have what their kernelspecs give to new ones.

use std::path::Path;

use crate::credential::paths::Paths;
use crate::credential::profile_name::ProfileName;
use crate::handover::broker::session_file::About;
use crate::handover::variables;
use crate::jupyter::locate::context::Context;
use crate::jupyter::locate::kernels::Kernel;
use crate::jupyter::locate::running::Running;
use crate::jupyter::locate::servers::Servers;

/// The state of a running kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunningState {
    /// It has no profile, and would get none if it was started now.
    NotInstalled,
    /// It has the credential of its profile.
    Current,
    /// It would get another environment if it was started now.
    NeedsRestart,
}

impl RunningState {
    /// The state of a kernel that one of these servers may have started.
    pub(crate) fn of(paths: &Paths, servers: &Servers, kernel: &Running) -> Self {
        let Some(profile) = value(kernel, variables::PROFILE) else {
            return if is_assigned_now(servers, kernel) {
                RunningState::NeedsRestart
            } else {
                RunningState::NotInstalled
            };
        };
        let Ok(name) = ProfileName::parse(profile) else { return RunningState::NotInstalled };
        let is_current = value(kernel, variables::ADC).is_some_and(|path| {
            // `bqcred exec` hands the credential over in the kernel's own file descriptor
            path.starts_with(&format!("/proc/{}/fd/", kernel.pid)) || paths.adc(&name).to_str() == Some(path)
        }) || token_only(kernel).is_some_and(|about| about.profile == name.as_str());
        // gcloud would use the file of another profile, which the server was started with
        let [file, ..] = variables::GCLOUD;
        let has_other = value(kernel, file).is_some_and(|path| {
            Path::new(path).starts_with(&paths.data) && paths.adc(&name).to_str() != Some(path)
        });
        if is_current && !has_other { RunningState::Current } else { RunningState::NeedsRestart }
    }

    /// One word for programs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            RunningState::NotInstalled => "not_installed",
            RunningState::Current => "current",
            RunningState::NeedsRestart => "needs_restart",
        }
    }

    /// For people, with what helps.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            RunningState::NotInstalled => "-",
            RunningState::Current => "ok",
            RunningState::NeedsRestart => {
                "old environment: Kernel > Shut Down Kernel, then Kernel > Restart Kernel"
            }
        }
    }
}

/// The value of a variable that the kernel was started with.
pub(crate) fn value<'a>(kernel: &'a Running, name: &str) -> Option<&'a str> {
    kernel.vars.get(name).and_then(Option::as_deref)
}

/// What a kernel gets, if `exec --token-only` started it.
pub(crate) fn token_only(kernel: &Running) -> Option<About> {
    value(kernel, variables::ADC).and_then(|path| About::read(Path::new(path)))
}

/// Whether a profile is assigned now in all kernelspecs that a kernel may have been started from. A process does not
/// show which one it was: each of the same language and the same Python is possible.
fn is_assigned_now(servers: &Servers, running: &Running) -> bool {
    let mut possible = servers.own.iter().flat_map(|server| {
        let kernels = server.kernels().into_iter();
        kernels.filter(|kernel| may_have_started(kernel, &server.context, running))
    });
    let Some(first) = possible.next() else { return false };
    std::iter::once(first).chain(possible).all(|kernel| kernel.marker().is_some())
}

fn may_have_started(kernel: &Kernel, context: &Context, running: &Running) -> bool {
    let Ok(spec) = &kernel.spec else { return false };
    match running.language {
        Some("R") => spec.is_r(),
        Some(_) if spec.is_python() => kernel.python(context).is_some_and(|python| python == running.program),
        _ => false,
    }
}
