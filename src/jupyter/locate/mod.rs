//! Which Jupyter servers run or may be started, what each of them reads, and the kernels that it finds.
//!
//! The rules are those of `jupyter_core.paths` and `jupyter_client.kernelspec`; no Python is run.

mod conda;
pub(crate) mod config;
pub(crate) mod context;
mod detect;
pub(crate) mod kernels;
pub(crate) mod files;
mod installed;
pub(crate) mod launcher;
pub(crate) mod machine;
pub(crate) mod process;
pub(crate) mod python;
pub(crate) mod running;
pub(crate) mod search;
pub(crate) mod servers;
