//! Reading one `kernel.json` as Jupyter does, and changing its text so that the change can be undone to the byte.

pub(crate) mod argv;
pub(crate) mod edit;
pub(crate) mod file_change;
pub(crate) mod json;
pub(crate) mod marker;
pub(crate) mod spec;
pub(crate) mod splice;
