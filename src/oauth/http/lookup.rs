//! Looks up a host's addresses, and gives up in time.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::time::Duration;

use crate::oauth::transport::{ProxyFailure, Transport};

/// Why there are no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookupFailure {
    /// There is no such name, or no name server that could know it.
    Unknown,
    /// The name server did not answer in time.
    NoAnswer,
}

/// The addresses of a host. getaddrinfo(3) can't be interrupted, and waits for a silent name server far longer than
/// a connection may take: it runs in a thread that is left behind then, and ends with the process.
pub(super) fn addresses(name: &str, limit: Duration) -> Result<Vec<SocketAddr>, LookupFailure> {
    let (sender, found) = mpsc::channel();
    let wanted = name.to_owned();
    let look_up = move || {
        // port 0: the port of the address that is connected to
        let addresses = (wanted.as_str(), 0).to_socket_addrs().map(Iterator::collect);
        let _ = sender.send(addresses.unwrap_or_default());
    };
    std::thread::Builder::new().spawn(look_up).map_err(|_| LookupFailure::Unknown)?;
    match found.recv_timeout(limit) {
        Ok(addresses) if Vec::is_empty(&addresses) => Err(LookupFailure::Unknown),
        Ok(addresses) => Ok(addresses),
        Err(_) => Err(LookupFailure::NoAnswer),
    }
}

impl LookupFailure {
    /// What it means for a request: the name was a proxy's, or the server's.
    pub(super) fn transport(self, is_proxy: bool) -> Transport {
        match (self, is_proxy) {
            (LookupFailure::NoAnswer, _) => Transport::NameServer,
            (LookupFailure::Unknown, true) => Transport::Proxy(ProxyFailure::UnknownHost),
            (LookupFailure::Unknown, false) => Transport::UnknownHost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_or_unknown_in_time() {
        let patience = Duration::from_secs(60);
        assert!(addresses("localhost", patience).unwrap().iter().all(|found| found.ip().is_loopback()));
        // RFC 6761 section 6.4: this name never exists
        assert_eq!(addresses("oauth.invalid", patience), Err(LookupFailure::Unknown));
        assert_eq!(addresses("localhost", Duration::ZERO), Err(LookupFailure::NoAnswer));
    }

    #[test]
    fn an_unknown_name_is_the_one_that_was_looked_up() {
        assert_eq!(LookupFailure::Unknown.transport(false), Transport::UnknownHost);
        assert_eq!(LookupFailure::Unknown.transport(true), Transport::Proxy(ProxyFailure::UnknownHost));
    }
}
