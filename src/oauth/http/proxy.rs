//! Which proxy a request goes through, as curl and the libraries decide it.

use hyper_util::client::proxy::matcher::Matcher;
use oauth2::http::Uri;
use url::Url;

use crate::oauth::transport::Transport;
use crate::system::env;

/// Variables that set a proxy for https, the first one that is set counts. An empty one is not set, as in curl.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Variables that name the hosts which are reached without a proxy.
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// A proxy. Its address may hold a password.
pub(super) struct Proxy(Url);

impl Proxy {
    /// The one that the environment, or else the system, sets for this address. A setting that can't be understood
    /// is an error: without the proxy, the request would take a way that nobody meant.
    pub(super) fn of(uri: &str) -> Result<Option<Proxy>, Transport> {
        let Ok(uri) = uri.parse::<Uri>() else { return Ok(None) };
        let set = |name: &'static str| Some((name, env::get(name).filter(|value| !value.is_empty())?));
        let Some((variable, value)) = VARIABLES.into_iter().find_map(set) else {
            // on macOS the system's settings; elsewhere nothing
            let proxy = Matcher::from_system().intercept(&uri);
            return Ok(proxy.and_then(|proxy| parse(&proxy.uri().to_string())));
        };
        let exceptions = EXCEPTIONS.into_iter().find_map(env::text).unwrap_or_default();
        if is_excepted(&uri, exceptions) {
            return Ok(None);
        }
        value.to_str().and_then(parse).map(Some).ok_or(Transport::ProxySetting(variable))
    }

    /// Where it listens.
    pub(super) fn address(&self) -> &Url {
        &self.0
    }

    /// Whether the connection to the proxy itself is encrypted.
    pub(super) fn speaks_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether the server's name is looked up here, and not by the proxy.
    pub(super) fn wants_address(&self) -> bool {
        matches!(self.0.scheme(), "socks4" | "socks5")
    }

    /// For the client.
    pub(super) fn for_reqwest(&self) -> Result<reqwest::Proxy, Transport> {
        reqwest::Proxy::all(self.0.as_str()).map_err(|_| Transport::ProxySetting("HTTPS_PROXY"))
    }
}

fn is_excepted(uri: &Uri, exceptions: String) -> bool {
    Matcher::builder().all("http://proxy").no(exceptions).build().intercept(uri).is_none()
}

/// Reads `http://USER:PASSWORD@HOST:PORT`; the scheme may be missing. What a URL's parser would take for a path or a
/// query is a password that is not percent-encoded, and the host would be a part of it.
fn parse(value: &str) -> Option<Proxy> {
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\\' | '#' | '?');
    if value.contains(is_odd) {
        return None;
    }
    let with_scheme = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&with_scheme).ok()?;
    let is_whole = url.has_host() && matches!(url.path(), "" | "/");
    (SCHEMES.contains(&url.scheme()) && is_whole).then_some(Proxy(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_known_scheme_or_none_and_no_path() {
        for (value, host, port) in [
            ("http://127.0.0.1:3128", "127.0.0.1", Some(3128)),
            ("proxy.example:3128", "proxy.example", Some(3128)),
            ("ada:p@proxy.example:3128/", "proxy.example", Some(3128)),
            ("HTTP://ada:p%40ss%5C@[::1]:8", "[::1]", Some(8)),
            ("https://proxy.example", "proxy.example", None),
            ("socks5h://localhost:1080", "localhost", Some(1080)),
        ] {
            let proxy = parse(value).unwrap();
            assert_eq!((proxy.0.host_str(), proxy.0.port()), (Some(host), port), "{value}");
        }
        for value in [
            "http://CORP\\ada:secret@127.0.0.1:9",
            "http://ada:12#cret@127.0.0.1:9",
            "http://ada:12/cret@127.0.0.1:9",
            "http://ada:12?cret@127.0.0.1:9",
            "http://127.0.0.1:9\r",
            " http://127.0.0.1:9",
            "http://127.0.0.1:99999",
            "http://",
            "ftp://127.0.0.1:9",
            "http://proxy.example/proxy.pac",
        ] {
            assert!(parse(value).is_none(), "{value}");
        }
    }

    #[test]
    fn exceptions_are_read_as_curl_reads_them() {
        let uri = Uri::from_static("https://oauth2.googleapis.com/token");
        for exceptions in ["oauth2.googleapis.com", ".googleapis.com", "x, googleapis.com", "*"] {
            assert!(is_excepted(&uri, exceptions.to_owned()), "{exceptions}");
        }
        for exceptions in ["", "apis.com", "localhost,127.0.0.1"] {
            assert!(!is_excepted(&uri, exceptions.to_owned()), "{exceptions}");
        }
    }
}
