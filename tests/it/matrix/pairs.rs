//! Two commands at once. One is stopped at a system call, the other runs; then the first goes on, or is killed there.
//! What each says is true of what it did, and nothing is lost.
//!
//! The first waits in its call while the second runs, so the order is exact. Where the second waits for a lock that the
//! first holds, the first goes on.

use std::io::{Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::agreement;
use super::cell::{Cell, Product, Step};
use super::facts::Facts;
use super::invariants;
use super::requests::Sent;
use super::states;
use super::world::{ADA, World};
use crate::common::Run;
use crate::common::faults::faults;

/// How long the second command may wait for a lock of the first before that goes on.
const PATIENCE: Duration = Duration::from_millis(400);

/// A command: its words, and whether it gets the answer of the pending sign-in on stdin.
struct Line {
    words: &'static [&'static str],
    answers: bool,
    product: Product,
    online: bool,
}

const fn line(words: &'static [&'static str], product: Product, online: bool) -> Line {
    Line { words, answers: false, product, online }
}

const fn answer(words: &'static [&'static str]) -> Line {
    Line { words, answers: true, product: Product::Nothing, online: true }
}

/// The writers, each with the state in which it is at work.
static WRITERS: &[(&str, Line)] = &[
    ("pending login", answer(&["login", "--finish", "-"])),
    ("pending rotation", answer(&["rotate", "--finish", "-"])),
    ("sibling", line(&["revoke", "--yes"], Product::Nothing, true)),
    ("sibling", line(&["rotate", "--yes", "--start"], Product::Text, true)),
    ("sibling", line(&["forget"], Product::Nothing, false)),
    ("sibling", line(&["import", "work/bob.json", "--force"], Product::Nothing, true)),
    ("server that replaces refresh tokens", line(&["token", "--min-ttl", "7200"], Product::Secret, true)),
    ("kernel installed", line(&["kernel", "sync"], Product::Nothing, false)),
    ("keyring", line(&["move", "--store", "file"], Product::Nothing, false)),
    ("file, keyring beside", line(&["move", "--store", "keyring"], Product::Nothing, false)),
];

/// What runs beside a writer.
static BESIDE: &[Line] = &[
    line(&["env", "--shell", "sh"], Product::ShellCode, false),
    line(&["exec", "--", "sh", "-c", "cat \"$GOOGLE_APPLICATION_CREDENTIALS\""], Product::Secret, false),
    line(&["token"], Product::Secret, true),
    line(&["token", "--min-ttl", "7200"], Product::Secret, true),
    line(&["status"], Product::Report, true),
    line(&["list"], Product::Text, false),
    line(&["login", "--start"], Product::Text, true),
    line(&["import", "work/bob.json", "--force"], Product::Nothing, true),
    line(&["revoke", "--yes"], Product::Nothing, true),
    line(&["rotate", "--yes", "--start"], Product::Text, true),
    line(&["forget"], Product::Nothing, false),
    line(&["move", "--store", "file"], Product::Nothing, false),
    line(&["kernel", "sync"], Product::Nothing, false),
];

#[test]
fn two_commands_at_once_say_what_is_so_and_lose_nothing() {
    if faults().is_none() {
        return;
    }
    let is_full = std::env::var("BQCRED_TEST_FULL").is_ok_and(|value| !value.is_empty());
    let wanted = std::env::var("BQCRED_TEST_PAIRS").unwrap_or_default();
    let (next, found) = (AtomicUsize::new(0), Mutex::new((Vec::new(), 0)));
    std::thread::scope(|scope| {
        for _ in 0..super::THREADS {
            scope.spawn(|| {
                while let Some((state, writer)) = WRITERS.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let name = format!("{state}: {}", writer.words.join(" "));
                    let Some(world) = made(state).filter(|_| name.contains(&wanted)) else { continue };
                    let (faults, count) = beside(&world, writer, is_full);
                    let mut found = found.lock().unwrap();
                    found.0.extend(faults.into_iter().map(|fault| format!("[{name}] {fault}")));
                    found.1 += count;
                }
            });
        }
    });
    let (mut faults, count) = found.into_inner().unwrap();
    faults.sort();
    println!("{count} pairs");
    assert!(faults.is_empty(), "{} faults:\n\n{}", faults.len(), faults.join("\n"));
}

fn made(state: &str) -> Option<World> {
    let all = states::STATES.iter().chain(super::keyring_states::KEYRING_STATES);
    let state = all.into_iter().find(|it| it.name == state).expect("a state of the table");
    (state.make)().map(World::finish)
}

/// One writer, stopped at some of its calls, with each of the others beside it.
fn beside(world: &World, writer: &Line, is_full: bool) -> (Vec<String>, usize) {
    world.restore(world.made());
    let calls = Held::start(world, writer, "count,sends", 0).finish().calls;
    let (mut found, mut count) = (Vec::new(), 0);
    for (at, second) in BESIDE.iter().enumerate() {
        // some places for each, others for the next
        let step = if is_full { 1 } else { calls.div_ceil(2).max(1) };
        let first = if is_full { 1 } else { 1 + (at * 3) % step };
        for (turn, n) in (first..=calls).step_by(step).enumerate() {
            let kills: &[bool] = if is_full { &[false, true] } else { &[(turn + at) % 2 == 1] };
            for is_killed in kills {
                let pair = Pair { world, writer, second, n, is_killed: *is_killed };
                found.extend(pair.run());
                count += 1;
            }
        }
    }
    (found, count)
}

struct Pair<'w> {
    world: &'w World,
    writer: &'w Line,
    second: &'w Line,
    n: usize,
    is_killed: bool,
}

impl Pair<'_> {
    fn run(&self) -> Vec<String> {
        let world = self.world;
        world.restore(world.made());
        world.arm();
        world.google.take_requests();
        let how = if self.is_killed { "hold,kill,sends" } else { "hold,sends" };
        let held = Held::start(world, self.writer, how, self.n);
        let between = Facts::of(world, world.roots());
        let earlier = world.google.take_requests();
        let waits = held.is_held();
        let mut second = Ran::start(world.command(self.second.words), &input(world, self.second));
        let is_exact = second.ends_within(if waits { PATIENCE } else { Duration::from_secs(60) });
        let mut faults = Vec::new();
        let mut of_second = world.google.take_requests();
        let (first, second) = if is_exact {
            let after = Facts::of(world, world.roots());
            let mut second = step(self.second, second.finish(self.second), between, after, of_second);
            faults.extend(self.check(self.second, &mut second));
            (held.finish(), second)
        } else {
            let first = held.finish();
            let run = second.finish(self.second);
            of_second.extend(world.google.take_requests()); // whose they are isn't known
            let second = step(self.second, run, between, Facts::of(world, world.roots()), of_second);
            faults.extend(basics(&second));
            (first, second)
        };
        let mut second = second;
        let after = Facts::of(world, world.roots());
        let mut requests = earlier;
        requests.extend(world.google.take_requests());
        let mut first = step(self.writer, first.run, world.made().clone(), after.clone(), requests);
        faults.extend(basics(&first));
        first.claims = claims(&first);
        second.claims = claims(&second);
        faults.extend(self.lost(&first, &second, &after));
        faults.extend(self.afterwards());
        let what = if self.is_killed { "killed" } else { "stopped" };
        let line = format!(
            "{what} at call {} beside `{}` ({})",
            self.n,
            self.second.words.join(" "),
            if is_exact { "which ended first" } else { "which waited" }
        );
        faults
            .into_iter()
            .map(|fault| {
                format!(
                    "{line}: {fault}\n  first ({:?}): {}\n  second ({:?}): {}",
                    first.run.code, first.run.stderr, second.run.code, second.run.stderr
                )
            })
            .collect()
    }

    /// All that holds for a command alone.
    fn check(&self, line: &Line, step: &mut Step) -> Vec<String> {
        let cell = Cell::new(self.world, line.product, line.online);
        let mut faults = invariants::check(&cell, step);
        // that of the other one, which is still at work
        faults.retain(|fault| !fault.ends_with(".tmp is left"));
        faults
    }

    /// A valid refresh token that was stored before, or that one of the two got and kept, is stored, or was spoken of.
    fn lost(&self, first: &Step, second: &Step, after: &Facts) -> Option<String> {
        let mut both = step(self.writer, first.run.clone(), first.before.clone(), after.clone(), Vec::new());
        both.claims = [first.claims.as_slice(), &second.claims].concat();
        let mut faults = Vec::new();
        invariants::nothing_is_lost(&both, &mut faults);
        // what a killed command did is for the next one to say
        faults.pop().filter(|_| !self.is_killed)
    }

    /// The next commands work, and agree.
    fn afterwards(&self) -> Vec<String> {
        let mut cell = Cell::new(self.world, Product::Report, true);
        cell.now = Facts::of(self.world, self.world.roots());
        cell.bqcred(&["list"]);
        agreement::check(&mut cell, &mut Vec::new());
        cell.bqcred(&["status"]);
        cell.faults
    }
}

fn step(line: &Line, run: Run, before: Facts, after: Facts, requests: Vec<crate::double::Request>) -> Step {
    let words = line.words.iter().map(|word| (*word).to_owned()).collect();
    Step { words, run, before, after, sent: Sent::of(requests), claims: Vec::new() }
}

fn claims(step: &Step) -> Vec<super::sentences::Claim> {
    super::sentences::read(&step.run.stderr).into_iter().filter_map(|sentence| sentence.claim).collect()
}

/// What holds even where another command was at work in between.
fn basics(step: &Step) -> Vec<String> {
    let killed = step.run.code == Some(137);
    let mut faults = Vec::new();
    if !killed {
        invariants::ends_well(step, &mut faults);
    }
    let unknown = super::sentences::read(&step.run.stderr).into_iter().filter(|it| it.claim.is_none());
    faults.extend(unknown.map(|it| format!("says {:?}, which is not in phrases.rs", it.clause)));
    faults
}

fn input(world: &World, line: &Line) -> String {
    match &world.pending_url {
        Some(url) if line.answers => format!("{}\n", world.google.approve(url, ADA)),
        _ => String::new(),
    }
}

/// A program that runs.
struct Ran {
    child: Child,
    output: [mpsc::Receiver<String>; 2],
    started: Instant,
}

impl Ran {
    fn start(mut command: Command, stdin: &str) -> Ran {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = [collect(child.stdout.take().unwrap()), collect(child.stderr.take().unwrap())];
        Ran { child, output, started: Instant::now() }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn ends_within(&mut self, time: Duration) -> bool {
        // its output ends with it
        let [out, err] = &mut self.output;
        let Ok(text) = err.recv_timeout(time) else { return false };
        let (sender, receiver) = mpsc::channel();
        sender.send(text).unwrap();
        *err = receiver;
        let _ = out;
        true
    }

    fn finish(mut self, line: &Line) -> Run {
        let limit = Duration::from_secs(60);
        let texts = self.output.map(|text| text.recv_timeout(limit).expect("it ends"));
        let [stdout, stderr] = texts;
        let code = self.child.wait().unwrap().code();
        Run { line: line.words.join(" "), stdout, stderr, code, time: self.started.elapsed() }
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        let _ = sender.send(text);
    });
    receiver
}

/// The first command, which waits in its n-th call, or has ended before that.
struct Held<'l> {
    ran: Ran,
    line: &'l Line,
    log: std::path::PathBuf,
    is_held: bool,
}

struct Ended {
    run: Run,
    calls: usize,
}

impl<'l> Held<'l> {
    fn start(world: &World, line: &'l Line, how: &str, n: usize) -> Held<'l> {
        let log = world.sandbox().path("calls.log");
        let (n, roots) = (n.to_string(), world.roots());
        let roots: Vec<&str> = roots.iter().map(|root| root.to_str().unwrap()).collect();
        let bqcred = crate::common::bqcred().to_str().unwrap();
        let words =
            [&[log.to_str().unwrap(), how, &n], roots.as_slice(), &["--", bqcred], line.words].concat();
        let command = world.program(faults().unwrap(), &words);
        let ran = Ran::start(command, &input(world, line));
        let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(ran.pid()), options).unwrap().unwrap();
        Held { is_held: status.stopped(), ran, line, log }
    }

    fn is_held(&self) -> bool {
        self.is_held
    }

    fn finish(self) -> Ended {
        if self.is_held {
            kill_process(self.ran.pid(), Signal::CONT).unwrap();
        }
        let run = self.ran.finish(self.line);
        let calls = std::fs::read_to_string(&self.log).unwrap_or_default().lines().count();
        Ended { run, calls }
    }
}
