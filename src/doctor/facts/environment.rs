//! Environment variables, and how libraries differ in reading them.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::system::env::Environ;

/// A whole environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables(Environ);

impl From<Environ> for Variables {
    fn from(environ: Environ) -> Self {
        Variables(environ)
    }
}

impl Variables {
    /// The variables as they are.
    pub(crate) fn environ(&self) -> &Environ {
        &self.0
    }

    /// A variable that is set, empty or not.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(name)
    }

    /// A variable that is set and not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&OsStr> {
        self.0.filled(name)
    }

    /// The same, as text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.filled(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// The name of the first variable, in their order, that begins with one of these.
    pub(crate) fn first_with_prefix(&self, prefixes: &[&str]) -> Option<String> {
        let mut names = self.0.names().filter_map(OsStr::to_str);
        names.find(|name| prefixes.iter().any(|prefix| name.starts_with(prefix))).map(str::to_owned)
    }

    /// The same, as a path.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.filled(name).map(PathBuf::from)
    }

    /// Sets a variable, in this copy of the environment alone.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.0.set(name, value);
    }

    /// Removes a variable, in this copy of the environment alone.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Whether a request for `http://HOST` would go to a proxy. curl reads only the lower-case name
    /// of that variable, because a web server sets the other from a request's header.
    pub(crate) fn proxies_http(&self, host: &str, lower_case_only: bool) -> bool {
        let proxy = self.filled("http_proxy").or_else(|| self.filled("all_proxy"));
        let upper = || self.filled("HTTP_PROXY").filter(|_| !lower_case_only);
        let all = || self.filled("ALL_PROXY");
        proxy.or_else(upper).or_else(all).is_some() && !self.exempt_from_proxies(host)
    }

    /// Whether Node.js sends a request for HOST to a proxy: its library takes the proxy of https for
    /// http too (gaxios).
    pub(crate) fn proxies_node(&self, host: &str) -> bool {
        ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"]
            .iter()
            .any(|name| self.filled(name).is_some())
            && !self.exempt_from_proxies(host)
    }

    fn exempt_from_proxies(&self, host: &str) -> bool {
        let Some(list) = self.text("no_proxy").or_else(|| self.text("NO_PROXY")) else { return false };
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        list.split(',').map(str::trim).any(|entry| {
            let entry = entry.trim_start_matches('.');
            entry == "*"
                || entry == host
                || entry == name
                || (!entry.is_empty() && name.ends_with(&format!(".{entry}")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        Variables(pairs.iter().map(|(name, value)| (name, value)).collect())
    }

    #[test]
    fn proxies_are_read_as_curl_and_python_do() {
        let upper = variables(&[("HTTP_PROXY", "http://p:1"), ("no_proxy", "a.example, 169.254.169.254")]);
        assert!(upper.proxies_http("metadata.google.internal", false));
        assert!(!upper.proxies_http("metadata.google.internal", true));
        assert!(!upper.proxies_http("169.254.169.254", false));
        assert!(!upper.proxies_http("x.a.example:80", false));
        assert!(!variables(&[]).proxies_http("metadata.google.internal", false));
        assert!(!variables(&[("http_proxy", "x"), ("NO_PROXY", "*")]).proxies_http("any", false));
    }
}
