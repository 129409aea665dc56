//! The first step of gcloud's sign-in: its supervisor is started, and the address comes from that.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

use super::messages::Report;
use super::said;
use super::temp_config::TempConfig;
use super::{ADDRESS_LIMIT, COMMAND, command, pipes, process};
use crate::app::App;
use crate::credential::waiting::{self, Kept};
use crate::login::LoginRequest;
use crate::output::error::{Error, Result, reason};
use crate::store::place;
use crate::system::clock::Time;
use crate::system::{hash, own_program};

/// Longer than any report.
const REPORT_LIMIT: u64 = 64 * 1024;

/// gcloud, waiting for the code. Until [`Started::leave`] it ends with this process.
pub(crate) struct Started {
    /// The address to open.
    pub(crate) url: String,
    /// When gcloud was started: from then on the time counts.
    pub(crate) since: Time,
    supervisor: Supervisor,
    kept: Kept,
    config: TempConfig,
}

/// The process that keeps gcloud; dropped, it ends gcloud and removes gcloud's configuration.
struct Supervisor {
    process: Child,
    connection: Option<ChildStdin>,
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        if self.connection.take().is_some() {
            let _ = self.process.wait();
        }
    }
}

/// Starts gcloud, and waits for the address that it prints. `valid_for`: how long it then waits for the code.
pub(super) fn run(app: &App, request: &LoginRequest, program: &Path, valid_for: Duration) -> Result<Started> {
    let config = TempConfig::new(app)?;
    let folder = config.path();
    pipes::create(folder)
        .map_err(|error| place::suggest(&app.paths, Error::file(folder, "make a pipe in", &error)))?;
    let since = Time::now();
    let words = command::supervised(program, request);
    let mut again = own_program::again().map_err(|error| not_started(&error))?;
    again.arg(COMMAND).arg(folder).arg(valid_for.as_secs().to_string()).arg("--").args(words);
    command::set_environment(&mut again, folder);
    again.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = again.spawn().map_err(|error| not_started(&error))?;
    let connection = process.stdin.take();
    let output = process.stdout.take();
    let supervisor = Supervisor { process, connection };
    let mut line = String::new();
    if let Some(output) = output {
        let _ = BufReader::new(output.take(REPORT_LIMIT)).read_line(&mut line); // nothing is no report
    }
    let url = address(&line, program, valid_for)?;
    let kept = Kept {
        folder: folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        state: said::state(&url).map(|state| hash::sha256(state.as_bytes())),
        host: waiting::host(),
        valid_for: valid_for.as_secs(),
    };
    Ok(Started { url, since, supervisor, kept, config })
}

impl Started {
    /// What the second step finds it by; nothing in it is secret.
    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Lets it go on without this process: the sign-in is recorded.
    pub(crate) fn leave(mut self) -> Result<()> {
        let connection = self.supervisor.connection.take();
        let said = connection.map(|mut connection| connection.write_all(b"\n"));
        if let Some(Err(_)) | None = said {
            return Err(Error::other("the process that keeps gcloud waiting has ended")
                .hint("start again; `bqcred client guide` shows how to do without gcloud"));
        }
        self.config.leave();
        Ok(())
    }
}

fn address(report: &str, program: &Path, valid_for: Duration) -> Result<String> {
    let quoted = |words: &str| if words.is_empty() { String::new() } else { format!(". It says: {words}") };
    let own_client = process::OWN_CLIENT;
    let problem = match serde_json::from_str(report) {
        Ok(Report::Address(url)) => return Ok(url),
        Ok(Report::NotStarted(reason)) => format!("{} can't be run: {reason}", program.display()),
        Ok(Report::Ended(words)) => {
            format!("gcloud ended without a credential, and printed no address to open{}", quoted(&words))
        }
        Ok(Report::Silent(words)) => {
            let seconds = valid_for.min(ADDRESS_LIMIT).as_secs();
            let what =
                format!("timed out after {seconds} s: gcloud printed no address to open{}", quoted(&words));
            let longer = match valid_for < ADDRESS_LIMIT {
                true => "`--timeout SECONDS` waits longer",
                false => "`gcloud --version`: does it work?",
            };
            return Err(Error::other(what).unchanged().hint(format!("{longer}\n{own_client}")));
        }
        Err(_) => "the process that keeps gcloud waiting ended at once".to_owned(),
    };
    Err(Error::other(problem).unchanged().hint(format!("`gcloud --version`: does it work?\n{own_client}")))
}

fn not_started(error: &std::io::Error) -> Error {
    Error::other(format!("bqcred can't be started once more, to keep gcloud waiting: {}", reason(error)))
        .unchanged()
}
