//! What an error of the libraries below means: found by type in the whole chain of its causes.

use std::error::Error as StdError;
use std::io;

use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use super::proxy::Proxy;
use crate::oauth::transport::{ProxyFailure, Transport};
use crate::system::clock::Time;

/// What it means that a request through this proxy, or through none, failed.
pub(super) fn classify(error: &reqwest::Error, proxy: Option<&Proxy>) -> Transport {
    let is_proxys = proxy.is_some() && chain(error).any(is_of_tunnel);
    if let Some(problem) = chain(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return match is_proxys && proxy.is_some_and(Proxy::speaks_tls) {
            true => Transport::Proxy(ProxyFailure::Encryption),
            false => encryption_failure(problem),
        };
    }
    if error.is_timeout() {
        return Transport::Timeout;
    }
    if !error.is_connect() {
        return Transport::Broken;
    }
    let broke_off = chain(error).any(|cause| {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        kind.is_some_and(|kind| {
            matches!(kind, UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
        })
    });
    match proxy {
        _ if broke_off && !is_proxys => Transport::Encryption,
        None => Transport::NoConnection,
        Some(_) if chain(error).any(wants_password) => Transport::ProxyAuthentication,
        Some(_) if chain(error).any(is_no_socks_connection) => Transport::Proxy(ProxyFailure::NoConnection),
        Some(_) if !broke_off && has_io_error(error) => Transport::Proxy(ProxyFailure::NoConnection),
        Some(proxy) if broke_off && proxy.speaks_tls() => Transport::Proxy(ProxyFailure::Encryption),
        Some(_) => Transport::Proxy(ProxyFailure::Refused),
    }
}

/// Whether a time limit ended this.
pub(super) fn is_timeout(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut
        || chain(error)
            .any(|cause| cause.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout))
}

/// An error and its causes. One that is wrapped in an `io::Error` is not among that one's sources: `source` skips it.
fn chain<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&cause| {
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        }
    })
}

fn has_io_error(error: &reqwest::Error) -> bool {
    chain(error).any(<dyn StdError>::is::<io::Error>)
}

/// The type of errors about the tunnel through a proxy is private (`hyper-util`): only its text says what it is.
fn is_of_tunnel(cause: &(dyn StdError + 'static)) -> bool {
    cause.to_string().starts_with("tunnel error: ")
}

/// The error about a SOCKS proxy keeps its cause to itself.
fn is_no_socks_connection(cause: &(dyn StdError + 'static)) -> bool {
    cause.to_string() == "SOCKS error: failed to create underlying connection"
}

fn wants_password(cause: &(dyn StdError + 'static)) -> bool {
    cause.to_string() == "tunnel error: proxy authorization required"
}

fn encryption_failure(problem: &rustls::Error) -> Transport {
    let rustls::Error::InvalidCertificate(problem) = problem else { return Transport::Encryption };
    match problem {
        CertificateError::Expired => Transport::CertificateExpired(None),
        CertificateError::ExpiredContext { not_after, .. } => {
            Transport::CertificateExpired(Some(time(*not_after)))
        }
        CertificateError::NotValidYet => Transport::CertificateNotYetValid(None),
        CertificateError::NotValidYetContext { not_before, .. } => {
            Transport::CertificateNotYetValid(Some(time(*not_before)))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Transport::CertificateName
        }
        _ => Transport::UntrustedCertificate,
    }
}

fn time(time: UnixTime) -> Time {
    Time::of(std::time::UNIX_EPOCH + std::time::Duration::from_secs(time.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_found_however_deep_it_is_wrapped() {
        let mut error = io::Error::other(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer));
        for _ in 0..4 {
            assert!(chain(&error).any(<dyn StdError>::is::<rustls::Error>));
            error = io::Error::other(error);
        }
        assert!(!chain(&io::Error::other("x")).any(<dyn StdError>::is::<rustls::Error>));
    }

    #[test]
    fn problems_of_certificates_are_told_apart() {
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(86_400));
        let day = Some(Time::of(std::time::UNIX_EPOCH).plus(86_400));
        let of = |problem| encryption_failure(&rustls::Error::InvalidCertificate(problem));
        for (problem, transport) in [
            (CertificateError::UnknownIssuer, Transport::UntrustedCertificate),
            (CertificateError::Revoked, Transport::UntrustedCertificate),
            (CertificateError::NotValidForName, Transport::CertificateName),
            (CertificateError::Expired, Transport::CertificateExpired(None)),
            (CertificateError::ExpiredContext { time, not_after: time }, Transport::CertificateExpired(day)),
            (CertificateError::NotValidYet, Transport::CertificateNotYetValid(None)),
            (
                CertificateError::NotValidYetContext { time, not_before: time },
                Transport::CertificateNotYetValid(day),
            ),
        ] {
            assert_eq!(of(problem), transport);
        }
        assert_eq!(encryption_failure(&rustls::Error::DecryptError), Transport::Encryption);
    }
}
