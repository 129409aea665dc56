//! What is done with a credential over its lifetime: saved, refreshed, rotated, revoked.

pub(crate) mod dependents;
pub(crate) mod grant;
pub(crate) mod refresh;
pub(crate) mod rotation;
pub(crate) mod save;
