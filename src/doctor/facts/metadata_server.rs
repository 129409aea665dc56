//! The metadata server of a Google VM (<https://cloud.google.com/compute/docs/metadata/overview>). Each library has
//! variables of its own for its address; which ones is in its rule.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::doctor::facts::environment::Variables;
use crate::oauth;

/// On a VM it answers within a few milliseconds; elsewhere nothing does.
const TIME_LIMIT: Duration = Duration::from_millis(300);

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
    pub(crate) fn ask(environments: [&Variables; 2], offline: bool) -> MetadataServers {
        let named = environments
            .into_iter()
            .flat_map(|environment| VARIABLES.iter().filter_map(|name| environment.text(name)));
        let mut hosts: Vec<String> = [IP, NAME].map(str::to_owned).into_iter().chain(named).collect();
        hosts.sort();
        hosts.dedup();
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

/// Asks all of these addresses at once, for a short time. An address with a name that can't be resolved in
/// that time counts as absent; the thread that waits for the resolver is left behind.
fn ask(hosts: &[String]) -> BTreeMap<String, Metadata> {
    let (sender, receiver) = mpsc::channel();
    for host in hosts {
        let (sender, host) = (sender.clone(), host.clone());
        std::thread::spawn(move || {
            let metadata = probe(&host);
            sender.send((host, metadata))
        });
    }
    drop(sender);
    let end = Instant::now() + TIME_LIMIT;
    let mut found: BTreeMap<String, Metadata> =
        hosts.iter().map(|host| (host.clone(), Metadata::Absent)).collect();
    while let Ok((host, metadata)) = receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
        found.insert(host, metadata);
    }
    found
}

fn probe(host: &str) -> Metadata {
    let plain = !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]/".contains(&byte));
    if !plain {
        return Metadata::Absent;
    }
    let ask = |path: &str| oauth::metadata(host, path, TIME_LIMIT);
    match ask("instance/service-accounts/default/email") {
        Some(account) => Metadata::Present {
            account: account.filter(|account| account.contains('@')),
            project: ask("project/project-id").flatten(),
        },
        None => Metadata::Absent,
    }
}
