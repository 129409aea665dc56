//! No core dump of this process: it would be on disk, with the secrets that were in memory.

/// Forbids core dumps, and keeps other processes of this user from reading this one's memory. A program
/// that is started from here is not affected: execve(2) resets the attribute.
#[cfg(target_os = "linux")]
pub(crate) fn forbid() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    // a system that doesn't support this is not a reason to stop
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Elsewhere there is only the resource limit. Programs that are started inherit it; macOS' default is
/// the same.
#[cfg(not(target_os = "linux"))]
pub(crate) fn forbid() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Core).maximum;
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
}
