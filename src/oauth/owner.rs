//! Who runs an endpoint, by its address: Google, this machine, or somebody else.

use url::{Host, Url};

/// Google's sign-in. Other paths of these hosts, and other hosts of google.com and googleapis.com, may serve what
/// any user has put there (Apps Script, Cloud Storage): they get no code and no token.
const GOOGLE_SIGN_IN: [(&str, &str); 3] = [
    ("accounts.google.com", "/o/oauth2/"),
    ("oauth2.googleapis.com", "/"),
    ("www.googleapis.com", "/oauth2/"),
];

/// Who runs an endpoint.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Google,
    ThisMachine,
    Other(String),
}

impl Owner {
    /// Whether secrets of one may be sent to the other. Google's secrets stay with Google: on this
    /// machine any user can listen. Other servers may use several hosts.
    pub(super) fn may_share_secrets(&self, other: &Owner) -> bool {
        (*self == Owner::Google) == (*other == Owner::Google)
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Owner::Google => f.write_str("Google"),
            Owner::ThisMachine => f.write_str("this machine"),
            Owner::Other(host) => f.write_str(host),
        }
    }
}

/// Who runs this endpoint; an error says what is wrong with its address, of this name.
pub(super) fn owner(name: &str, uri: &str) -> Result<Owner, String> {
    let url = Url::parse(uri).map_err(|_| format!("its `{name}` is not an address"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("its `{name}` has a user name in it, which hides the real host"));
    }
    if url.fragment().is_some() {
        return Err(format!("its `{name}` has a #fragment in it"));
    }
    let Some(host) = url.host() else { return Err(format!("its `{name}` names no host")) };
    match (url.scheme(), is_loopback(&host)) {
        ("http" | "https", true) => return Ok(Owner::ThisMachine),
        ("https", false) => {}
        ("http", false) => {
            return Err(format!("its `{name}` is not https: the network could read the credential"));
        }
        _ => return Err(format!("its `{name}` is neither https nor a server on this machine")),
    }
    let host = host.to_string();
    if host.ends_with('.') {
        return Err(format!("its `{name}` has a dot at the end of its host"));
    }
    if is_google(uri) {
        return Ok(Owner::Google);
    }
    if is_google_host(&host) {
        return Err(format!("its `{name}` is at {host}, but not where Google signs people in"));
    }
    if host.contains("google") || host.split('.').any(|label| label.starts_with("xn--")) {
        return Err(format!("its `{name}` is at {host}, which looks like Google and is not"));
    }
    Ok(Owner::Other(host))
}

/// One of Google's addresses for sign-in, with nothing added to it.
pub(super) fn is_google(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    let place = |(host, path): &(&str, &str)| url.host_str() == Some(host) && url.path().starts_with(path);
    url.scheme() == "https"
        && url.port().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && GOOGLE_SIGN_IN.iter().any(place)
}

fn is_google_host(host: &str) -> bool {
    ["google.com", "googleapis.com"]
        .iter()
        .any(|domain| host == *domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

fn is_loopback<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => name.as_ref() == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Whether requests to this address stay on this machine, and so must not go through a proxy.
pub(crate) fn stays_on_this_machine(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| url.host().is_some_and(|host| is_loopback(&host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_google_domains_are_google_hosts() {
        assert!(is_google_host("accounts.google.com") && is_google_host("oauth2.googleapis.com"));
        assert!(!is_google_host("notgoogle.com") && !is_google_host("google.com.evil.example"));
    }
}
