//! A relay between bqcred and the server: it passes everything on, or does the same steps to every
//! connection.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is done to a connection, in order; then it is closed.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads a whole request, with its body.
    Request,
    /// Reads the first bytes.
    Something,
    /// Sends this.
    Send(Vec<u8>),
    /// Sends this repeatedly, with a pause each time, until the other side closes.
    Drip(&'static [u8]),
    /// Sends this repeatedly, as fast as it is read.
    Flood(&'static [u8]),
    /// Sends nothing until the other side closes.
    Hold,
    /// Closes the connection with unread data, which resets it.
    Reset,
}

/// The running relay; ends when dropped.
pub struct Wire {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: Option<SocketAddr>,
    steps: Mutex<Option<Vec<Step>>>,
    heard: Mutex<Vec<u8>>,
    relayed: Mutex<Vec<u8>>,
    connections: AtomicUsize,
    stop: AtomicBool,
}

impl Wire {
    /// A relay to this server.
    pub fn to(server: SocketAddr) -> Wire {
        Wire::start(Some(server))
    }

    /// A host that must get no connection.
    pub fn nowhere() -> Wire {
        Wire::start(None)
    }

    fn start(server: Option<SocketAddr>) -> Wire {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let shared = Arc::new(Shared {
            server,
            steps: Mutex::new(None),
            heard: Mutex::default(),
            relayed: Mutex::default(),
            connections: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        });
        let seen = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                if seen.stop.load(Ordering::SeqCst) {
                    return;
                }
                seen.connections.fetch_add(1, Ordering::SeqCst);
                let seen = Arc::clone(&seen);
                // the other side may close at any time
                std::thread::spawn(move || drop(seen.serve(stream)));
            }
        });
        Wire { address, shared }
    }

    /// From now on every connection is treated like this; `None` lets everything through.
    pub fn set(&self, steps: Option<Vec<Step>>) {
        *self.shared.steps.lock().unwrap() = steps;
    }

    /// How many connections came.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Everything that it passed on to the server so far, as text.
    pub fn relayed(&self) -> String {
        String::from_utf8_lossy(&self.shared.relayed.lock().unwrap()).into_owned()
    }

    /// Everything that was sent to it and not passed on, as text.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.shared.heard.lock().unwrap()).into_owned()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address); // wakes the thread that accepts
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        stream.set_write_timeout(Some(Duration::from_secs(120)))?;
        let steps = self.steps.lock().unwrap().clone();
        match (steps, self.server) {
            (None, Some(server)) => self.relay(stream, TcpStream::connect(server)?),
            (steps, _) => steps.unwrap_or_default().iter().try_for_each(|step| self.take(step, &mut stream)),
        }
    }

    fn relay(&self, one: TcpStream, other: TcpStream) -> io::Result<()> {
        let (mut from, mut to) = (other.try_clone()?, one.try_clone()?);
        std::thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
        let mut to = Copied(other, &self.relayed);
        io::copy(&mut { one }, &mut to)?;
        to.0.shutdown(Shutdown::Write)
    }

    fn take(&self, step: &Step, stream: &mut TcpStream) -> io::Result<()> {
        match step {
            Step::Request => self.request(stream),
            Step::Something => self.hear(stream).map(|_| ()),
            Step::Send(bytes) => stream.write_all(bytes),
            Step::Drip(bytes) => loop {
                stream.write_all(bytes)?;
                std::thread::sleep(Duration::from_millis(100));
                self.until_stop()?;
            },
            Step::Flood(bytes) => loop {
                stream.write_all(bytes)?;
                self.until_stop()?;
            },
            Step::Hold => {
                while self.hear(stream)? > 0 {}
                Ok(())
            }
            Step::Reset => {
                stream.peek(&mut [0])?;
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
    }

    fn until_stop(&self) -> io::Result<()> {
        if self.stop.load(Ordering::SeqCst) { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    }

    fn hear(&self, stream: &mut TcpStream) -> io::Result<usize> {
        let mut chunk = [0; 16 * 1024];
        let count = stream.read(&mut chunk)?;
        self.heard.lock().unwrap().extend_from_slice(&chunk[..count]);
        Ok(count)
    }

    fn request(&self, stream: &mut TcpStream) -> io::Result<()> {
        let mut request: Vec<u8> = Vec::new();
        let mut chunk = [0; 16 * 1024];
        loop {
            let count = stream.read(&mut chunk)?;
            request.extend_from_slice(&chunk[..count]);
            self.heard.lock().unwrap().extend_from_slice(&chunk[..count]);
            if count == 0 || is_whole(&request) {
                return Ok(());
            }
        }
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    body.len() >= length.map_or(0, |length| length.trim().parse().unwrap())
}

/// Passes on what was written, and keeps a copy.
struct Copied<'s>(TcpStream, &'s Mutex<Vec<u8>>);

impl Write for Copied<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.0.write(bytes)?;
        self.1.lock().unwrap().extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
