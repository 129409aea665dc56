//! What bqcred changes for Jupyter: which file to write for a kernel, writing it, remembering it, undoing it.

pub(crate) mod kernel_profile;
pub(crate) mod overview;
pub(crate) mod record;
pub(crate) mod restart;
pub(crate) mod running;
pub(crate) mod state;
pub(crate) mod target;
pub(crate) mod undo;
