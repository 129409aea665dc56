//! Why a request got no usable answer: the network, a proxy, TLS, or a server in trouble.

use crate::system::clock::Time;

/// Why there was no usable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// No answer in time.
    Timeout,
    /// The host's name was not found.
    UnknownHost,
    /// The name server did not answer in time.
    NameServer,
    /// No program listens there, or the network is down.
    NoConnection,
    /// The connection broke before the answer was complete.
    Broken,
    /// The certificate is of an authority that this system doesn't trust.
    UntrustedCertificate,
    /// By this machine's clock, the certificate is no longer valid; since when.
    CertificateExpired(Option<Time>),
    /// By this machine's clock, the certificate is not valid yet; from when on.
    CertificateNotYetValid(Option<Time>),
    /// The certificate is for another host.
    CertificateName,
    /// Another TLS failure.
    Encryption,
    /// No certificates of authorities could be read on this system.
    NoAuthorities,
    /// The proxy wants a user name and password.
    ProxyAuthentication,
    /// The variable of this name is set, and is not the address of a proxy.
    ProxySetting(&'static str),
    /// The proxy is the obstacle.
    Proxy(ProxyFailure),
    /// 429 or 5xx, after retries: the status.
    Busy(u16),
    /// A redirect or a page where an answer in JSON has to be: the status.
    NotTheServer(u16),
    /// JSON, but cut off or of another form.
    Malformed,
    /// An answer with a token whose `expires_in` is no number.
    NoLifetime,
    /// An access token whose time is over when it comes.
    NothingLeft,
}

/// What is wrong with a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyFailure {
    /// Its name was not found.
    UnknownHost,
    /// No program listens there, or the network is down.
    NoConnection,
    /// The connection to the proxy itself has to be encrypted, and can't be.
    Encryption,
    /// It refused, or is not a proxy.
    Refused,
}

impl Transport {
    /// Whether the server can have received the request.
    pub(super) fn may_have_arrived(&self) -> bool {
        use Transport::{Broken, Busy, Malformed, NotTheServer, Timeout};
        matches!(self, Timeout | Broken | Busy(_) | NotTheServer(_) | Malformed)
    }

    /// What happened, as a message.
    pub(super) fn message(&self) -> String {
        let message = match self {
            Transport::Timeout => "the server did not answer in time",
            Transport::UnknownHost => "the server's name can't be found",
            Transport::NameServer => "the name server did not answer in time",
            Transport::NoConnection => "the server can't be reached",
            Transport::Broken => "the connection broke off before the answer was complete",
            Transport::UntrustedCertificate => {
                "the server's certificate is of an authority that this system does not trust"
            }
            Transport::CertificateExpired(since) => return by_the_clock("it has expired", *since),
            Transport::CertificateNotYetValid(from) => return by_the_clock("it is valid only later", *from),
            Transport::CertificateName => {
                "the server's certificate is for another host: this is not the server that was asked for"
            }
            Transport::Encryption => "no encrypted connection could be made to the server",
            Transport::NoAuthorities => {
                "no certificates of authorities could be read, so no server can be trusted"
            }
            Transport::ProxyAuthentication => "the proxy wants a user name and a password (407)",
            Transport::ProxySetting(variable) => {
                return format!("the value of {variable} is not the address of a proxy");
            }
            Transport::Proxy(ProxyFailure::UnknownHost) => {
                "the proxy can't be reached: its name can't be found"
            }
            Transport::Proxy(ProxyFailure::NoConnection) => {
                "the proxy can't be reached: nothing listens at its address, or the network is down"
            }
            Transport::Proxy(ProxyFailure::Encryption) => {
                "no encrypted connection could be made to the proxy, or its certificate is not valid"
            }
            Transport::Proxy(ProxyFailure::Refused) => "the proxy did not let the request through",
            Transport::Busy(429) => "Google asks to slow down (429)",
            Transport::Busy(status) => return format!("Google has a problem of its own ({status})"),
            Transport::NotTheServer(status) => {
                return format!(
                    "a page came instead of Google's answer ({status}): a captive portal or a proxy"
                );
            }
            Transport::Malformed => "the answer was cut off, or is not Google's",
            Transport::NoLifetime => {
                "the server does not say for how long its access token is valid: `expires_in` is no number"
            }
            Transport::NothingLeft => "the access token that the server gave has expired already",
        };
        message.to_owned()
    }

    /// What helps.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Transport::Timeout | Transport::Broken => "the credential was not touched: try again",
            Transport::UnknownHost | Transport::NameServer | Transport::NoConnection => {
                "is the network up? Behind a proxy, HTTPS_PROXY has to name it: http://HOST:PORT"
            }
            Transport::UntrustedCertificate => {
                "where a company's proxy or gateway opens TLS, set SSL_CERT_FILE to its CA file"
            }
            Transport::CertificateExpired(_) | Transport::CertificateNotYetValid(_) => {
                "check the clock: `date`. If it is right, a proxy or a captive portal may be in between"
            }
            Transport::CertificateName => {
                "a captive portal or a proxy may be in between; nothing was sent to it"
            }
            Transport::Encryption => "a proxy or firewall may be in between; nothing was sent to it",
            Transport::NoAuthorities => {
                "install the package ca-certificates, or correct SSL_CERT_FILE and SSL_CERT_DIR"
            }
            Transport::ProxyAuthentication => "put them into HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT",
            Transport::ProxySetting(_) => {
                "write it as http://USER:PASSWORD@HOST:PORT; in a name or password, \\ is %5C, # is %23, / is %2F, \
                 @ is %40"
            }
            Transport::Proxy(ProxyFailure::Encryption) => {
                "check HTTPS_PROXY: most proxies are http://HOST:PORT. If this one speaks TLS, set SSL_CERT_FILE \
                 to its CA file"
            }
            Transport::Proxy(_) => "check HTTPS_PROXY and NO_PROXY",
            Transport::Busy(429) => "wait a minute, then try again",
            Transport::Busy(_) => "the credential was not touched: try again",
            Transport::NotTheServer(_) => {
                "open a browser on this network and sign in to it, or check HTTPS_PROXY"
            }
            Transport::NoLifetime => "the server is at fault, whose administrator can correct that",
            Transport::NothingLeft => "the server is at fault (its `expires_in`): try again later",
            Transport::Malformed => "a proxy may be in between: check HTTPS_PROXY, then try again",
        }
    }
}

fn by_the_clock(problem: &str, time: Option<Time>) -> String {
    let time = time.map_or(String::new(), |time| format!(" ({time})"));
    format!(
        "the server's certificate is not valid at the time that this machine's clock shows, {}: {problem}{time}",
        Time::now()
    )
}

// The `oauth2` crate asks for both.
impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Transport {}
