//! What a program's environment needs beyond the session file, so that its libraries ask the broker and nobody else.

use std::ffi::{OsStr, OsString};

use super::Broker;
use crate::handover::format::Change;

/// Metadata servers that libraries would ask instead, or besides.
const OTHER_SERVERS: [&str; 3] = ["GCE_METADATA_HOST", "GCE_METADATA_IP", "GCE_METADATA_ROOT"];
/// Only gargle reads it.
pub(super) const METADATA_URL: &str = "GCE_METADATA_URL";
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];
const THIS_MACHINE: &str = "127.0.0.1";

/// The changes for a broker. `get` returns a variable of the environment.
pub(crate) fn changes(broker: &Broker, get: impl Fn(&str) -> Option<OsString>) -> Vec<Change> {
    let set = |name, value: &str| Change { name, value: Some(OsString::from(value)) };
    let mut changes = vec![set(METADATA_URL, broker.metadata_address().expose())];
    changes.extend(OTHER_SERVERS.map(|name| Change { name, value: None }));
    let no_proxy = no_proxy(&NO_PROXY.map(|name| get(name).unwrap_or_default()));
    // both: curl reads the lower case first, others the upper, and the one that is missing here would win there
    changes.extend(NO_PROXY.map(|name| Change { name, value: Some(no_proxy.clone()) }));
    changes
}

/// The hosts of all lists, and this machine: what is sent to the broker must not go to a proxy.
fn no_proxy(lists: &[OsString]) -> OsString {
    // only alone does it stand for every host
    if lists.iter().any(|list| list.as_encoded_bytes().trim_ascii() == b"*") {
        return OsString::from("*");
    }
    let mut hosts: Vec<&str> = Vec::new();
    for host in lists.iter().filter_map(|list| list.to_str()).flat_map(|list| list.split(',')) {
        let host = host.trim();
        if !host.is_empty() && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    if !hosts.contains(&THIS_MACHINE) {
        hosts.push(THIS_MACHINE);
    }
    OsStr::new(&hosts.join(",")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_holds_all_hosts_and_this_machine() {
        let of = |one: &str, other: &str| no_proxy(&[one.into(), other.into()]);
        assert_eq!(of("", ""), "127.0.0.1");
        assert_eq!(
            of("a.example, .b.example", "c.example,a.example"),
            "a.example,.b.example,c.example,127.0.0.1"
        );
        assert_eq!(of("127.0.0.1", ""), "127.0.0.1");
        assert_eq!(of("a", " * "), "*");
    }
}
