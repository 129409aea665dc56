//! Others who ask for the access tokens of a program under `exec --token-only`, and know all that it was given.
#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::machine::Machine;
use crate::common::{find_program, skipped};

/// A program of the user that waits, and what it was given.
struct Program {
    child: Child,
    port: u16,
    handle: String,
    /// `127.0.0.1:PORT/SECRET`
    metadata: String,
}

impl Program {
    fn start(machine: &Machine) -> Program {
        let script = "/bin/cat $GOOGLE_APPLICATION_CREDENTIALS | /usr/bin/tr -d '\\n'; echo; echo $GCE_METADATA_URL; read -r line || true";
        let mut command = machine.person_command(&["exec", "--token-only", "--", "/bin/sh", "-c", script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let file: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let metadata = lines.next().unwrap().unwrap();
        let port = metadata.split([':', '/']).nth(1).unwrap().parse().unwrap();
        Program { child, port, handle: file["refresh_token"].as_str().unwrap().to_owned(), metadata }
    }

    fn connect(&self, to: impl Into<IpAddr>) -> TcpStream {
        TcpStream::connect((to.into(), self.port)).unwrap()
    }

    /// The right request.
    fn send(&self, stream: &mut TcpStream) {
        let body = format!("grant_type=refresh_token&refresh_token={}", self.handle);
        let head = format!("POST /token HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close", self.port);
        write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }

    fn answer(&self, mut stream: TcpStream) -> String {
        self.send(&mut stream);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The same request by curl, to an address of this machine.
    fn curl(&self, host: &str) -> String {
        let (port, handle) = (self.port, &self.handle);
        format!(
            "/usr/bin/curl -sg -m 20 'http://{host}:{port}/token' -H 'Host: 127.0.0.1:{port}' \
             -d 'grant_type=refresh_token&refresh_token={handle}' || echo \"no answer: $?\""
        )
    }

    fn signal(&self, name: &str) {
        let done = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    /// Stops bqcred, as Ctrl-Z does, until it gets SIGCONT.
    fn pause(&self) {
        self.signal("-STOP");
        let stat = format!("/proc/{}/stat", self.child.id());
        patiently(|| std::fs::read_to_string(&stat).unwrap().contains(") T "));
    }

    /// Ends it; returns what bqcred said.
    fn end(mut self) -> String {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(self.child.wait().unwrap().success(), "{said}");
        for secret in [self.handle.as_str(), self.metadata.split_once('/').unwrap().1, "ya29."] {
            assert!(!said.contains(secret), "{said}");
        }
        said
    }
}

fn program() -> Option<(Machine, Program)> {
    let machine = Machine::new()?;
    machine.login(&[]);
    let program = Program::start(&machine);
    Some((machine, program))
}

#[test]
fn only_the_users_own_processes_and_roots_get_a_token() {
    let Some((machine, program)) = program() else { return };
    let refused = "this credential belongs to another user";
    let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped();
    // this process is root, and the program is not
    assert!(program.answer(program.connect(Ipv4Addr::LOCALHOST)).contains("\"access_token\":\"ya29."));
    assert!(program.answer(program.connect(mapped)).contains("\"access_token\":\"ya29."));
    for host in ["127.0.0.1", "[::ffff:127.0.0.1]"] {
        let answer = machine.attacker(&program.curl(host)).stdout;
        assert!(answer.contains(refused) && !answer.contains("ya29."), "{host}: {answer}");
    }
    let paths = ["token", "email", "?recursive=true"];
    for path in paths {
        let url = format!(
            "http://{}/computeMetadata/v1/instance/service-accounts/default/{path}",
            program.metadata
        );
        let curl = format!("/usr/bin/curl -s -m 20 -H 'Metadata-Flavor: Google' '{url}'");
        let answer = machine.attacker(&curl).stdout;
        assert!(answer.contains(refused) && !answer.contains("ada@"), "{path}: {answer}");
    }
    let said = program.end();
    assert!(said.contains("requests without a token: 5 of another user"), "{said}");
}

#[test]
fn a_client_that_is_gone_gets_no_token() {
    let Some((_machine, program)) = program() else { return };
    // by the time that bqcred looks, the kernel says of such a connection: user 0, which is root's
    program.pause();
    let mut stream = program.connect(Ipv4Addr::LOCALHOST);
    let own = stream.local_addr().unwrap().port();
    program.send(&mut stream);
    drop(stream);
    program.signal("-CONT");
    // FIN-WAIT-1 and -2 last until bqcred, having answered, closes its end
    let waits = |state| format!(":{own:04X} 0100007F:{:04X} {state}", program.port);
    let table = || std::fs::read_to_string("/proc/net/tcp").unwrap();
    patiently(|| !["04", "05"].iter().any(|state| table().contains(&waits(state))));
    let said = program.end();
    assert!(said.contains("requests without a token: 1 of another user"), "{said}");
}

#[test]
fn a_request_outlasts_a_pause_of_bqcred() {
    let Some((_machine, program)) = program() else { return };
    for _ in 0..3 {
        let mut stream = program.connect(Ipv4Addr::LOCALHOST);
        let threads = format!("/proc/{}/task", program.child.id());
        // main, accepting, and this connection's
        patiently(|| std::fs::read_dir(&threads).unwrap().count() >= 3);
        write!(stream, "POST /token HTTP/1.1\r\n").unwrap();
        program.pause();
        program.signal("-CONT");
        let body = format!("grant_type=refresh_token&refresh_token={}", program.handle);
        let head = format!("Host: 127.0.0.1:{}\r\nContent-Length: {}", program.port, body.len());
        write!(stream, "{head}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("\"access_token\":\"ya29."), "{answer:?}");
    }
    assert_eq!(program.end(), "");
}

/// Waits until this holds.
fn patiently(holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "it takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn another_network_namespace_does_not_reach_it() {
    let Some((machine, program)) = program() else { return };
    let unshare = find_program("unshare").unwrap_or_default();
    let isolated = |script: &str| machine.sandbox.program(&unshare, &["-n", "/bin/sh", "-c", script]).run();
    if isolated("true").code != Some(0) {
        return skipped("this machine allows no network namespace");
    }
    let own = "{ ip link set lo up || ifconfig lo up; } 2>/dev/null; ";
    let answer = isolated(&format!("{own}{}", program.curl("127.0.0.1"))).stdout;
    assert!(answer.starts_with("no answer: "), "{answer}");
    assert!(!program.end().contains("requests without a token"));
}
