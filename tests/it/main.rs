//! The integration tests: bqcred is run as users, shells, notebooks and programs run it. One test crate
//! compiles them all; only `tests/load.rs` is another crate, because it needs the machine to itself. What they
//! share is in `tests/support`.
//!
//! All tests are threads of one process. None changes the state of that process: working folder, umask,
//! limits and environment are set for child processes only. A program that a test writes is written by a
//! child process ([`common::Sandbox::script`]).
#![cfg(unix)]
#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, unused_imports, reason = "only tests for Linux use some of what the tests share")
)]
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::bool_assert_comparison,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "these are tests, and clippy knows only #[test] functions as tests"
)]

mod jupyter;

mod acting_as;
mod attackers;
mod bad_input;
mod client;
mod clients_gcloud;
mod clients_python;
mod clients_r;
mod clusters;
mod completions;
mod crash;
mod doctor;
mod double_checks;
mod double_clients;
mod exec;
mod exec_clients;
mod export_token_only;
mod homes;
mod identity;
mod import_export;
mod init;
mod jupyter_server;
mod jupyterhub;
mod jupyterlab;
mod keep_fresh;
mod keepassxc;
mod kernel;
mod kernel_exec;
mod kernel_jupyter;
mod kernel_refusals;
mod kernel_search;
mod kernel_snippet;
mod keyring;
mod layout;
mod leaks;
mod login;
mod login_by_gcloud;
mod login_in_notebook;
mod man;
mod matrix;
mod nb_conda;
mod network;
mod next;
mod notebook_actions;
mod notebook_magic;
mod oauth_server;
mod packaging;
mod pins;
mod profiles;
mod prompts;
mod readme;
mod revoke;
mod rotate;
mod shell_checks;
mod shells;
mod snippets_elsewhere;
mod status;
mod token_errors;
mod token_only;
mod token_only_libraries;
mod tour;

use bqcred_test_support as common;
use bqcred_test_support::double;
