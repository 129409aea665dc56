//! Real engines with what `bqcred snippet` prints for them, on a VM with a service account: every worker is the user, or
//! an error says why not; it is never the VM's service account.
#![cfg(target_os = "linux")]

mod dask;
mod ray;
mod slurm;
mod spark;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{PERSON, Vm, find_program, missing, python_of, skipped};

/// Tokens that Python's libraries use for 20 s: they take one that has less than 225 s left for expired.
fn vm() -> Vm {
    vm_with_tokens_of(245)
}

/// A VM whose user has signed in, with what engines need on the PATH, and tokens that say they expire in so many
/// seconds.
fn vm_with_tokens_of(seconds: u64) -> Vm {
    let vm = Vm::with_login();
    for program in ["unshare", "mount"] {
        vm.sandbox.link_program(program);
    }
    vm.google.write_expires_in(Some(json!(seconds)));
    vm
}

/// The Python with the engines, if it has these modules and other machines can be played.
fn python(variable: &str, modules: &[&str]) -> Option<PathBuf> {
    let Some(python) = python_of(variable, modules) else {
        missing(&format!("a virtual environment with {} ({variable})", modules.join(", ")));
        return None;
    };
    let unshare = find_program("unshare").unwrap_or_default();
    let can_mount = |flags: &str| {
        let mut mount = std::process::Command::new(&unshare);
        mount.args([flags, "mount", "-t", "tmpfs", "none", "/dev/shm"]);
        mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    if !can_mount("-m") && !can_mount("-rm") {
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
    let over = AtomicBool::new(false);
    let run = std::thread::scope(|scope| {
        scope.spawn(|| advance_when_asked(vm, &over));
        let _end = SetWhenDropped(&over);
        vm.program(python, &args).limit(Duration::from_secs(600)).run().success()
    });
    let last = run.stdout.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {}\n{}", run.stdout, run.stderr))
}

struct SetWhenDropped<'a>(&'a AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Lets an hour pass at Google when the session makes the file `advance`.
fn advance_when_asked(vm: &Vm, over: &AtomicBool) {
    let [asked, done] = ["advance", "advanced"].map(|name| vm.sandbox.path(name));
    while !over.load(Ordering::Relaxed) {
        if asked.exists() {
            vm.google.advance(Duration::from_secs(3_600));
            std::fs::rename(&asked, &done).unwrap();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Whether engines are wanted that are too large for every run.
fn full(engine: &str) -> bool {
    let wanted = std::env::var_os("BQCRED_TEST_FULL").is_some();
    if !wanted {
        skipped(&format!("{engine} (BQCRED_TEST_FULL=1)"));
    }
    wanted
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
