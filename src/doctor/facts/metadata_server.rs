//! The metadata server of a Google VM (<https://cloud.google.com/compute/docs/metadata/overview>). Each library has
//! variables of its own for its address; which ones is in its rule.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::doctor::facts::environment::Variables;
use crate::oauth;

/// On a VM it accepts a connection within a few milliseconds; elsewhere nothing does.
const CONNECTION_LIMIT: Duration = Duration::from_millis(700);
/// A busy machine may be slow to answer; google-auth waits as long.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// Its address on every Google VM.
pub(crate) const IP: &str = "169.254.169.254";
/// Its name on every Google VM.
pub(crate) const NAME: &str = "metadata.google.internal";
/// The variables that give some library another address.
const VARIABLES: [&str; 4] =
    ["GCE_METADATA_HOST", "GCE_METADATA_IP", "GCE_METADATA_ROOT", "GCE_METADATA_URL"];

/// What an address answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Metadata {
    /// It was not asked (`--offline`).
    NotAsked,
    /// No metadata server is there.
    Absent,
    /// A metadata server is there.
    Present {
        /// The VM's service account; `None` if the VM has none.
        account: Option<String>,
        /// The VM's project.
        project: Option<String>,
    },
}

/// The answers of the addresses that libraries ask.
pub(crate) struct MetadataServers {
    offline: bool,
    known: RefCell<BTreeMap<String, Metadata>>,
}

impl MetadataServers {
    /// Asks, all at once, the usual addresses and those that variables name in these environments. What a rule asks
    /// for beyond them is asked when it does.
    pub(crate) fn ask(environments: [&Variables; 2], broker: Option<&str>, offline: bool) -> MetadataServers {
        let named = environments
            .into_iter()
            .flat_map(|environment| VARIABLES.iter().filter_map(|name| environment.text(name)));
        let mut hosts: Vec<String> = [IP, NAME].map(str::to_owned).into_iter().chain(named).collect();
        hosts.sort();
        hosts.dedup();
        // bqcred itself, which is none
        hosts.retain(|host| broker.is_none() || host.split('/').next() != broker);
        let known = if offline { BTreeMap::new() } else { ask(&hosts) };
        MetadataServers { offline, known: RefCell::new(known) }
    }

    /// Answers that a test makes up.
    #[cfg(test)]
    pub(crate) fn known(answers: impl IntoIterator<Item = (String, Metadata)>) -> MetadataServers {
        MetadataServers { offline: false, known: RefCell::new(answers.into_iter().collect()) }
    }

    /// What this address answers.
    pub(crate) fn at(&self, host: &str) -> Metadata {
        if self.offline {
            return Metadata::NotAsked;
        }
        let known = self.known.borrow().get(host).cloned();
        known.unwrap_or_else(|| {
            self.known.borrow_mut().extend(ask(&[host.to_owned()]));
            self.known.borrow().get(host).cloned().unwrap_or(Metadata::Absent)
        })
    }
}

/// What a thread that asks an address says of it.
enum Progress {
    /// Something accepts connections there.
    Connected,
    /// It answered, or won't.
    Done(Metadata),
}

/// Asks all of these addresses at once. An address that accepts no connection in a short time counts as absent, as
/// does one with a name that can't be resolved in that time; the thread that waits for the resolver is left behind.
fn ask(hosts: &[String]) -> BTreeMap<String, Metadata> {
    let (sender, receiver) = mpsc::channel();
    for host in hosts {
        let (sender, host) = (sender.clone(), host.clone());
        std::thread::spawn(move || {
            let say = |progress| sender.send((host.clone(), progress));
            let metadata = if connects(&host) {
                let _ = say(Progress::Connected);
                probe(&host)
            } else {
                Metadata::Absent
            };
            say(Progress::Done(metadata))
        });
    }
    drop(sender);
    let start = Instant::now();
    let mut connected = BTreeSet::new();
    let mut found: BTreeMap<String, Metadata> =
        hosts.iter().map(|host| (host.clone(), Metadata::Absent)).collect();
    loop {
        let limit = if !connected.is_empty() { ANSWER_LIMIT } else { CONNECTION_LIMIT };
        match receiver.recv_timeout((start + limit).saturating_duration_since(Instant::now())) {
            Ok((host, Progress::Connected)) => drop(connected.insert(host)),
            Ok((host, Progress::Done(metadata))) => {
                connected.remove(&host);
                found.insert(host, metadata);
            }
            Err(_) => return found,
        }
    }
}

/// Whether this is an address, with a port or without, where something accepts connections.
fn connects(host: &str) -> bool {
    let plain = !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]/".contains(&byte));
    let authority = host.split('/').next().unwrap_or_default();
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let address = if has_port { authority.to_owned() } else { format!("{authority}:80") };
    plain
        && address.to_socket_addrs().is_ok_and(|mut addresses| {
            addresses.any(|address| TcpStream::connect_timeout(&address, CONNECTION_LIMIT).is_ok())
        })
}

fn probe(host: &str) -> Metadata {
    let ask = |path: &str| oauth::metadata(host, path, ANSWER_LIMIT);
    match ask("instance/service-accounts/default/email") {
        Some(account) => Metadata::Present {
            account: account.filter(|account| account.contains('@')),
            project: ask("project/project-id").flatten(),
        },
        None => Metadata::Absent,
    }
}
