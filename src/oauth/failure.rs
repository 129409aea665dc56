//! A request that did not give what was asked for: refused by the server, or without a usable answer.

use super::reason::Reason;
use super::transport::{ProxyFailure, Transport};
use crate::output::error::{Error, Kind};

/// A request that did not give what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server understood and refused.
    Refused(Reason),
    /// There was no answer, or not one of the server's.
    Unreachable(Transport),
}

impl Failure {
    /// The message, with the command that helps. `login` is the command that signs in to this profile again.
    pub(crate) fn into_error(self, login: &str) -> Error {
        match self {
            Failure::Refused(reason) => Error::new(Kind::Refused, reason.message()).hint(reason.hint(login)),
            Failure::Unreachable(transport) => {
                Error::new(Kind::Network, transport.message()).hint(transport.hint())
            }
        }
    }

    /// Whether the same request may succeed in a moment. After a timeout it is not tried again: that would make the
    /// user wait for two more.
    pub(super) fn is_transient(&self) -> bool {
        let Failure::Unreachable(transport) = self else { return false };
        matches!(
            transport,
            Transport::NoConnection
                | Transport::Proxy(ProxyFailure::NoConnection)
                | Transport::Broken
                | Transport::Busy(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_secret_that_a_server_repeats_is_not_shown() {
        let reason = Reason::of("1//0canary", None, Some("1//0canary"));
        let error = Failure::Refused(reason).into_error("bqcred login");
        assert!(!format!("{error} {:?}", error.hint_text()).contains("canary"));
    }

    #[test]
    fn only_transient_failures_are_tried_again() {
        for transient in [Transport::NoConnection, Transport::Broken, Transport::Busy(503)] {
            assert!(Failure::Unreachable(transient).is_transient());
        }
        for lasting in [
            Transport::Timeout,
            Transport::NameServer,
            Transport::Malformed,
            Transport::CertificateName,
            Transport::CertificateExpired(None),
            Transport::Encryption,
        ] {
            assert!(!Failure::Unreachable(lasting).is_transient());
        }
        assert!(!Failure::Refused(Reason::GrantEnded).is_transient());
    }

    /// Each of these has its own message and hint.
    fn assert_all_differ(failures: Vec<Failure>) {
        let count = failures.len();
        let errors: Vec<Error> =
            failures.into_iter().map(|failure| failure.into_error("bqcred login")).collect();
        let texts: BTreeSet<&str> = errors.iter().map(Error::what).collect();
        assert_eq!(texts.len(), count, "{texts:?}");
        assert!(errors.iter().all(|error| error.what().len() > 10 && error.hint_text().unwrap().len() > 10));
    }

    #[test]
    fn every_reason_has_its_own_message() {
        let reasons = [
            Reason::GrantEnded,
            Reason::BadCode,
            Reason::SignInAgain,
            Reason::ClientDeleted,
            Reason::ClientDisabled,
            Reason::ClientInvalid,
            Reason::ClientUnauthorized,
            Reason::AdminPolicy,
            Reason::OrganisationInternal,
            Reason::AccountRestricted,
            Reason::AccessDenied,
            Reason::InvalidScope,
            Reason::RedirectMismatch,
            Reason::OtherUser,
            Reason::Other("quota_exceeded".to_owned()),
        ];
        assert_all_differ(reasons.map(Failure::Refused).into());
    }

    #[test]
    fn every_transport_failure_has_its_own_message() {
        let transports = [
            Transport::Timeout,
            Transport::Broken,
            Transport::UntrustedCertificate,
            Transport::CertificateExpired(None),
            Transport::CertificateNotYetValid(None),
            Transport::CertificateName,
            Transport::Encryption,
            Transport::NoAuthorities,
            Transport::ProxyAuthentication,
            Transport::ProxySetting("https_proxy"),
            Transport::Proxy(ProxyFailure::UnknownHost),
            Transport::Proxy(ProxyFailure::NoConnection),
            Transport::Proxy(ProxyFailure::Encryption),
            Transport::Proxy(ProxyFailure::Refused),
            Transport::NameServer,
            Transport::UnknownHost,
            Transport::NoConnection,
            Transport::Busy(429),
            Transport::Busy(503),
            Transport::NotTheServer(302),
            Transport::Malformed,
            Transport::NoLifetime,
            Transport::NothingLeft,
        ];
        assert_all_differ(transports.map(Failure::Unreachable).into());
    }
}
