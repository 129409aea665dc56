//! How long bqcred takes, and what takes the time: `cargo bench` prints tables in Markdown.
//!
//! What is compared is measured in one run, interleaved, in the same home with the same environment, each
//! program started and awaited in the same way. Nothing here fails because it is slow.
#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "its result is what it prints; it ends where it can't set something up"
)]

mod binaries;
mod evaluated;
mod keyring;
mod machine;
mod measure;
mod network;
mod peers;
mod scaling;
mod start;
mod table;

use bqcred_test_support::{Google, Sandbox};

fn main() {
    // `cargo test --all-targets` starts benchmarks too, to see that they start
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let (google, sandbox) = (Google::start(), Sandbox::new());
    network::sign_in(&google, &sandbox);
    let binaries = binaries::all(&sandbox);
    machine::print();
    start::print(&sandbox, &binaries);
    evaluated::print(&sandbox, &binaries);
    binaries::print(&binaries);
    peers::print(&google, &sandbox, &binaries);
    peers::end_to_end(&google, &sandbox, &binaries);
    network::print(&google, &sandbox, &binaries);
    keyring::print(&google, &binaries);
    scaling::profiles(&binaries);
    scaling::kernels(&binaries);
    scaling::processes(&sandbox, &binaries);
    machine::print_load();
}
