//! What is shown of all this.

pub(crate) mod text;
