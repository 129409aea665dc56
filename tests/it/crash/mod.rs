//! Killed processes and failing disks: whatever happens during a command, each file is the old one or the new
//! one, no secret is left anywhere else, and the next command works.
//!
//! `BQCRED_TEST_FULL=1` tests everything; without it each command is stopped at a part of its system calls,
//! and only at a few moments in between.
#![cfg(target_os = "linux")]

mod commands;
mod disk;
mod kills;
mod mounts;
mod scene;

/// Whether everything is tested, however long it takes.
fn is_full() -> bool {
    std::env::var_os("BQCRED_TEST_FULL").is_some()
}

/// Whether this call is tried: all of them, or one of `every`.
fn is_due(n: usize, every: usize) -> bool {
    is_full() || n % every == 1 % every
}

/// Whether recovery by the next commands is checked in detail.
fn is_checked_in_detail(n: usize) -> bool {
    n % if is_full() { 3 } else { 8 } == 1
}

/// At how many moments each command is killed.
fn how_many() -> usize {
    if is_full() { 40 } else { 2 }
}
