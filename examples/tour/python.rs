//! Google's own library for Python, in a virtual environment that goes with the tour.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::folder::Folder;
use crate::screen::{put, say};
use crate::{Result, interrupt};

/// How long all of the installation may take; the tour goes on without, afterwards.
const LIMIT: Duration = Duration::from_secs(140);

/// What the queries are run with.
pub(crate) enum Library {
    /// google-cloud-bigquery, with the folder where its `python` is.
    Real { programs: PathBuf },
    /// Nothing: the tour asks BigQuery itself.
    Absent,
}

impl Library {
    /// The one that `BQCRED_TOUR_VENV` names; else one that is installed now, if that can be.
    pub(crate) fn find(folder: &Folder) -> Result<Library> {
        if let Some(given) = std::env::var_os("BQCRED_TOUR_VENV") {
            let programs = Path::new(&given).join("bin");
            if run(Command::new(programs.join("python")).args(["-c", "import google.cloud.bigquery"]), LIMIT)
            {
                return Ok(Library::Real { programs });
            }
            return Err(format!("{}: no virtual environment with google-cloud-bigquery", programs.display()));
        }
        put("(Installing google-cloud-bigquery, just for the tour, in up to a minute … ")?;
        let started = Instant::now();
        match install(folder) {
            Ok(programs) => {
                say(&format!("{} s.)", started.elapsed().as_secs()))?;
                Ok(Library::Real { programs })
            }
            Err(reason) => {
                say(&format!("no:\n{reason}.\nSo the tour sends the query itself.)"))?;
                Ok(Library::Absent)
            }
        }
    }

    /// Where its programs are.
    pub(crate) fn programs(&self) -> Option<&Path> {
        match self {
            Library::Real { programs } => Some(programs),
            Library::Absent => None,
        }
    }
}

/// Returns where `python` is; the error is a reason, in words.
fn install(folder: &Folder) -> std::result::Result<PathBuf, &'static str> {
    let (place, ends) = (folder.path().join("venv"), Instant::now() + LIMIT);
    if !run(Command::new("python3").arg("--version"), LIMIT) {
        return Err("there is no python3");
    }
    if !run(Command::new("python3").args(["-m", "venv"]).arg(&place), LIMIT) {
        return Err("Python has no venv (apt install python3-venv)");
    }
    let programs = place.join("bin");
    let mut pip = Command::new(programs.join("python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-cache-dir",
        "--no-input",
    ]);
    // nothing is compiled here: that would take longer than the tour
    pip.args(["--only-binary", ":all:", "google-cloud-bigquery"]).env("TMPDIR", folder.temporary());
    match run(&mut pip, ends.saturating_duration_since(Instant::now())) {
        true => Ok(programs),
        false => Err("pip did not get it"),
    }
}

/// Runs a program without showing its output. Says whether it succeeded in time.
fn run(command: &mut Command, limit: Duration) -> bool {
    command.env_remove("PYTHONHOME").env_remove("PYTHONPATH").process_group(0);
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = quiet.spawn() else { return false };
    let mut group = interrupt::watch(&child);
    let (sender, ended) = channel();
    std::thread::spawn(move || sender.send(child.wait().is_ok_and(|status| status.success())));
    let succeeded = ended.recv_timeout(limit).unwrap_or(false);
    group.end();
    succeeded
}
