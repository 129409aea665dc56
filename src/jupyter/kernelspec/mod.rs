//! Reading one `kernel.json` as Jupyter does, and changing it so that the change can be undone to the byte.
//!
//! - [`json`]: the text as Python reads it, with the place of every value; [`spec`]: what it means to Jupyter
//! - [`splice`], [`argv`], [`edit`]: changing the text; [`marker`]: what was changed, recorded in the text itself
//! - [`launch`]: whether its command hands the environment on to the kernel
//! - [`file_change`], `folder`: changing the file or its folder, planned first and then carried out
//!
//! The JSON reader and the splicing are bqcred's own, because no crate does what they have to do:
//!
//! - Jupyter reads with Python's `json`, which accepts `NaN`, `Infinity` and lone surrogates, and takes the last of
//!   repeated keys. serde_json refuses the first three and would lose a repeated key. A kernelspec that Jupyter
//!   lists has to be readable here, and one that Jupyter refuses has to be refused.
//! - A document that is parsed and printed again loses its layout: of the styles of kernel.json that are in use
//!   (ipykernel's, IRkernel's, hand-written ones), most do not come back byte for byte. Undoing a change has to
//!   leave the file exactly as it was, so only the bytes of a change are inserted and removed.

pub(crate) mod argv;
pub(crate) mod edit;
pub(crate) mod file_change;
pub(crate) mod files;
mod folder;
pub(crate) mod json;
pub(crate) mod launch;
pub(crate) mod marker;
pub(crate) mod spec;
pub(crate) mod splice;
