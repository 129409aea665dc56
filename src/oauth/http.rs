//! HTTPS requests that carry secrets: no redirects, limits on time and size, proxies and
//! certificates as the system has them. The only module that uses `reqwest` and `rustls`.

use std::error::Error as StdError;
use std::io::Read;
use std::time::{Duration, Instant};

use super::endpoints::stays_on_this_machine;
use super::transport::Transport;
use crate::output::secret::{Secret, SecretBytes};
use crate::system::clock::Time;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const WHOLE_LIMIT: Duration = Duration::from_secs(30);
/// Google's answers are below 8 KiB.
const BODY_LIMIT: u64 = 256 * 1024;

/// An answer of whatever status.
pub(crate) struct HttpAnswer {
    /// The status code.
    pub(crate) status: u16,
    /// The server's clock.
    pub(crate) date: Option<Time>,
    /// The whole body.
    pub(crate) body: SecretBytes,
    /// `Metadata-Flavor`, by which a VM's metadata server is known.
    pub(crate) flavor: Option<String>,
}

/// Sends a form by POST. Secrets go into the body, never into the address.
pub(crate) fn post(uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<HttpAnswer, Transport> {
    let mut request = client(uri)?.post(uri).body(body.to_vec());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answer(request, WHOLE_LIMIT)
}

/// Sends JSON by POST, or asks by GET where there is no body. The headers may hold an access token.
pub(crate) fn send(
    uri: &str,
    headers: &[(&str, Secret)],
    body: Option<&[u8]>,
) -> Result<HttpAnswer, Transport> {
    let client = client(uri)?;
    let mut request = match body {
        Some(body) => client.post(uri).body(body.to_vec()),
        None => client.get(uri),
    };
    for (name, value) in headers {
        request = request.header(*name, value.expose());
    }
    answer(request, WHOLE_LIMIT)
}

/// Asks a metadata server: plain http within the VM, never through a proxy.
pub(crate) fn ask_metadata(uri: &str, limit: Duration) -> Result<HttpAnswer, Transport> {
    let client = builder().no_proxy().connect_timeout(limit).timeout(limit).build();
    let request = client.map_err(|error| classify(&error))?.get(uri).header("metadata-flavor", "Google");
    answer(request, limit)
}

fn answer(request: reqwest::blocking::RequestBuilder, limit: Duration) -> Result<HttpAnswer, Transport> {
    let deadline = Instant::now() + limit;
    let response = request.send().map_err(|error| classify(&error))?;
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let date = header("date").and_then(Time::from_http_date);
    let flavor = header("metadata-flavor").map(str::to_owned);
    Ok(HttpAnswer { status, date, flavor, body: read_body(response, deadline)? })
}

fn read_body(response: reqwest::blocking::Response, deadline: Instant) -> Result<SecretBytes, Transport> {
    let mut body = SecretBytes::new(Vec::with_capacity(8 * 1024));
    let mut limited = response.take(BODY_LIMIT + 1);
    let mut chunk = SecretBytes::new(vec![0; 8 * 1024]);
    loop {
        let count = limited.read(&mut chunk).map_err(|error| {
            let timed_out = error.kind() == std::io::ErrorKind::TimedOut || contains(&error, "timed out");
            if timed_out { Transport::Timeout } else { Transport::Broken }
        })?;
        if count == 0 {
            return Ok(body);
        }
        body.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if body.len() as u64 > BODY_LIMIT {
            return Err(Transport::Malformed);
        }
        if Instant::now() > deadline {
            return Err(Transport::Timeout);
        }
    }
}

/// Builds the client when it is needed and not before: reading the system's certificates takes
/// milliseconds that most commands don't have.
fn client(uri: &str) -> Result<reqwest::blocking::Client, Transport> {
    let mut builder = builder().connect_timeout(CONNECT_LIMIT).timeout(WHOLE_LIMIT);
    if stays_on_this_machine(uri) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| {
        if contains(&error, "certificate") { Transport::NoAuthorities } else { classify(&error) }
    })
}

fn builder() -> reqwest::blocking::ClientBuilder {
    // a second installation is refused, which is fine: the first one stays
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::blocking::Client::builder()
        .user_agent(concat!("bqcred/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
}

fn contains(error: &(dyn StdError + 'static), words: &str) -> bool {
    chain(error).any(|cause| cause.to_string().to_lowercase().contains(words))
}

fn chain<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&cause| cause.source())
}

/// The libraries below give types for some causes and only words for others.
fn classify(error: &reqwest::Error) -> Transport {
    if let Some(transport) = chain(error).find_map(encryption_failure) {
        return transport;
    }
    // not "407" alone: the texts hold addresses, and a port may have these digits
    if contains(error, "proxy authorization required") || contains(error, "407 proxy") {
        return Transport::ProxyAuthentication;
    }
    if contains(error, "tls handshake") {
        return Transport::Encryption;
    }
    if contains(error, "dns error") || contains(error, "lookup address") {
        return Transport::UnknownHost;
    }
    if error.is_timeout() {
        return Transport::Timeout;
    }
    if contains(error, "tunnel") || contains(error, "proxy") {
        return Transport::Proxy;
    }
    if error.is_connect() { Transport::NoConnection } else { Transport::Broken }
}

fn encryption_failure(cause: &(dyn StdError + 'static)) -> Option<Transport> {
    let io_inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    let tls = cause
        .downcast_ref::<rustls::Error>()
        .or_else(|| io_inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()))?;
    use rustls::CertificateError as Certificate;
    Some(match tls {
        rustls::Error::InvalidCertificate(problem) => match problem {
            Certificate::UnknownIssuer => Transport::UntrustedCertificate,
            Certificate::Expired
            | Certificate::ExpiredContext { .. }
            | Certificate::NotValidYet
            | Certificate::NotValidYetContext { .. } => Transport::CertificateTime,
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
                Transport::CertificateName
            }
            _ => Transport::UntrustedCertificate,
        },
        _ => Transport::Encryption,
    })
}
