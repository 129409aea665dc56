//! Interpreters that have loaded their libraries, and play one environment after the other in children.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::scene::Scene;

/// A hang guard: some environments make a library try for a minute, and this machine may be busy.
const LIMIT: Duration = Duration::from_secs(300);

/// One interpreter. It ends when its stdin does: with this, or with the tests.
struct Warm {
    process: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
    said: tempfile::NamedTempFile,
}

/// Those that are not busy.
pub struct Pool(Mutex<Vec<Warm>>);

impl Pool {
    /// None yet.
    pub const fn new() -> Self {
        Pool(Mutex::new(Vec::new()))
    }

    /// Plays this environment, in an interpreter of `program` that is free, or a new one.
    pub fn play(&self, program: &Path, args: &[&str], scene: &Scene, names: &[&str]) -> String {
        let idle = self.0.lock().unwrap().pop();
        let mut warm = idle.unwrap_or_else(|| Warm::start(program, args));
        let env: serde_json::Map<String, Value> =
            scene.env().into_iter().map(|(name, value)| (name, value.into())).collect();
        let answer = warm.ask(&json!({"env": env, "folder": scene.folder(), "names": names}));
        self.0.lock().unwrap().push(warm);
        answer
    }
}

impl Warm {
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
        Warm { requests: process.stdin.take().unwrap(), process, answers, said }
    }

    fn ask(&mut self, request: &Value) -> String {
        // if it has ended already, there is no answer either
        let _ = writeln!(self.requests, "{request}");
        self.answers.recv_timeout(LIMIT).unwrap_or_else(|e| {
            let said = std::fs::read(self.said.path()).unwrap_or_default();
            panic!("no answer ({e}); it said:\n{}", String::from_utf8_lossy(&said))
        })
    }
}

impl Drop for Warm {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
