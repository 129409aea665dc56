//! Real engines with what `bqcred snippet` prints for them, on a VM with a service account: every worker is the user, or
//! an error says why not; it is never the VM's service account.
#![cfg(target_os = "linux")]

mod dask;
mod ray;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{PERSON, Vm, find_program, missing, python_of};

/// A VM whose user has signed in, with what engines need on the PATH, and tokens that Python's libraries use for 20 s: they
/// take one that has less than 225 s left for expired.
fn vm() -> Vm {
    let vm = Vm::with_login();
    for program in ["unshare", "mount"] {
        vm.sandbox.link_program(program);
    }
    vm.google.write_expires_in(Some(json!(245)));
    vm
}

/// The Python with the engines, if it has these modules and other machines can be played.
fn python(variable: &str, modules: &[&str]) -> Option<PathBuf> {
    let Some(python) = python_of(variable, modules) else {
        missing(&format!("a virtual environment with {} ({variable})", modules.join(", ")));
        return None;
    };
    let unshare = find_program("unshare").unwrap_or_default();
    let mut mounts = std::process::Command::new(unshare);
    let can = mounts.args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).status();
    if !can.is_ok_and(|status| status.success()) {
        missing("a mount namespace, to play another machine");
        return None;
    }
    Some(python)
}

/// A port that is free now.
fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

/// Runs a session as a user's notebook, and returns what it found.
fn session(vm: &Vm, python: &PathBuf, code: &str, args: &[&str]) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clusters");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let file = vm.sandbox.write("session.py", [read("common.py"), read(code)].join("\n"));
    let args = [&[file.to_str().unwrap()], args].concat();
    let run = vm.program(python, &args).limit(Duration::from_secs(240)).run().success();
    let last = run.stdout.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {}\n{}", run.stdout, run.stderr))
}

/// Panics unless all workers in this part of the answers were the user.
#[track_caller]
fn all_are_the_user(results: &Value, part: &str, workers: &[&str]) {
    let expected: Value = workers
        .iter()
        .map(|name| ((*name).to_owned(), json!(PERSON)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    assert_eq!(results[part], expected, "{part}");
}

/// Panics unless nobody but the user has sent a query, and no secret is where others look.
#[track_caller]
fn nothing_is_shown(vm: &Vm) {
    vm.assert_only_the_user();
    let with_refresh_token = vm.sandbox.files_with("0canary-");
    assert_eq!(with_refresh_token, [vm.sandbox.adc("default")]);
    let with_token = vm.sandbox.files_with("ya29.canary-");
    let cache = vm.sandbox.home().join(".cache/bqcred/default.token");
    assert!(with_token.iter().all(|file| *file == cache), "{with_token:?}");
}
