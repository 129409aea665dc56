//! Disables core dumps of this process: they would put the secrets in its memory on a disk.

/// Disables core dumps, and access to this process's memory by others of the same user. Programs that it starts are
/// not affected: execve(2) resets the attribute.
#[cfg(target_os = "linux")]
pub(crate) fn forbid() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    // not worth failing for
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Disables core dumps by their size limit. Programs that this process starts inherit it; macOS' default is the same.
#[cfg(not(target_os = "linux"))]
pub(crate) fn forbid() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Core).maximum;
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
}
