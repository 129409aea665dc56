//! What a rule says about a library.

pub(crate) mod identity;
pub(crate) mod steps;
