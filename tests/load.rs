//! 200 concurrent processes of mixed commands on ten profiles: no update is lost, no file is torn, no process
//! hangs, and each access token is requested once. `BQCRED_TEST_FULL=1` runs this for a minute.
#![cfg(unix)]
#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "this is a test, and clippy knows only #[test] functions as tests"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bqcred_test_support::double::{CLIENT_ID, CLIENT_SECRET};
use bqcred_test_support::{Google, Invocation, Run, Sandbox, set_mode};
use serde_json::Value;

const PROCESSES: usize = 200;
const PROFILES: usize = 10;
/// How often all access tokens expire.
const TOKEN_LIFETIME: Duration = Duration::from_secs(2);
/// `status` sends a request each time, so these can't be counted.
const ASKING: [usize; 2] = [6, 7];
/// Their credential is replaced all the time.
const REPLACED: [usize; 2] = [8, 9];

struct Load {
    google: Google,
    sandbox: Sandbox,
    ends: Instant,
    logins: [AtomicUsize; PROFILES],
    runs: AtomicUsize,
    expiries: [AtomicUsize; PROFILES],
}

fn account(profile: usize) -> String {
    format!("ada+{profile}@example.com")
}

fn name(profile: usize) -> String {
    format!("p{profile}")
}

impl Load {
    fn new(time: Duration) -> Load {
        let (google, sandbox) = (Google::start(), Sandbox::new());
        let client = sandbox.client_file(&google);
        sandbox.bqcred(&["client", "set", &client]).success();
        for profile in 0..PROFILES {
            sandbox
                .login(&google, &account(profile), &["--profile", &name(profile), "--project", "p"])
                .success();
        }
        sandbox.bqcred(&["use", "p0"]).success();
        Load {
            google,
            sandbox,
            ends: Instant::now() + time,
            logins: std::array::from_fn(|_| AtomicUsize::new(1)),
            runs: AtomicUsize::new(0),
            expiries: std::array::from_fn(|_| AtomicUsize::new(0)),
        }
    }

    fn ran(&self, invocation: Invocation) -> Run {
        self.runs.fetch_add(1, Ordering::Relaxed);
        invocation.may_print_secret().run().success()
    }

    fn bqcred(&self, args: &[&str]) -> Run {
        self.ran(self.sandbox.invoke(args))
    }

    /// What one worker does, over and over.
    fn work(&self, worker: usize) {
        let mut round = worker;
        while Instant::now() < self.ends {
            let profile = round % PROFILES;
            round += 7;
            match worker {
                0..2 => self.log_in(REPLACED[worker]),
                2..8 => self.import(REPLACED[worker % 2], worker),
                8..16 => self.allow(worker, round),
                16..20 => drop(self.bqcred(&["use", &name(profile)])),
                20..28 => drop(self.bqcred(&["status", "--profile", &name(ASKING[worker % 2])])),
                _ => self.use_it(worker, round, profile),
            }
        }
    }

    fn use_it(&self, worker: usize, round: usize, profile: usize) {
        let name = name(profile);
        let out = format!("tmp/out-{worker}.json");
        match round % 8 {
            0 => drop(self.bqcred(&["env", "--shell", "sh", "--profile", &name])),
            1 => drop(self.bqcred(&["list"])),
            2 => drop(self.bqcred(&["status", "--offline", "--profile", &name])),
            3 => drop(self.bqcred(&["export", "--force", &out, "--profile", &name])),
            4 => drop(self.bqcred(&["exec", "--profile", &name, "--", "true"])),
            _ => drop(self.bqcred(&["token", "--profile", &name])),
        }
    }

    fn log_in(&self, profile: usize) {
        let name = name(profile);
        let start = self.bqcred(&["login", "--start", "--profile", &name]);
        let redirect = self.google.approve(start.stdout.trim(), &account(profile));
        self.ran(self.sandbox.invoke(&["login", "--finish", "-", "--profile", &name]).stdin(redirect));
        self.logins[profile].fetch_add(1, Ordering::Relaxed);
    }

    fn import(&self, profile: usize, worker: usize) {
        let who = format!("bob+{worker}@example.com");
        let token = self.google.grant(&who, CLIENT_ID, &["openid", "userinfo.email", "bigquery"]);
        let adc = serde_json::json!({
            "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "refresh_token": token, "type": "authorized_user",
        });
        let args = ["import", "-", "--force", "--profile", &name(profile)];
        self.ran(self.sandbox.invoke(&args).stdin(adc.to_string()));
    }

    fn allow(&self, worker: usize, round: usize) {
        let file = self.sandbox.write(&format!("tmp/{worker}-{round}/.bqcred"), "p1\n");
        self.bqcred(&["allow", file.to_str().unwrap()]);
    }

    /// Reads every file all the time, as libraries and shells do.
    fn read(&self) -> usize {
        let mut read = 0;
        while Instant::now() < self.ends {
            for (path, content) in self.sandbox.files() {
                let is_json =
                    path.extension().is_some_and(|end| end == "json" || end == "token" || end == "login");
                // a file that was replaced between two calls reads as empty
                if is_json && !content.is_empty() {
                    let parsed = serde_json::from_slice::<Value>(&content);
                    assert!(parsed.is_ok(), "{} is torn", path.display());
                    read += 1;
                }
            }
        }
        read
    }

    /// Makes the cached access tokens expire now and then, by their own time.
    fn expire(&self) {
        while Instant::now() < self.ends {
            std::thread::sleep(TOKEN_LIFETIME); // sets the pace, and orders nothing
            for profile in 0..PROFILES {
                let path = self.sandbox.home().join(format!(".cache/bqcred/{}.token", name(profile)));
                let Ok(bytes) = std::fs::read(&path) else { continue };
                let mut kept: Value = serde_json::from_slice(&bytes).unwrap();
                kept["expires"] = "2020-01-01T00:00:00Z".into();
                let next = self.sandbox.write(&format!("tmp/{}.token", name(profile)), kept.to_string());
                set_mode(&next, 0o600);
                self.expiries[profile].fetch_add(1, Ordering::Relaxed);
                std::fs::rename(next, &path).unwrap();
            }
        }
    }

    /// For each access token that expired, a new one was requested at most once.
    fn check_refreshes(&self) -> usize {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for request in self.google.requests().iter().filter(|request| request.path == "/token") {
            if let Some(token) = request.field("refresh_token") {
                *seen.entry(token).or_default() += 1;
            }
        }
        let counted = (0..PROFILES).filter(|at| !ASKING.contains(at) && !REPLACED.contains(at));
        let mut all = 0;
        for profile in counted {
            let refreshes = seen[&self.refresh_token(profile)];
            let ended = self.expiries[profile].load(Ordering::Relaxed);
            assert!(refreshes <= ended + 1, "{}: {refreshes} refreshes, {ended} ended", name(profile));
            assert!(refreshes >= 2, "{}: the run was too short for a token to end", name(profile));
            all += refreshes;
        }
        all
    }

    fn json(&self, path: std::path::PathBuf) -> Value {
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    fn refresh_token(&self, profile: usize) -> String {
        self.json(self.sandbox.adc(&name(profile)))["refresh_token"].as_str().unwrap().to_owned()
    }

    /// Every login is counted, every pin is there, and each profile describes its credential.
    fn check_updates(&self, pins: usize) {
        for profile in 0..PROFILES {
            let known = self.json(self.sandbox.data(&name(profile)).join("profile.json"));
            let logins = self.logins[profile].load(Ordering::Relaxed);
            assert_eq!(known["refresh_tokens"], logins, "{}: a login is not counted", name(profile));
            assert_eq!(known["project"], "p", "{}", name(profile));
            let status = self.bqcred(&["status", "--json", "--profile", &name(profile)]).json();
            assert_eq!((&status["account"], &status["alive"]), (&known["account"], &Value::Bool(true)));
        }
        let allowed = self.bqcred(&["allow", "--list", "--json"]).json();
        assert_eq!(allowed.as_array().unwrap().len(), pins);
        let left =
            self.sandbox.files().into_iter().filter(|(path, _)| path.to_string_lossy().ends_with(".tmp"));
        assert_eq!(left.count(), 0);
    }
}

#[test]
fn two_hundred_concurrent_processes() {
    let full = std::env::var_os("BQCRED_TEST_FULL").is_some();
    let load = Load::new(Duration::from_secs(if full { 60 } else { 12 }));
    let read = std::thread::scope(|scope| {
        let reader = scope.spawn(|| load.read());
        scope.spawn(|| load.expire());
        for worker in 0..PROCESSES {
            let load = &load;
            scope.spawn(move || load.work(worker));
        }
        reader.join().unwrap()
    });
    let files = load.sandbox.files();
    let pins = files.iter().filter(|(path, _)| path.ends_with(".bqcred")).count();
    let refreshes = load.check_refreshes();
    load.check_updates(pins);
    let (runs, requests) = (load.runs.load(Ordering::Relaxed), load.google.requests().len());
    println!("{runs} runs, {requests} requests, {refreshes} refreshes of 6 profiles, {read} files read");
}

#[test]
fn one_of_many_concurrent_exports_wins() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, "ada@example.com", &["--project", "p"]).success();
    for round in 0..5 {
        let file = format!("tmp/export-{round}.json");
        let codes: Vec<Option<i32>> = std::thread::scope(|scope| {
            let runs: Vec<_> =
                (0..12).map(|_| scope.spawn(|| sandbox.bqcred(&["export", &file]).code)).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        let won = codes.iter().filter(|code| **code == Some(0)).count();
        let refused = codes.iter().filter(|code| **code == Some(2)).count();
        assert_eq!((won, refused), (1, 11), "{codes:?}");
    }
}

/// A server that gives a new refresh token each time, valid for one use: concurrent processes each use the
/// token that the previous one got.
#[test]
fn rotated_refresh_tokens_are_used_once() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    google.rotate_on_refresh(true);
    sandbox.login(&google, "ada@example.com", &["--project", "p"]).success();
    std::thread::scope(|scope| {
        for worker in 0..40 {
            let args: &[&str] = if worker % 4 == 0 { &["status"] } else { &["token", "--min-ttl", "7200"] };
            let invocation = sandbox.invoke(args).may_print_secret();
            scope.spawn(move || invocation.run().success());
        }
    });
    let mut used: Vec<String> =
        google.requests().iter().filter_map(|request| request.field("refresh_token")).collect();
    let all = used.len();
    used.sort();
    used.dedup();
    assert!(used.len() == all && all >= 30, "{} of {all}", used.len());
    let adc: Value = serde_json::from_slice(&std::fs::read(sandbox.adc("default")).unwrap()).unwrap();
    assert_eq!(
        google.valid_tokens("ada@example.com").last().unwrap(),
        adc["refresh_token"].as_str().unwrap()
    );
    let known: Value =
        serde_json::from_slice(&std::fs::read(sandbox.data("default").join("profile.json")).unwrap())
            .unwrap();
    assert_eq!((&known["project"], &known["origin"]), (&"p".into(), &"login".into()));
}
