//! What bqcred changes for Jupyter: which file to write for a kernel, writing it, remembering it, undoing it.

pub(crate) mod here;
pub(crate) mod listed;
pub(crate) mod place;
pub(crate) mod record;
pub(crate) mod restart;
pub(crate) mod step;
pub(crate) mod undo;
