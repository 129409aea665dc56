//! A hostile page in a real browser of the user, which knows the listener's port: it sends what a page can
//! send cross-origin and, by DNS rebinding, same-origin.

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
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
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
    let browser = Browser::visit(&sandbox, &address, &rules)?;
    let report = evil.reports.recv_timeout(Duration::from_secs(120)).unwrap();
    drop(browser);
    let outcomes: BTreeMap<String, String> = serde_json::from_str(&report).unwrap();
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

#[test]
fn cross_origin_page_cannot_finish_or_read_a_login() {
    let Some((outcomes, state)) = attacked("another origin") else { return };
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
    assert!(!format!("{outcomes:?}").contains(&state));
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
