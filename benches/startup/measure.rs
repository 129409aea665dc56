//! Measuring one run of a program: time, memory, instructions.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::common::find_program;

/// What is started: a program, its arguments and its whole environment.
pub(crate) struct Start {
    /// What the table calls it.
    pub(crate) name: String,
    line: Vec<String>,
    environment: Vec<(String, String)>,
    /// Done before each run, and not measured.
    before: Option<Box<dyn Fn()>>,
}

/// How often to run each program: rounds, and runs in each.
#[derive(Clone, Copy)]
pub(crate) struct Effort(pub(crate) usize, pub(crate) usize);

impl Start {
    pub(crate) fn new(name: &str, program: &Path, args: &[&str], environment: &[(String, String)]) -> Self {
        let program = program.to_str().unwrap().to_owned();
        let line = [program].into_iter().chain(args.iter().map(|arg| (*arg).to_owned())).collect();
        Start { name: name.to_owned(), line, environment: environment.to_vec(), before: None }
    }

    pub(crate) fn before(mut self, prepare: impl Fn() + 'static) -> Self {
        self.before = Some(Box::new(prepare));
        self
    }

    /// The program below others, such as valgrind: `prefix` and then its own command line.
    fn command(&self, prefix: &[&str]) -> Command {
        if let Some(prepare) = &self.before {
            prepare();
        }
        let mut line = prefix.iter().copied().chain(self.line.iter().map(String::as_str));
        let mut command = Command::new(line.next().unwrap());
        command.args(line).env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Whether it can be run at all: a verb may be missing, gcloud may not be installed.
    pub(crate) fn works(&self) -> bool {
        self.command(&[]).status().is_ok_and(|status| status.success())
    }

    /// From before the program is started until it has been waited for.
    fn time(&self) -> Duration {
        let mut command = self.command(&[]);
        let started = Instant::now();
        let status = command.status().unwrap();
        let time = started.elapsed();
        assert!(status.success(), "{}: {status}", self.name);
        time
    }

    /// The most memory that it had at once, in KiB, as time(1) tells it; of several runs the median.
    pub(crate) fn memory(&self) -> Option<u64> {
        let time = find_program("time")?;
        let report = tempfile::NamedTempFile::new().unwrap();
        let path = report.path().to_str().unwrap();
        let mut runs: Vec<u64> = (0..5)
            .map_while(|_| {
                self.command(&[time.to_str().unwrap(), "-f", "%M", "-o", path]).status().ok()?;
                std::fs::read_to_string(path).ok()?.trim().parse().ok()
            })
            .collect();
        runs.sort_unstable();
        runs.get(runs.len() / 2).copied()
    }

    /// How many instructions it takes in user space, the dynamic linker's included, as valgrind counts them.
    pub(crate) fn instructions(&self) -> Option<u64> {
        let valgrind = find_program("valgrind")?;
        let prefix = [valgrind.to_str().unwrap(), "--tool=callgrind", "--callgrind-out-file=/dev/null"];
        let out = self.command(&prefix).stderr(Stdio::piped()).output().ok()?;
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        text.split("Collected :").nth(1)?.split_whitespace().next()?.parse().ok()
    }
}

/// The median of each program's best round, in microseconds. Other work on the machine makes rounds slower,
/// never quicker, and with rounds in turn it hits all programs alike.
pub(crate) fn times(starts: &[Start], Effort(rounds, runs): Effort) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; starts.len()];
    for _ in 0..rounds {
        for (start, best) in starts.iter().zip(&mut best) {
            let mut times: Vec<Duration> = (0..runs).map(|_| start.time()).collect();
            times.sort_unstable();
            *best = best.min(times[runs / 2].as_secs_f64() * 1e6);
        }
    }
    best
}

/// Microseconds for people.
pub(crate) fn time(microseconds: f64) -> String {
    if microseconds < 9_950.0 {
        format!("{:.2} ms", microseconds / 1e3)
    } else {
        format!("{:.0} ms", microseconds / 1e3)
    }
}

/// A table in Markdown: the first column to the left, the others to the right.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) {
    println!("| {} |", head.join(" | "));
    println!("|---|{}", "---:|".repeat(head.len() - 1));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
    println!();
}
