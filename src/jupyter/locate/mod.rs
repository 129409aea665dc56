//! Which Jupyter servers run or could be started, which files each reads, and the kernels that it finds.
//!
//! The rules are those of `jupyter_core.paths` and `jupyter_client.kernelspec`; no Python is run.
//!
//! - [`machine`]: where a search starts; [`servers`]: the servers that it finds
//! - [`context`], [`search`], [`config`]: the directories and settings of one server
//! - [`kernels`]: the kernelspecs that one server finds; [`kernelspecs`]: those of all servers
//! - [`running`]: kernels that run already
//! - [`python`], [`launcher`], `installed`, `conda`: Pythons and environments, found without running them

mod conda;
pub(crate) mod config;
pub(crate) mod context;
mod detect;
mod installed;
pub(crate) mod kernels;
pub(crate) mod kernelspecs;
pub(crate) mod launcher;
pub(crate) mod machine;
mod native;
pub(crate) mod python;
pub(crate) mod running;
pub(crate) mod search;
pub(crate) mod servers;
