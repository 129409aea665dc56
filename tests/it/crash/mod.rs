//! Killed processes and failing disks: whatever happens in the middle of a verb, each file is the old one or
//! the new one, no secret lies about, and the next command works.
//!
//! `BQCRED_TEST_FULL=1` does it all; without it each verb is stopped at each of its system calls, and only
//! at a few moments in between.
#![cfg(target_os = "linux")]

mod disk;
mod kills;
mod mounts;
mod scene;
mod tree;
mod verbs;

/// Whether everything is to be done, however long it takes.
fn is_full() -> bool {
    std::env::var_os("BQCRED_TEST_FULL").is_some()
}

/// Whether this of the calls is tried: all of them, or one of so many.
fn is_due(n: usize, every: usize) -> bool {
    is_full() || n % every == 1 % every
}

/// Whether it is looked at in all detail what the next commands make of it.
fn is_looked_at(n: usize) -> bool {
    n % if is_full() { 3 } else { 8 } == 1
}

/// At how many moments each verb is killed.
fn how_many() -> usize {
    if is_full() { 40 } else { 2 }
}
