//! What the tests of the binary share: a sandbox with a home of its own, runs whose output is checked for
//! secrets, terminals, and the login of a person at the double of Google.
#![allow(dead_code, missing_docs, unreachable_pub, unused_imports)]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod by_hand;
#[path = "../double/mod.rs"]
pub mod double;
#[cfg(target_os = "linux")]
pub mod faults;
mod keepassxc;
pub mod keyring;
mod programs;
mod run;
mod sandbox;
mod vm;

pub use by_hand::profile_by_hand;
pub use double::{Consent, Endpoint, Google, Script, TlsFault};
pub use programs::{NO_GCLOUD, find_program, gcloud_clients, missing, python_of, r_package, skipped, venv};
pub use run::{Invocation, Run};
pub use sandbox::{Sandbox, ends_with, mode, set_mode, spawn_in_terminal};
pub use vm::{NOTEBOOK, PERSON, Vm, python_kernel};
