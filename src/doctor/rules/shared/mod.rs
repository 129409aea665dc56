//! What several libraries do alike.

pub(crate) mod adc_file;
pub(crate) mod exported_token;
pub(crate) mod fix;
pub(crate) mod other_kinds;
pub(crate) mod vm;
