//! `bqcred doctor`: what it foretells is what the real libraries do, and what it says helps.
#![cfg(unix)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::disallowed_methods, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;
mod environments;
mod proof;
mod real;
mod scene;
mod verb;
mod warm;
