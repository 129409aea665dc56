//! What is done with a credential over its lifetime: saved, refreshed, rotated, revoked, removed.

pub(crate) mod change;
pub(crate) mod dependents;
pub(crate) mod grant;
pub(crate) mod group_access;
pub(crate) mod mark;
pub(crate) mod program_tokens;
pub(crate) mod refresh;
pub(crate) mod remove;
pub(crate) mod replaced;
pub(crate) mod revocation;
pub(crate) mod rotation;
pub(crate) mod save;
pub(crate) mod unfinished;
