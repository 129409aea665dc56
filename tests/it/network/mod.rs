//! Every kind of network failure, for every command that uses the network: a clear error, the right exit
//! code, bounded time and memory, no file changed, and no secret sent to another host. Directly and through a proxy:
//! the libraries report the same failure in different ways.

mod http;
mod names;
mod proxies;
mod signals;
mod tls;
mod wire;

use std::time::Duration;

use crate::common::{Google, Invocation, Run, Sandbox};
use wire::Step;

const ADA: &str = "ada@example.com";

/// A request may take 30 s, and is not retried after a timeout. The rest is for a slow
/// machine.
const PATIENCE: Duration = Duration::from_secs(75);

/// Far more than bqcred needs, far less than what is sent to it, in KiB.
const MEMORY: u32 = 128 * 1024;

/// What is run against each fault.
const COMMANDS: [&[&str]; 4] = [
    &["token", "--min-ttl", "99999"],
    &["status"],
    &["revoke", "--yes"],
    &["login", "--profile", "new", "--finish", "-"],
];

/// How the server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Direct,
    /// Through a CONNECT proxy, under Google's host names.
    Proxy,
}

const ROUTES: [Route; 2] = [Route::Direct, Route::Proxy];

/// A user who has signed in, with a pending login of profile `new` whose answer the browser has given.
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

    /// What a failure must not change: the credential, the pending sign-in, and what is known of the profile, except
    /// that a revocation without an answer leaves it unknown whether the credential is valid.
    fn kept(&self) -> Vec<Option<Vec<u8>>> {
        let data = self.sandbox.data("default");
        let pending = self.sandbox.home().join(".local/state/bqcred/new.login");
        let read = |path: &std::path::Path| std::fs::read(path).ok();
        let known = read(&data.join("profile.json")).map(|bytes| {
            let mut known: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            let state = known.as_object_mut().unwrap().remove("state").unwrap();
            assert!(["valid", "unknown"].contains(&state["name"].as_str().unwrap()), "{state}");
            known.to_string().into_bytes()
        });
        vec![read(&data.join("adc.json")), known, read(&pending)]
    }

    /// Every command must exit with the network error code and this message.
    #[track_caller]
    fn every_command_says(&self, says: &str) {
        self.commands_say(&COMMANDS, says);
    }

    /// The same for some commands. They run concurrently; two of the same profile wait for
    /// each other.
    #[track_caller]
    fn commands_say(&self, commands: &[&[&str]], says: &str) {
        let before = self.kept();
        let runs: Vec<Run> = std::thread::scope(|scope| {
            let threads: Vec<_> = commands.iter().map(|words| scope.spawn(|| self.run(words))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for (words, run) in commands.iter().zip(runs) {
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

    /// Everything works again, even with the same answer if the server never got it.
    #[track_caller]
    fn works_again(&self) {
        self.run(&["status", "--exit-code"]).success();
        self.run(&["login", "--profile", "new", "--finish", "-"]).success();
        self.run(&["revoke", "--yes"]).success();
    }
}

/// A client file whose endpoints are at `to` instead of at `from`, except for the page that the browser opens.
fn moved(client: &str, from: &str, to: &str) -> String {
    let page = "/o/oauth2/v2/auth";
    client.replace(from, to).replace(&format!("{to}{page}"), &format!("{from}{page}"))
}

fn send(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}
