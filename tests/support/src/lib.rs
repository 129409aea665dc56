//! What the tests of bqcred, its benchmarks and the tour share: a double of Google, a sandbox with a home of its own,
//! runs whose output is checked for secrets, terminals, keyrings, and the sign-in at the double.
#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    clippy::new_without_default,
    reason = "tests read the environment and write files as they like, and a `new` here starts something"
)]

pub mod double;
#[cfg(target_os = "linux")]
pub mod faults;
mod keepassxc;
pub mod keyring;
mod profile_files;
mod programs;
mod run;
mod sandbox;
pub mod tree;
mod vm;

pub use double::{Consent, Endpoint, Google, Script, TlsFault};
pub use profile_files::write_profile;
pub use programs::{NO_GCLOUD, find_program, gcloud_clients, missing, python_of, r_package, skipped, venv};
pub use run::{Invocation, Run};
pub use sandbox::{
    Sandbox, bqcred, copy_program, ends_with, mode, set_mode, spawn_in_terminal, target_folder, write_program,
};
pub use vm::{GUARD_HOST, NOTEBOOK, PERSON, R_QUERY, R_TRUST, Vm, python_kernel};
