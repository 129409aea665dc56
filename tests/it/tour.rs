//! The tour of the README: its output, with and without Python, and that it leaves nothing behind.

use std::path::PathBuf;
use std::time::Duration;

use crate::common::{Invocation, Run, Sandbox, missing, venv};

/// Variables that cargo sets for this test must not reach another cargo: build scripts that read them would
/// run again.
const CARGOS_OWN: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_EXE_", "CARGO_CRATE_"];

/// The README's command, in this environment, with the home and temporary folder of the sandbox.
fn tour(sandbox: &Sandbox) -> Invocation {
    let readme = include_str!("../../README.md");
    assert!(readme.contains("\ncargo run --example tour\n"), "the README has another command");
    let mut tour = sandbox.program(env!("CARGO"), &["run", "--quiet", "--example", "tour"]);
    for (name, value) in std::env::vars_os() {
        if let Some(name) = name.to_str()
            && !CARGOS_OWN.iter().any(|own| name.starts_with(own))
        {
            tour = tour.env(name, value);
        }
    }
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    for (name, place) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        if std::env::var_os(name).is_none() {
            tour = tour.env(name, home.join(place));
        }
    }
    tour.current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_TARGET_DIR", target())
        .env("HOME", sandbox.home())
        .env("TMPDIR", sandbox.path("tmp"))
        .env_remove("BQCRED_TOUR_VENV")
        .limit(Duration::from_secs(600))
}

/// The target folder of the tests: `bqcred` is in its `debug`.
fn target() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_bqcred")).ancestors().nth(2).unwrap().to_owned()
}

/// A `python3` script with this body, first on the PATH.
fn with_python(tour: Invocation, sandbox: &Sandbox, body: &str) -> Invocation {
    let script = sandbox.script("python/python3", body);
    let first = script.parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(std::iter::once(first).chain(std::env::split_paths(&path))).unwrap();
    tour.env("PATH", path)
}

/// The tour's folder is removed, and the home is empty.
fn assert_nothing_left(sandbox: &Sandbox) {
    for place in ["tmp", "home"] {
        let left: Vec<_> =
            std::fs::read_dir(sandbox.path(place)).unwrap().map(|e| e.unwrap().path()).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

/// The lines in this order, others between them.
fn assert_shows(run: &Run, lines: &[&str]) {
    let mut rest = run.stdout.lines();
    for line in lines {
        assert!(
            rest.any(|shown| shown.trim() == *line),
            "{line:?} is missing, or comes too early:\n{}",
            run.stdout
        );
    }
}

/// It fits into 80 columns and a few screens.
fn assert_readable(run: &Run) {
    // its path is longer here than in /tmp
    let shown = run.stdout.lines().filter(|line| !line.contains("/tmp/bq-"));
    let wide: Vec<_> = shown.filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "wider than 80 columns: {wide:#?}");
    assert!(run.stdout.lines().count() <= 75, "{} lines", run.stdout.lines().count());
    assert!(!run.stdout.contains("ya29."), "an access token is shown:\n{}", run.stdout);
    assert!(!run.stdout.contains("code=4"), "a code is shown:\n{}", run.stdout);
}

#[test]
fn unchanged_program_runs_as_the_user() {
    let Some(python) = venv(&["google.cloud.bigquery"]) else {
        return missing("a virtual environment with google-cloud-bigquery");
    };
    let sandbox = Sandbox::new();
    let venv = python.ancestors().nth(2).unwrap().to_owned();
    let run = tour(&sandbox).env("BQCRED_TOUR_VENV", venv).run().success();
    assert_shows(
        &run,
        &[
            "$ python who.py",
            "BigQuery says that I am vm-sa@project.iam.gserviceaccount.com",
            "$ bqcred client set client_secret.json",
            "$ bqcred login --start --project analytics-dev",
            "$ bqcred login --finish -",
            "bqcred: signed in as ada@example.com (profile default)",
            "$ eval $(bqcred env)",
            "GOOGLE_CLOUD_PROJECT=analytics-dev",
            "$ python who.py",
            "BigQuery says that I am ada@example.com",
            "$ bqcred status",
            "credential  valid",
            "Now you, with your own Google account:",
        ],
    );
    assert_readable(&run);
    assert_nothing_left(&sandbox);
}

#[test]
fn tour_without_python_sends_the_query_itself() {
    let sandbox = Sandbox::new();
    let run = with_python(tour(&sandbox), &sandbox, "exit 1").run().success();
    assert_shows(
        &run,
        &[
            "there is no python3.",
            "So the tour sends the query itself.)",
            "SELECT SESSION_USER(), sent with the machine's token:",
            "vm-sa@project.iam.gserviceaccount.com",
            "$ eval $(bqcred env)",
            "SELECT SESSION_USER(), sent with `bqcred token`'s token:",
            "ada@example.com",
        ],
    );
    assert_readable(&run);
    assert_nothing_left(&sandbox);
}

#[test]
fn interrupted_tour_cleans_up() {
    let sandbox = Sandbox::new();
    // Ctrl-C while the tour waits for Python
    let run = with_python(tour(&sandbox), &sandbox, "kill -INT $PPID; exec sleep 600").run();
    let run = run.code(130).says("tour: interrupted; nothing is left behind");
    assert!(!run.stdout.contains("Now you"), "{}", run.stdout);
    assert_nothing_left(&sandbox);
}

#[test]
fn failing_tour_explains_and_cleans_up() {
    let sandbox = Sandbox::new();
    let run = tour(&sandbox).env("BQCRED_TOUR_VENV", sandbox.path("nowhere")).run();
    run.code(1).says("no virtual environment with google-cloud-bigquery");
    assert_nothing_left(&sandbox);
}
