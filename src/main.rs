//! The program: see the library.

/// musl's own allocator asks the system for memory page by page, which shows at every start.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> std::process::ExitCode {
    bqcred::run()
}
