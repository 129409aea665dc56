//! Interpreters with their libraries loaded, which run one environment after the other in child processes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::scene::Scene;

/// Against hanging: some environments make a library retry for a minute, and this machine may be busy.
const LIMIT: Duration = Duration::from_secs(300);

/// One interpreter. It ends with its stdin: when this is dropped, or with the tests.
struct Interpreter {
    process: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
    said: tempfile::NamedTempFile,
}

/// The idle interpreters.
pub struct Pool(Mutex<Vec<Interpreter>>);

impl Pool {
    /// An empty pool.
    pub const fn new() -> Self {
        Pool(Mutex::new(Vec::new()))
    }

    /// Runs this environment in an idle interpreter of `program`, or in a new one.
    pub fn play(&self, program: &Path, args: &[&str], scene: &Scene, names: &[&str]) -> String {
        let idle = self.0.lock().unwrap().pop();
        let mut interpreter = idle.unwrap_or_else(|| Interpreter::start(program, args));
        let env: serde_json::Map<String, Value> =
            scene.env().into_iter().map(|(name, value)| (name, value.into())).collect();
        let answer = interpreter.ask(&json!({"env": env, "folder": scene.folder(), "names": names}));
        self.0.lock().unwrap().push(interpreter);
        answer
    }
}

impl Interpreter {
    fn start(program: &Path, args: &[&str]) -> Self {
        let said = tempfile::NamedTempFile::new().unwrap();
        let mut process = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(said.reopen().unwrap())
            .spawn()
            .unwrap();
        let (sender, answers) = channel();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Interpreter { requests: process.stdin.take().unwrap(), process, answers, said }
    }

    fn ask(&mut self, request: &Value) -> String {
        // if it has ended already, there is no answer
        let _ = writeln!(self.requests, "{request}");
        self.answers.recv_timeout(LIMIT).unwrap_or_else(|e| {
            let said = std::fs::read(self.said.path()).unwrap_or_default();
            panic!("no answer ({e}); it said:\n{}", String::from_utf8_lossy(&said))
        })
    }
}

impl Drop for Interpreter {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
