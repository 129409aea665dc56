//! What the tests share: a sandbox with a home of its own, runs whose output is checked for secrets,
//! terminals, and the sign-in at the double of Google.

#[cfg(target_os = "linux")]
pub mod faults;
mod keepassxc;
pub mod keyring;
mod profile_files;
mod programs;
mod run;
mod sandbox;
mod vm;

pub use crate::double::{Consent, Endpoint, Google, Script, TlsFault};
pub use profile_files::write_profile;
pub use programs::{NO_GCLOUD, find_program, gcloud_clients, missing, python_of, r_package, skipped, venv};
pub use run::{Invocation, Run};
pub use sandbox::{Sandbox, copy_program, ends_with, mode, set_mode, spawn_in_terminal, write_program};
pub use vm::{NOTEBOOK, PERSON, R_QUERY, R_TRUST, Vm, python_kernel};
