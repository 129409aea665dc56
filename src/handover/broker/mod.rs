//! Access tokens for one program, and never the refresh token: a server on 127.0.0.1 that the program's libraries
//! ask as they would ask Google.
//!
//! Libraries find it by a session file ([`session_file`]), R's gargle by a variable. Who may ask is decided twice: by
//! what the program was given (a handle, a path; 256 bits each), and by the user at the other end of the connection.

mod answers;
pub(crate) mod inside;
pub(crate) mod limits;
mod requests;
pub(crate) mod running;
pub(crate) mod session_file;
pub(crate) mod variables;
mod whose;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use crate::oauth::http_server::{Connection, HttpServer, Refusal, Request, Response};
use crate::oauth::random_secret;
use crate::output::error::Error;
use crate::output::secret::Secret;
use crate::store::AccessToken;
use crate::system::peers::{self, Peer};

use requests::Ask;

/// Where the tokens come from. Asked from several threads.
pub(crate) trait TokenSource: Send + Sync + 'static {
    /// A token with enough time left, or why there is none: the libraries show that to the user.
    fn token(&self) -> Result<AccessToken, Error>;

    /// Whose tokens they are, as an address.
    fn account(&self) -> &str;

    /// What they allow.
    fn scopes(&self) -> &[String];
}

/// A broker that listens, and answers once it is served.
pub(crate) struct Broker {
    server: HttpServer,
    secrets: Secrets,
    /// Whether this system says who is at the other end of a connection.
    knows_peers: bool,
}

/// What a program is given to ask with. They mean nothing anywhere else, and end with the broker.
pub(crate) struct Secrets {
    /// For the token endpoint, in place of a refresh token.
    pub(crate) handle: Secret,
    /// The first part of the paths that gargle asks.
    pub(crate) path: Secret,
}

/// How many requests were refused, by reason; for a line when the program has ended.
#[derive(Clone, Default)]
pub(crate) struct Refusals(Arc<Mutex<BTreeMap<Refused, usize>>>);

/// Why a request got no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refused {
    /// It came from another user's process, or from none that the system knows.
    Stranger,
    /// It had a wrong handle or path.
    Secret,
    /// It was not a request that is answered here.
    Request,
}

impl Broker {
    /// Listens on a free port of 127.0.0.1.
    pub(crate) fn bind() -> io::Result<Broker> {
        let server = HttpServer::bind(0)?;
        let knows_peers = finds_itself(&server)?;
        Ok(Broker { server, secrets: Secrets::random(), knows_peers })
    }

    /// The port that it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }

    /// What the program is given.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Whether requests of other users are refused; otherwise the handle and the path decide alone.
    pub(crate) fn knows_peers(&self) -> bool {
        self.knows_peers
    }

    /// The value of gargle's variable for the address of a metadata server.
    pub(crate) fn metadata_address(&self) -> Secret {
        Secret::new(format!("127.0.0.1:{}/{}", self.port(), self.secrets.path.expose()))
    }

    /// Answers until the process ends.
    pub(crate) fn serve(self, source: impl TokenSource) -> Refusals {
        let refusals = Refusals::default();
        let counted = refusals.clone();
        let Broker { server, secrets, knows_peers } = self;
        server.serve(move |request, connection| {
            let may_ask = || !knows_peers || is_ours(connection);
            match judge(request, &secrets, may_ask) {
                Ok(ask) => answers::answer(ask, &source),
                Err((why, response)) => {
                    counted.add(why);
                    response
                }
            }
        });
        refusals
    }
}

impl Secrets {
    fn random() -> Secrets {
        Secrets { handle: random_secret(), path: random_secret() }
    }
}

impl Refusals {
    fn add(&self, why: Refused) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(why).or_default() += 1;
    }

    /// For people; `None` if all requests were answered.
    pub(crate) fn describe(&self) -> Option<String> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let parts: Vec<String> =
            counts.iter().map(|(why, count)| format!("{count} {}", why.describe())).collect();
        (!parts.is_empty()).then(|| format!("requests without a token: {}", parts.join(", ")))
    }
}

impl Refused {
    fn describe(self) -> &'static str {
        match self {
            Refused::Stranger => "of another user",
            Refused::Secret => "with a wrong handle or path",
            Refused::Request => "that nothing here answers",
        }
    }
}

/// What a request asks for, if it may; else why not, and what is sent back. The secret comes before the user, so
/// that a process without one learns nothing.
fn judge<'r>(
    request: Result<&Request<'r>, Refusal>,
    secrets: &Secrets,
    may_ask: impl FnOnce() -> bool,
) -> Result<Ask<'r>, (Refused, Response)> {
    let request = request
        .map_err(|refusal| (Refused::Request, Response::text(refusal.status(), "bqcred: refused\n")))?;
    let ask = requests::read(request, secrets)?;
    match may_ask() {
        true => Ok(ask),
        false => Err((Refused::Stranger, answers::refuse("this credential belongs to another user"))),
    }
}

/// Whether the client's process runs as this user, or as root, who can read everything anyway.
fn is_ours(connection: Connection) -> bool {
    match peers::of_connection(connection.client, connection.server) {
        Peer::User(user) => user == rustix::process::geteuid().as_raw() || user == 0,
        Peer::Closed | Peer::Unknown => false,
    }
}

/// Whether the system names this process as the other end of a connection of its own.
fn finds_itself(server: &HttpServer) -> io::Result<bool> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
    let probe = TcpStream::connect(address)?;
    let ends = Connection { client: probe.local_addr()?, server: address };
    Ok(is_ours(ends))
}

/// What is sent back for these bytes.
#[cfg(any(test, feature = "internals"))]
pub(crate) fn respond(bytes: &[u8], port: u16, secrets: &Secrets, source: &impl TokenSource) -> Vec<u8> {
    let (response, _) = crate::oauth::http_server::respond(Ok(bytes), port, |request| {
        match judge(request, secrets, || true) {
            Ok(ask) => answers::answer(ask, source),
            Err((_, response)) => response,
        }
    });
    response.to_vec()
}

#[cfg(test)]
mod tests;
