//! Measuring one run of a program: time, memory, page faults, instructions.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bqcred_test_support::find_program;

/// What is started: a program, its arguments and its whole environment.
pub(crate) struct Start {
    /// What the table calls it.
    pub(crate) name: String,
    line: Vec<String>,
    environment: Vec<(String, String)>,
    /// Done before each run, and not measured.
    before: Option<Box<dyn Fn()>>,
}

impl Start {
    pub(crate) fn new(name: &str, program: &Path, args: &[&str], environment: &[(String, String)]) -> Self {
        let program = program.to_str().unwrap().to_owned();
        let line = [program].into_iter().chain(args.iter().map(|arg| (*arg).to_owned())).collect();
        Start { name: name.to_owned(), line, environment: environment.to_vec(), before: None }
    }

    /// A program on the PATH, which may be missing.
    pub(crate) fn of(name: &str, program: &str, args: &[&str], environment: &[(String, String)]) -> Self {
        Start::new(name, &find_program(program).unwrap_or_else(|| program.into()), args, environment)
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

    /// Whether it can be run here: what bqcred is compared with is often not installed.
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

    /// From before so many are started at once until all have been waited for.
    fn time_of_many(&self, count: usize) -> Duration {
        let mut commands: Vec<Command> = (0..count).map(|_| self.command(&[])).collect();
        let started = Instant::now();
        let children: Vec<_> = commands.iter_mut().map(|command| command.spawn().unwrap()).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success(), "{}", self.name);
        }
        started.elapsed()
    }

    /// The most memory that it had at once, in KiB.
    pub(crate) fn memory(&self) -> Option<u64> {
        self.by_time("%M")
    }

    /// How often it touched a page of memory that the system had to provide first: the median of several runs. Their
    /// number is the same from run to run, where times are not.
    pub(crate) fn page_faults(&self) -> Option<u64> {
        let mut runs: Vec<u64> = (0..5)
            .map_while(|_| {
                let before = faults_of_children()?;
                self.command(&[]).status().ok()?;
                Some(faults_of_children()? - before)
            })
            .collect();
        runs.sort_unstable();
        runs.get(runs.len() / 2).copied()
    }

    /// A figure of time(1); the median of several runs.
    fn by_time(&self, format: &str) -> Option<u64> {
        let time = find_program("time")?;
        let report = tempfile::NamedTempFile::new().unwrap();
        let path = report.path().to_str().unwrap();
        let mut runs: Vec<u64> = (0..5)
            .map_while(|_| {
                self.command(&[time.to_str().unwrap(), "-f", format, "-o", path]).status().ok()?;
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

/// The page faults of all programs that were started here and have ended: cminflt in proc_pid_stat(5).
fn faults_of_children() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(8)?.parse().ok()
}

/// How long each of them takes, in microseconds: a time that nine in ten runs take longer than. Other work
/// on the machine makes runs slower, never quicker. They take turns, so it hits all programs alike.
pub(crate) fn times(starts: &[Start], runs: usize) -> Vec<f64> {
    share(10, starts.len(), runs, |index| starts[index].time())
}

/// The same, but half of the runs take longer.
pub(crate) fn medians(starts: &[Start], runs: usize) -> Vec<f64> {
    share(2, starts.len(), runs, |index| starts[index].time())
}

/// The same for so many of one program at once, in microseconds for each of them.
pub(crate) fn times_at_once(start: &Start, counts: &[usize], runs: usize) -> Vec<f64> {
    let all = share(10, counts.len(), runs, |index| start.time_of_many(counts[index]));
    all.iter().zip(counts).map(|(time, count)| time / *count as f64).collect()
}

/// The time, of each kind, that one run in `part` doesn't exceed.
fn share(part: usize, kinds: usize, runs: usize, measure: impl Fn(usize) -> Duration) -> Vec<f64> {
    let mut times = vec![Vec::with_capacity(runs); kinds];
    for _ in 0..runs {
        for (index, times) in times.iter_mut().enumerate() {
            times.push(measure(index));
        }
    }
    let one = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[runs / part].as_secs_f64() * 1e6
    };
    times.into_iter().map(one).collect()
}
