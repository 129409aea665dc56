//! HTTPS requests that carry secrets: no redirects, limits on time and size, proxies and
//! certificates as the system has them. The only folder that uses `reqwest`, `hyper-util` and `rustls`.

mod classify;
mod lookup;
mod proxy;

use std::io::Read;
use std::time::{Duration, Instant};

use url::Url;

use super::owner::stays_on_this_machine;
use super::transport::Transport;
use classify::{classify, is_timeout};
use proxy::Proxy;

use crate::output::secret::{Secret, SecretBytes};
use crate::system::clock::Time;

/// For a name, and again for a connection to what it names.
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

/// How a request reaches its server.
struct Connection {
    client: reqwest::blocking::Client,
    proxy: Option<Proxy>,
}

/// Sends a form by POST. Secrets go into the body, never into the address.
pub(crate) fn post(uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<HttpAnswer, Transport> {
    let connection = Connection::to(uri)?;
    let mut request = connection.client.post(uri).body(body.to_vec());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    connection.answer(request, WHOLE_LIMIT)
}

/// Sends JSON by POST, or asks by GET where there is no body. The headers may hold an access token.
pub(crate) fn send(
    uri: &str,
    headers: &[(&str, Secret)],
    body: Option<&[u8]>,
) -> Result<HttpAnswer, Transport> {
    let connection = Connection::to(uri)?;
    let mut request = match body {
        Some(body) => connection.client.post(uri).body(body.to_vec()),
        None => connection.client.get(uri),
    };
    for (name, value) in headers {
        request = request.header(*name, value.expose());
    }
    connection.answer(request, WHOLE_LIMIT)
}

/// Asks a metadata server: plain http within the VM, never through a proxy.
pub(crate) fn ask_metadata(uri: &str, limit: Duration) -> Result<HttpAnswer, Transport> {
    let connection = Connection::new(uri, None, limit, limit)?;
    let request = connection.client.get(uri).header("metadata-flavor", "Google");
    connection.answer(request, limit)
}

impl Connection {
    /// To the server of this address, through the proxy that is set for it.
    fn to(uri: &str) -> Result<Connection, Transport> {
        let proxy = match stays_on_this_machine(uri) {
            true => None,
            false => Proxy::of(uri)?,
        };
        Connection::new(uri, proxy, CONNECT_LIMIT, WHOLE_LIMIT)
    }

    /// Builds the client when it is needed and not before: reading the system's certificates takes
    /// milliseconds that most commands don't have.
    fn new(
        uri: &str,
        proxy: Option<Proxy>,
        connect: Duration,
        whole: Duration,
    ) -> Result<Connection, Transport> {
        // a second installation is refused, which is fine: the first one stays
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::blocking::Client::builder()
            .user_agent(concat!("bqcred/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(connect)
            .timeout(whole)
            .no_proxy(); // the environment's is read here, not by reqwest
        if let Some(proxy) = &proxy {
            builder = builder.proxy(proxy.for_reqwest()?);
        }
        let server = Url::parse(uri).ok().filter(|_| proxy.as_ref().is_none_or(Proxy::wants_address));
        let hosts = [(proxy.as_ref().map(|proxy| proxy.address().clone()), true), (server, false)];
        for (host, is_proxy) in hosts {
            let Some(name) = host.as_ref().and_then(host_name) else { continue };
            let found = lookup::addresses(name, connect).map_err(|failure| failure.transport(is_proxy))?;
            builder = builder.resolve_to_addrs(name, &found);
        }
        // all that can be wrong with what is built here is the system's certificates
        let client = builder.build().map_err(|_| Transport::NoAuthorities)?;
        Ok(Connection { client, proxy })
    }

    fn answer(
        &self,
        request: reqwest::blocking::RequestBuilder,
        limit: Duration,
    ) -> Result<HttpAnswer, Transport> {
        let deadline = Instant::now() + limit;
        let response = request.send().map_err(|error| classify(&error, self.proxy.as_ref()))?;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let date = header("date").and_then(Time::from_http_date);
        let flavor = header("metadata-flavor").map(str::to_owned);
        Ok(HttpAnswer { status, date, flavor, body: read_body(response, deadline)? })
    }
}

/// The host, if it is a name. In the address of a SOCKS proxy, IPv4 addresses are not told from names.
fn host_name(url: &Url) -> Option<&str> {
    url.domain().filter(|name| name.parse::<std::net::IpAddr>().is_err())
}

fn read_body(response: reqwest::blocking::Response, deadline: Instant) -> Result<SecretBytes, Transport> {
    let mut body = SecretBytes::new(Vec::with_capacity(8 * 1024));
    let mut limited = response.take(BODY_LIMIT + 1);
    let mut chunk = SecretBytes::new(vec![0; 8 * 1024]);
    loop {
        let count = limited
            .read(&mut chunk)
            .map_err(|error| if is_timeout(&error) { Transport::Timeout } else { Transport::Broken })?;
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
