//! bqcred: use your own Google account for BigQuery from shells, notebooks, Python and R.
#![allow(dead_code)]
mod client;
mod clock;
mod credential;
mod error;
mod google;
mod paths;
mod private_file;
mod profile;
mod secret;
mod settings;
fn main() {}
