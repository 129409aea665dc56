//! bqcred: use your own Google account for BigQuery from shells, notebooks, Python and R.
#![allow(dead_code)]
mod error;
mod parent_shell;
mod render;
mod secret;
fn main() {}
