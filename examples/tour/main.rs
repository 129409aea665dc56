//! A tour of bqcred: `cargo run --example tour`.
//!
//! A user on a virtual machine with no browser signs in, and an unchanged Python program runs as this user.
//! bqcred, the shell, Python and google-cloud-bigquery are the real ones; for Google, the tests' strict
//! stand-in answers on 127.0.0.1. It all happens in a folder of its own, which is removed at the end.
//!
//! `BQCRED_TOUR_VENV` may name a virtual environment with google-cloud-bigquery; else one is made.
#![allow(clippy::disallowed_methods, reason = "the tour has no app.rs and keeps no files")]

mod ada;
mod binary;
mod folder;
mod http;
mod interrupt;
mod python;
mod screen;
mod shell;

use std::process::ExitCode;
use std::time::Instant;

use ada::Ada;
use bqcred_test_support::Google;
use folder::Folder;
use python::Library;
use screen::{say, show};
use shell::Shell;

/// The error is a text for the user that says why the tour ends early.
type Result<T> = std::result::Result<T, String>;

const WELCOME: &str = "
A tour of bqcred. It needs no Google account: a stand-in for Google runs on this
machine until the tour ends. All the rest is real.

Ada works on a virtual machine in the cloud. This is a program of hers, who.py:";

const FOR_REAL: &str = "
Now you, with your own Google account:
  cargo install --path . --locked        puts bqcred on your PATH
  bqcred client guide                    how to get client_secret.json, once
  bqcred client set client_secret.json
  bqcred login --project YOUR-PROJECT    opens a browser, or prints the address
  eval $(bqcred env)                     here, and in your ~/.bashrc or ~/.zshrc
  bqcred kernel install                  makes Jupyter notebooks run as you, too
README.md has the rest: other shells, R, more accounts, the keyring, revoking.";

fn main() -> ExitCode {
    let ended = tour();
    interrupt::wait_if_interrupted();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            screen::complain(&problem);
            ExitCode::FAILURE
        }
    }
}

fn tour() -> Result<()> {
    let bqcred = binary::build()?;
    let started = Instant::now();
    let folder = Folder::new(&bqcred)?;
    let google = Google::start();
    let vm = google.metadata_server();
    say(WELCOME)?;
    show(ada::PROGRAM)?;
    let library = Library::find(&folder)?;
    folder.write("who.py", ada::PROGRAM)?;
    folder.write("client_secret.json", &google.google_client_json())?;
    let mut shell = Shell::start(&folder, library.programs(), &[google.env(), vm.env()].concat())?;
    let mut ada = Ada { shell: &mut shell, google: &google, vm: &vm, library: &library };
    ada.queries_as_the_machine()?;
    ada.signs_in()?;
    ada.queries_as_herself()?;
    ada.looks_around()?;
    shell.end()?;
    let requests = google.requests().len();
    let place = folder.path().display().to_string();
    folder.remove()?;
    say(&format!(
        "\nThe stand-in for Google watched {requests} requests and saw no secret where none\n\
         belongs. The tour took {} s, and its folder {place} is removed again.",
        started.elapsed().as_secs()
    ))?;
    say(FOR_REAL)
}
