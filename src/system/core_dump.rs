//! No core dump of this process: it would lie on disk, with the secrets that memory held.

/// Forbids core dumps, and other processes of this user to look into this one's memory. A program
/// that is started from here is not touched: execve(2) gives it its own attribute back.
#[cfg(target_os = "linux")]
pub(crate) fn forbid() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    // where the system doesn't know this, the work is worth doing all the same
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Elsewhere the limit is what there is. Programs that are started inherit it, which macOS' own
/// default makes no difference to.
#[cfg(not(target_os = "linux"))]
pub(crate) fn forbid() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Core).maximum;
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
}
