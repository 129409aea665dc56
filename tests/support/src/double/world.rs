//! The state that all listeners share, and the log of requests.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::authority::TlsFault;
use super::bigquery::Data;
use super::grants::Grants;
use super::impersonation::Impersonation;
use super::request::Request;
use super::response::Response;
use super::script::{Endpoint, Script, Scripts};

/// What tests may change about the answers.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `expires_in` of new access tokens, in seconds.
    pub expires_in: u64,
    /// How `expires_in` is written instead (Google writes a number; other servers may write text, or nonsense).
    pub written_expires_in: Option<serde_json::Value>,
    /// `refresh_token_expires_in` of new refresh tokens, in seconds.
    pub refresh_token_expires_in: Option<u64>,
    /// Leaves the refresh token out of the answer to a code.
    pub omit_refresh_token: bool,
    /// Answers a refresh with another refresh token too (Google doesn't; other servers do).
    pub rotate_on_refresh: bool,
    /// Leaves the id_token out.
    pub omit_id_token: bool,
    /// Another address in id_token and tokeninfo than the one that signed in (never at Google).
    pub claimed_email: Option<String>,
    /// Another user in the id_token than the one that signed in (never at Google).
    pub claimed_user: Option<String>,
    /// How far Google's clock (`Date`, `iat`) is ahead of ours, in seconds.
    pub skew: i64,
    /// How much time has passed for tokens and codes.
    pub passed: Duration,
    /// Paths at which a secret in the query is tolerated, as some other programs send it.
    pub tolerated: Vec<String>,
    /// Who signs in when a browser opens the page on its own (see [`super::Google::sign_in_browser`]).
    pub browser: Option<super::Consent>,
    /// User name and password that the proxy asks for.
    pub proxy_password: Option<String>,
    /// What is wrong with the certificate of https and the proxy.
    pub tls_fault: Option<TlsFault>,
    /// Where the proxy's tunnels end, instead of at the double: what was inside of TLS is sent there.
    pub tunnel_end: Option<std::net::SocketAddr>,
}

/// What was seen.
#[derive(Default)]
pub struct Log {
    /// All requests, in the order of arrival.
    pub requests: Vec<Request>,
    /// How many of them `take_requests` has handed out.
    pub taken: usize,
    /// What should not have happened, with the reason.
    pub unexpected: Vec<String>,
    /// Secrets seen where none belongs.
    pub leaks: Vec<String>,
}

/// Everything that outlives a request.
pub struct World {
    /// Tokens and clients.
    pub grants: Mutex<Grants>,
    /// Failures to come.
    pub scripts: Mutex<Scripts>,
    /// Projects, datasets, jobs.
    pub data: Mutex<Data>,
    /// Service accounts.
    pub impersonation: Mutex<Impersonation>,
    /// What was seen.
    pub log: Mutex<Log>,
    /// See [`Settings`].
    pub settings: Mutex<Settings>,
    /// The double is going away.
    pub stopping: AtomicBool,
}

/// Locks even after a panic elsewhere: the log of a failed test is wanted all the same.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// A world in which nothing has happened.
    pub fn new() -> Self {
        let settings = Settings {
            expires_in: 3599,
            written_expires_in: None,
            refresh_token_expires_in: None,
            omit_refresh_token: false,
            rotate_on_refresh: false,
            omit_id_token: false,
            claimed_email: None,
            claimed_user: None,
            skew: 0,
            passed: Duration::ZERO,
            tolerated: Vec::new(),
            browser: None,
            proxy_password: None,
            tls_fault: None,
            tunnel_end: None,
        };
        World {
            grants: Mutex::default(),
            scripts: Mutex::default(),
            data: Mutex::default(),
            impersonation: Mutex::default(),
            log: Mutex::default(),
            settings: Mutex::new(settings),
            stopping: AtomicBool::new(false),
        }
    }

    /// The clock by which tokens and codes expire.
    pub fn now(&self) -> SystemTime {
        SystemTime::now() + lock(&self.settings).passed
    }

    /// The time that Google's clock shows.
    pub fn clock(&self) -> SystemTime {
        let skew = lock(&self.settings).skew;
        let by = Duration::from_secs(skew.unsigned_abs());
        if skew < 0 { SystemTime::now() - by } else { SystemTime::now() + by }
    }

    /// Seconds since 1970 on Google's clock.
    pub fn clock_seconds(&self) -> u64 {
        self.clock().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
    }

    /// Notes something that no client should do.
    pub fn unexpected(&self, what: String) {
        lock(&self.log).unexpected.push(what);
    }

    /// Whether the double is going away.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Gives the usual answer, or what a script has in its place.
    pub fn scripted(&self, endpoint: Endpoint, usual: impl FnOnce() -> Response) -> Response {
        let script = lock(&self.scripts).take(endpoint).unwrap_or(Script::Pass);
        let until = Instant::now() + script.delay();
        while !self.is_stopping() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10).min(until - Instant::now().min(until)));
        }
        script.answer().unwrap_or_else(|| script.spoil(usual()))
    }
}
