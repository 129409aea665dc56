//! The network goes wrong in every way, for every verb that uses it: a clear error, the right exit code,
//! bounded time and memory, nothing changed here, and never a secret to another host.

mod encrypted;
mod plain;
mod wire;

use std::time::Duration;

use crate::common::{Google, Invocation, Run, Sandbox};
use wire::Step;

const ADA: &str = "ada@example.com";

/// A request may take 30 s; who was kept waiting is not made to wait for another try. The rest is for a slow
/// machine.
const PATIENCE: Duration = Duration::from_secs(75);

/// Far more than bqcred needs, far less than what is sent to it, in KiB.
const MEMORY: u32 = 128 * 1024;

/// What is run against each fault.
const VERBS: [&[&str]; 4] = [
    &["token", "--min-ttl", "99999"],
    &["status"],
    &["revoke", "--yes"],
    &["login", "--profile", "new", "--finish", "-"],
];

/// A person who is signed in, whose `new` profile waits for an answer that the browser has given.
struct Scene {
    google: Google,
    sandbox: Sandbox,
    env: Vec<(String, String)>,
    answer: String,
}

impl Scene {
    /// With this client file, in this environment.
    fn new(google: Google, client: &str, env: Vec<(String, String)>) -> Scene {
        let sandbox = Sandbox::new();
        let client = sandbox.write("client.json", client);
        let mut scene = Scene { google, sandbox, env, answer: String::new() };
        scene.run(&["client", "set", client.to_str().unwrap()]).success();
        scene.answer = scene.approved("default");
        scene.run(&["login", "--finish", "-"]).success();
        scene.answer = scene.approved("new");
        scene
    }

    fn approved(&self, profile: &str) -> String {
        let started = self.run(&["login", "--start", "--profile", profile]).success();
        self.google.approve(started.stdout.trim(), ADA)
    }

    /// bqcred in this scene, with little memory.
    fn invoke(&self, words: &[&str]) -> Invocation {
        let limited = format!("ulimit -d {MEMORY}; exec \"$@\"");
        let bqcred = [&["-c", &limited, "sh", env!("CARGO_BIN_EXE_bqcred")], words].concat();
        let answer = if words.contains(&"--finish") { self.answer.clone() } else { String::new() };
        self.sandbox.program("sh", &bqcred).envs(self.env.clone()).stdin(answer).limit(PATIENCE)
    }

    fn run(&self, words: &[&str]) -> Run {
        self.invoke(words).run()
    }

    /// What a failure must not change.
    fn kept(&self) -> Vec<Option<Vec<u8>>> {
        let data = self.sandbox.data("default");
        let pending = self.sandbox.home().join(".local/state/bqcred/new.login");
        [data.join("adc.json"), data.join("profile.json"), pending]
            .map(|path| std::fs::read(path).ok())
            .into()
    }

    /// Every verb has to end as network trouble, in these words.
    #[track_caller]
    fn every_verb_says(&self, says: &str) {
        self.verbs_say(&VERBS, says);
    }

    /// The same of some verbs. They are run at once, and one that asks about the same profile as another waits
    /// for its answer first.
    #[track_caller]
    fn verbs_say(&self, verbs: &[&[&str]], says: &str) {
        let before = self.kept();
        let runs: Vec<Run> = std::thread::scope(|scope| {
            let threads: Vec<_> = verbs.iter().map(|words| scope.spawn(|| self.run(words))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for (words, run) in verbs.iter().zip(runs) {
            assert_eq!(run.code, Some(5), "{words:?}: {run:?}");
            assert!(run.stderr.contains(says), "{words:?} does not say {says:?}: {}", run.stderr);
            assert!(run.stderr.contains("\n  hint: ") && !run.stderr.contains("panick"), "{}", run.stderr);
            let report = if words[0] == "status" { "unknown: Google could not be asked" } else { "" };
            assert!(run.stdout.contains(report) && (report.is_empty() == run.stdout.is_empty()), "{run:?}");
        }
        assert_eq!(self.kept(), before, "something changed");
        assert!(before.iter().all(Option::is_some));
        assert!(!self.sandbox.adc("new").exists());
    }

    /// All is well again: with the same answer, too, if the server never saw it.
    #[track_caller]
    fn works_again(&self) {
        self.run(&["status", "--exit-code"]).success();
        self.run(&["login", "--profile", "new", "--finish", "-"]).success();
        self.run(&["revoke", "--yes"]).success();
    }
}

fn send(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}
