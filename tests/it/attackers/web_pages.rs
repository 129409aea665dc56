//! A hostile page in a real browser of the user, which knows the port of the sign-in's listener, or of a broker: it
//! sends what a page can send cross-origin and, by DNS rebinding, same-origin.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use super::machine::ADA;
use crate::common::{Google, Sandbox, ends_with, find_program, missing};

const PAGE: &str = include_str!("attack.html");

/// The attacker's server.
struct Evil {
    address: SocketAddr,
    reports: Receiver<String>,
    stop: Arc<AtomicBool>,
}

impl Evil {
    /// Listens there. After a request for `/flip` its name resolves to `listener`: what a browser does with a
    /// name whose address changed.
    fn start(
        at: SocketAddr,
        kind: &'static str,
        listener: u16,
        careless: u16,
        origin: Option<String>,
    ) -> Evil {
        let socket = TcpListener::bind(at).unwrap();
        let address = socket.local_addr().unwrap();
        let origin = origin.unwrap_or_else(|| format!("http://evil.example:{}", address.port()));
        let page = PAGE
            .replace("{port}", &listener.to_string())
            .replace("{careless}", &careless.to_string())
            .replace("{origin}", &origin)
            .replace("{kind}", kind);
        let (sender, reports) = mpsc::channel();
        let (stop, flipped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let seen = Arc::clone(&stop);
        std::thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                if seen.load(Ordering::SeqCst) {
                    return;
                }
                let (page, sender, flipped) = (page.clone(), sender.clone(), Arc::clone(&flipped));
                std::thread::spawn(move || drop(serve(stream, &page, &sender, &flipped, listener)));
            }
        });
        Evil { address, reports, stop }
    }
}

impl Drop for Evil {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut stream: TcpStream,
    page: &str,
    reports: &Sender<String>,
    flipped: &AtomicBool,
    listener: u16,
) -> io::Result<()> {
    if flipped.load(Ordering::SeqCst) {
        let mut to = TcpStream::connect((Ipv4Addr::LOCALHOST, listener))?;
        let (mut from_browser, mut to_listener) = (stream.try_clone()?, to.try_clone()?);
        std::thread::spawn(move || io::copy(&mut from_browser, &mut to_listener));
        io::copy(&mut to, &mut stream)?;
        return Ok(());
    }
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut request = Vec::new();
    let mut chunk = [0; 16 * 1024];
    let whole = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).to_lowercase();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        (body.len() >= length.map_or(0, |length| length.trim().parse().unwrap())).then_some(())
    };
    while whole(&request).is_none() {
        match stream.read(&mut chunk)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&chunk[..count]),
        }
    }
    // a browser may have connected in advance
    if flipped.load(Ordering::SeqCst) {
        let mut to = TcpStream::connect((Ipv4Addr::LOCALHOST, listener))?;
        to.write_all(&request)?;
        return io::copy(&mut to, &mut stream).map(drop);
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    if text.starts_with("GET /flip ") {
        flipped.store(true, Ordering::SeqCst);
    }
    if text.starts_with("POST /report ") {
        let _ = reports.send(text.split_once("\r\n\r\n").unwrap().1.to_owned());
    }
    let kind = "Content-Type: text/html; charset=utf-8\r\nConnection: close\r\nCache-Control: no-store";
    write!(stream, "HTTP/1.1 200 OK\r\n{kind}\r\nContent-Length: {}\r\n\r\n{page}", page.len())
}

/// A browser that visits a page; ends when dropped.
struct Browser(Child);

impl Browser {
    fn visit(sandbox: &Sandbox, address: &str, rules: &str) -> Option<Browser> {
        let Some(chromium) = find_program("chromium") else {
            missing("chromium");
            return None;
        };
        let mut command = sandbox.command(chromium);
        command
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .arg(format!("--user-data-dir={}", sandbox.path("tmp/chromium").display()))
            .arg(format!("--host-resolver-rules={rules}"))
            .arg(address)
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Some(Browser(command.spawn().unwrap()))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the hostile page while a login waits; returns the page's results, and the login's state. The
/// login must succeed all the same.
fn attacked(kind: &'static str) -> Option<(BTreeMap<String, String>, String)> {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    let client = sandbox.client_file(&google);
    let mut terminal = sandbox.terminal(&["login", "--no-browser", "--client-id-file", &client]);
    let said = terminal.exp_string("Paste the address: ").unwrap();
    let url = said.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
    let answer = google.approve(&url, ADA);
    let port = url::Url::parse(&answer).unwrap().port().unwrap();
    let outcomes = visited(&sandbox, kind, port)?;
    let state = url::Url::parse(&answer).unwrap();
    let state = state.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    google.visit(&answer);
    let said = terminal.exp_eof().unwrap();
    assert!(
        said.contains("signed in as ada@example.com") && !said.contains("forged"),
        "{said}\n{outcomes:#?}"
    );
    ends_with(&terminal, 0);
    Some((outcomes, state))
}

/// A browser visits the hostile page, which knows this port; returns the page's results.
fn visited(sandbox: &Sandbox, kind: &'static str, port: u16) -> Option<BTreeMap<String, String>> {
    let free = "127.0.0.1:0".parse().unwrap();
    let careless = Evil::start(free, kind, port, 0, None);
    let evil = Evil::start(free, kind, port, careless.address.port(), None);
    let origin = format!("http://evil.example:{}", evil.address.port());
    // the same port on another address of this machine, to which the name resolves first
    let other = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), port));
    let rebinding = (kind == "rebound").then(|| Evil::start(other, kind, port, 0, Some(origin.clone())));
    let (address, name) = match rebinding {
        Some(_) => (format!("http://rebind.example:{port}/"), "127.0.0.2"),
        None => (format!("{origin}/"), "127.0.0.1"),
    };
    let rules = format!(
        "MAP rebind.example {name}, MAP evil.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
    );
    let browser = Browser::visit(sandbox, &address, &rules)?;
    let report = evil.reports.recv_timeout(Duration::from_secs(120)).unwrap();
    drop(browser);
    Some(serde_json::from_str(&report).unwrap())
}

/// Runs the hostile page while a program with access tokens runs, which gets one all the same; returns the page's
/// results.
fn attacked_broker(kind: &'static str) -> Option<BTreeMap<String, String>> {
    use std::io::{BufRead as _, BufReader};
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &["--project", "p1"]).success();
    let script = r#"
      file=$GOOGLE_APPLICATION_CREDENTIALS
      field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$file"; }
      field token_url; read -r line || true
      curl -s "$(field token_url)" -d grant_type=refresh_token -d "refresh_token=$(field refresh_token)" | wc -c
    "#;
    for program in ["bash", "sed", "curl", "wc"] {
        sandbox.link_program(program);
    }
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_bqcred"));
    command.args(["exec", "--token-only", "--", "bash", "-euc", script]).envs(google.env());
    let mut program =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let Some(Ok(url)) = lines.next() else { panic!("{:?}", program.wait_with_output()) };
    let port = url::Url::parse(&url).unwrap().port().unwrap();
    let outcomes = visited(&sandbox, kind, port);
    drop(program.stdin.take());
    let length: usize = lines.next().unwrap().unwrap().trim().parse().unwrap();
    assert!(length > 100, "the program got its token: {length}");
    let mut said = String::new();
    program.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(program.wait().unwrap().success());
    assert!(outcomes.is_none() || said.contains("that nothing here answers"), "{said}");
    outcomes
}

#[test]
fn cross_origin_page_cannot_finish_or_read_a_login() {
    let Some((outcomes, state)) = attacked("another origin") else { return };
    assert_nothing_is_read(&outcomes);
    assert!(!format!("{outcomes:?}").contains(&state));
}

#[test]
fn cross_origin_page_gets_no_access_token() {
    let Some(outcomes) = attacked_broker("another origin") else { return };
    assert_nothing_is_read(&outcomes);
}

#[test]
fn dns_rebinding_page_gets_no_access_token() {
    let Some(outcomes) = attacked_broker("rebound") else { return };
    assert!(outcomes.len() >= 6, "{outcomes:#?}");
    for (what, outcome) in &outcomes {
        assert!(outcome.starts_with("421") && !outcome.contains("ya29"), "{what}: {outcomes:#?}");
    }
}

/// The page learned nothing of what is on the port.
fn assert_nothing_is_read(outcomes: &BTreeMap<String, String>) {
    // the control: a careless server lets the same page through
    for (what, outcome) in [("sent", "opaque"), ("posted", "opaque"), ("form", "answered")] {
        assert_eq!(outcomes[&format!("careless {what}")], outcome, "{outcomes:#?}");
    }
    for host in ["127.0.0.1", "localhost", "rebind.example"] {
        let of = |what: &str| outcomes[&format!("{host} {what}")].as_str();
        for what in ["sent", "posted", "read", "read with cookies", "put"] {
            assert!(of(what).starts_with("failed: "), "{host} {what}: {outcomes:#?}");
        }
        for what in ["image", "script", "style"] {
            assert_eq!(of(what), "error", "{host} {what}: {outcomes:#?}");
        }
        assert_eq!(of("socket"), "refused", "{outcomes:#?}");
    }
}

#[test]
fn dns_rebinding_page_is_refused() {
    let Some((outcomes, state)) = attacked("rebound") else { return };
    assert!(outcomes.len() >= 6, "{outcomes:#?}");
    for (what, outcome) in &outcomes {
        // it can read this answer as same-origin, and nothing else
        assert!(outcome.starts_with("421"), "{what}: {outcomes:#?}");
        assert!(!outcome.contains(&state) && !outcome.contains("code="), "{outcome}");
    }
}
