//! Runs of a program with a time limit, whose output must not contain a secret.

use std::io::{Read, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::double::CANARIES;

/// A program to run.
pub struct Invocation {
    command: Command,
    stdin: Vec<u8>,
    may_print_secret: bool,
    limit: Duration,
}

/// How a program ended.
#[derive(Clone, Debug)]
pub struct Run {
    /// The command line, for messages.
    pub line: String,
    /// Everything on stdout.
    pub stdout: String,
    /// Everything on stderr.
    pub stderr: String,
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// How long it took.
    pub time: Duration,
}

impl Invocation {
    pub(super) fn new(command: Command) -> Self {
        Invocation { command, stdin: Vec::new(), may_print_secret: false, limit: Duration::from_secs(120) }
    }

    /// As this user and group, and in no other group. Needs root.
    pub fn user(mut self, id: u32) -> Self {
        use std::os::unix::process::CommandExt as _;
        self.command.gid(id).uid(id);
        self
    }

    /// Its stdin.
    pub fn stdin(mut self, text: impl AsRef<[u8]>) -> Self {
        self.stdin = text.as_ref().to_vec();
        self
    }

    /// Another argument.
    pub fn arg(mut self, arg: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Another variable.
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// More variables.
    pub fn envs(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.command.envs(variables);
        self
    }

    /// Without this variable.
    pub fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Another working folder.
    pub fn current_dir(mut self, folder: impl AsRef<std::path::Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// It may print a secret (`token`, `export -`).
    pub fn may_print_secret(mut self) -> Self {
        self.may_print_secret = true;
        self
    }

    /// Another time limit than 120 s.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it. Panics if it takes too long, or if its output shows a secret.
    pub fn run(mut self) -> Run {
        let line = format!("{:?}", self.command.get_args().collect::<Vec<_>>());
        let started = Instant::now();
        let piped = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|e| panic!("{:?}: {e}", self.command.get_program()));
        let mut input = child.stdin.take().unwrap();
        let text = std::mem::take(&mut self.stdin);
        std::thread::spawn(move || {
            // The program may not read it.
            let _ = input.write_all(&text);
        });
        let stdout = collect(child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        let ends = started + self.limit;
        let mut texts = Vec::new();
        for stream in [stdout, stderr] {
            let Ok(bytes) = stream.recv_timeout(ends.saturating_duration_since(Instant::now())) else {
                let _ = child.kill();
                panic!("{line} still runs after {:?}; so far: {texts:?}", self.limit);
            };
            texts.push(
                String::from_utf8(bytes).unwrap_or_else(|e| panic!("{line}: output is not UTF-8: {e}")),
            );
        }
        let code = child.wait().unwrap().code();
        let (stderr, stdout) = (texts.pop().unwrap(), texts.pop().unwrap());
        let run = Run { line, stdout, stderr, code, time: started.elapsed() };
        run.check_secrets(self.may_print_secret);
        run
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

impl Run {
    /// Whether stdout is what a failing `env` prints: a statement that fails, and before it nothing, or what keeps
    /// libraries from using another account.
    pub fn is_failing_eval(&self) -> bool {
        let Some(before) = self.stdout.strip_suffix("false;\n") else { return false };
        let closes =
            |line: &str| line.contains("GOOGLE_APPLICATION_CREDENTIALS=") && line.contains("/bqcred-");
        before.is_empty() || (before.contains(super::GUARD_HOST) && before.lines().any(closes))
    }

    /// stderr never contains a secret; stdout only where that is allowed.
    fn check_secrets(&self, may_print_secret: bool) {
        for canary in CANARIES {
            assert!(
                !self.stderr.contains(canary),
                "{} shows a secret on stderr:\n{}",
                self.line,
                self.stderr
            );
            let shown = self.stdout.contains(canary) && !may_print_secret;
            assert!(!shown, "{} shows a secret on stdout:\n{}", self.line, self.stdout);
        }
    }

    /// Panics, with all output, unless it ended with this code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "{}\nstdout:\n{}\nstderr:\n{}",
            self.line,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Panics unless it ended with 0.
    #[track_caller]
    pub fn success(self) -> Self {
        self.code(0)
    }

    /// Panics unless it ended with this code and an empty stdout.
    #[track_caller]
    pub fn fails(self, code: i32) -> Self {
        let run = self.code(code);
        assert_eq!(run.stdout, "", "{} fails, and yet there is something on stdout", run.line);
        run
    }

    /// Panics unless stderr holds this text (line breaks and runs of spaces count as one space).
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let flat = self.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(text), "{} does not say {text:?}:\n{}", self.line, self.stderr);
        self
    }

    /// stdout as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{}: {e}:\n{}", self.line, self.stdout))
    }
}
