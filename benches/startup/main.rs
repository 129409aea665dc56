//! How long bqcred takes, and what of: `cargo bench` prints tables in Markdown.
//!
//! What is compared is measured in one run, interleaved, in the same home with the same environment, each
//! program started and awaited in the same way. Nothing here fails for being slow.
#![allow(missing_docs)]
#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "its product is what it prints; what it can't set up ends it"
)]

#[path = "../../tests/common/mod.rs"]
mod common;

mod binaries;
mod measure;
mod network;
mod profiles;
mod start;

use common::{Google, Sandbox};

fn main() {
    // `cargo test --all-targets` starts benchmarks too, to see that they start
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let (google, sandbox) = (Google::start(), Sandbox::new());
    network::log_in(&google, &sandbox);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{} {}, {cores} cores\n", std::env::consts::OS, std::env::consts::ARCH);
    let binaries = binaries::all(&sandbox);
    start::print(&google, &sandbox, &binaries);
    profiles::print(&binaries);
    network::print(&google, &sandbox, &binaries);
    binaries::print(&binaries);
}
