//! What `exec --token-only` costs a program: `cargo bench --bench broker` prints a table in Markdown.
//!
//! Times are of one run, on one machine, against the double of Google. Nothing here fails because it is slow; it fails if
//! a request gets no token, or if a token is requested more than once.
#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "its result is what it prints; it ends where it can't set something up"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bqcred_test_support::{Google, Sandbox, venv};
use serde_json::{Value, json};

const CLIENTS: usize = 200;
const LOAD: Duration = Duration::from_secs(60);
/// In seconds. A broker hands out no token with 300 s or less, so that these last two seconds there.
const LIFETIME: u64 = 302;
const REQUESTS: usize = 10_000;

/// Refreshes a credential of google-auth's as often as its first argument says, at the server that its second one names;
/// prints the median in microseconds.
const PYTHON: &str = "
import statistics, sys, time, google.auth, google.auth.transport.requests
credentials, _ = google.auth.default()
if len(sys.argv) > 2:
    credentials._token_uri = sys.argv[2]
request = google.auth.transport.requests.Request()
times = []
for _ in range(int(sys.argv[1])):
    start = time.perf_counter()
    credentials.refresh(request)
    times.append(time.perf_counter() - start)
print(statistics.median(times) * 1e6)
";

/// A program that waits, and the broker that serves it.
struct Broker {
    child: Child,
    port: u16,
    request: Vec<u8>,
}

impl Broker {
    fn start(google: &Google, sandbox: &Sandbox) -> Broker {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bqcred"));
        let script = "tr -d '\\n' <\"$GOOGLE_APPLICATION_CREDENTIALS\"; echo; read -r line";
        command.args(["exec", "--token-only", "--", "sh", "-c", script]);
        command.env_clear().envs(sandbox.env()).envs(google.env());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let file: Value = serde_json::from_str(&line).unwrap();
        let port = file["token_url"].as_str().unwrap().rsplit(':').next().unwrap();
        let port = port.trim_end_matches("/token").parse().unwrap();
        let body =
            format!("grant_type=refresh_token&refresh_token={}", file["refresh_token"].as_str().unwrap());
        let head = format!(
            "POST /token HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Broker { child, port, request: head.into_bytes() }
    }

    fn ask(&self) -> Duration {
        let start = Instant::now();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(&self.request).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("access_token"), "{}", answer.lines().next().unwrap_or_default());
        start.elapsed()
    }

    /// In KiB.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
    }

    fn end(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

fn main() {
    // `cargo test --all-targets` starts benchmarks too, to see that they start
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sign_in(&google, &sandbox);
    println!("| access tokens under `exec --token-only` | |\n|---|---:|");
    python(&google, &sandbox);
    let broker = Broker::start(&google, &sandbox);
    one_after_the_other(&broker);
    broker.end();
    many_at_once(&google, &sandbox);
}

/// At the double, under Google's own host names.
fn sign_in(google: &Google, sandbox: &Sandbox) {
    let client = sandbox.write("google.json", google.google_client_json());
    let start = ["login", "--start", "--project", "my-project", "--client-id-file", client.to_str().unwrap()];
    let started = sandbox.invoke(&start).envs(google.env()).run().success();
    let redirect = google.approve(started.stdout.trim(), "ada@example.com");
    let finish = sandbox.invoke(&["login", "--finish", "-"]).envs(google.env());
    finish.stdin(format!("{redirect}\n")).run().success();
}

fn row(name: &str, value: &str) {
    println!("| {name} | {value} |");
}

/// google-auth's own refresh, and the one at the broker. The first goes to the double directly, as urllib3 waits for 40 ms
/// with each small packet that it sends through a proxy.
fn python(google: &Google, sandbox: &Sandbox) {
    let Some(python) = venv(&["google.auth", "requests"]) else {
        return eprintln!("skipped: no Python with google-auth in BQCRED_TEST_VENV");
    };
    let python = python.to_str().unwrap();
    let server = format!("{}/token", google.https_base());
    for (name, way, server) in [
        ("google-auth's own refresh, at a server on the same machine", "--file", Some(server.as_str())),
        ("google-auth's refresh at the broker", "--token-only", None),
    ] {
        let program = ["exec", way, "--", python, "-W", "ignore", "-c", PYTHON, "300"];
        let args: Vec<&str> = program.into_iter().chain(server).collect();
        let run = sandbox.invoke(&args).envs(google.env()).run().success();
        let median: f64 = run.stdout.trim().parse().unwrap();
        row(name, &format!("{:.2} ms", median / 1e3));
    }
}

fn one_after_the_other(broker: &Broker) {
    (0..100).for_each(|_| _ = broker.ask());
    let before = broker.memory();
    let mut times: Vec<Duration> = (0..REQUESTS).map(|_| broker.ask()).collect();
    times.sort_unstable();
    let of = |share: f64| times[(REQUESTS as f64 * share) as usize].as_secs_f64() * 1e3;
    row("a token from the broker, without a library", &format!("{:.2} ms", of(0.5)));
    row("the slowest of a hundred", &format!("{:.2} ms", of(0.99)));
    row(
        &format!("memory of the broker before and after {REQUESTS} requests"),
        &format!("{before} and {} KiB", broker.memory()),
    );
}

/// Each client asks again as soon as it has an answer.
fn many_at_once(google: &Google, sandbox: &Sandbox) {
    google.write_expires_in(Some(json!(LIFETIME)));
    let _ = std::fs::remove_file(sandbox.home().join(".cache/bqcred/default.token"));
    let broker = Broker::start(google, sandbox);
    let (asked, slowest) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (before, start) = (google.count("/token"), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while start.elapsed() < LOAD {
                    let micros = usize::try_from(broker.ask().as_micros()).unwrap();
                    slowest.fetch_max(micros, Ordering::Relaxed);
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let expiries = start.elapsed().as_secs() as usize / 2;
    let refreshes = google.count("/token") - before;
    assert!(refreshes <= expiries + 1, "{refreshes} refreshes in {expiries} lifetimes");
    row(
        &format!("{CLIENTS} clients for a minute: requests, and the slowest"),
        &format!("{}, {:.0} ms", asked.into_inner(), slowest.into_inner() as f64 / 1e3),
    );
    row("refreshes at Google's double, in 30 lifetimes of a token", &refreshes.to_string());
    row("memory of the broker then", &format!("{} KiB", broker.memory()));
    broker.end();
}
