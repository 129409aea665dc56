//! The metadata server of a Google VM, as each family looks for it. All of them have variables of
//! their own for its address.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::doctor::facts::environment::Variables;
use crate::oauth;

/// On a VM it answers within a few milliseconds; elsewhere nobody does.
const PATIENCE: Duration = Duration::from_millis(300);

/// The address that every Google VM knows it by.
pub(crate) const IP: &str = "169.254.169.254";
/// Its name.
pub(crate) const NAME: &str = "metadata.google.internal";

/// What an address answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Metadata {
    /// Nobody was asked (`--offline`).
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

/// google-auth: the address that is pinged, and the one that is asked. Two variables, so that they
/// may be two servers.
pub(crate) fn python(variables: &Variables) -> (String, String) {
    let ping = variables.get("GCE_METADATA_IP").map_or_else(|| IP.to_owned(), lossy);
    let host = variables
        .text("GCE_METADATA_HOST")
        .or_else(|| variables.get("GCE_METADATA_ROOT").map(lossy))
        .unwrap_or_else(|| NAME.to_owned());
    (ping, host)
}

/// gargle.
pub(crate) fn r(variables: &Variables) -> String {
    // an empty value is taken as it is
    variables.get("GCE_METADATA_URL").map_or_else(|| NAME.to_owned(), lossy)
}

/// gcloud, and with it bq and gsutil.
pub(crate) fn gcloud(variables: &Variables) -> String {
    variables.get("GCE_METADATA_ROOT").map_or_else(|| NAME.to_owned(), lossy)
}

/// Go; `None` if no variable names one, and the usual address is asked.
pub(crate) fn go(variables: &Variables) -> Option<String> {
    variables.text("GCE_METADATA_HOST")
}

/// Java.
pub(crate) fn java(variables: &Variables) -> String {
    variables.text("GCE_METADATA_HOST").unwrap_or_else(|| NAME.to_owned())
}

/// Node.js.
pub(crate) fn node(variables: &Variables) -> String {
    variables
        .text("GCE_METADATA_IP")
        .or_else(|| variables.text("GCE_METADATA_HOST"))
        .unwrap_or_else(|| IP.to_owned())
}

fn lossy(value: &std::ffi::OsStr) -> String {
    value.to_string_lossy().into_owned()
}

/// Asks all of these addresses at once, for a short time. An address whose name can't be resolved in
/// that time counts as absent; the thread that waits for the resolver is left behind.
pub(crate) fn ask(hosts: &[String]) -> BTreeMap<String, Metadata> {
    let (sender, receiver) = mpsc::channel();
    for host in hosts {
        let (sender, host) = (sender.clone(), host.clone());
        std::thread::spawn(move || {
            let metadata = probe(&host);
            sender.send((host, metadata))
        });
    }
    drop(sender);
    let end = Instant::now() + PATIENCE;
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
    let ask = |path: &str| oauth::metadata(host, path, PATIENCE);
    match ask("instance/service-accounts/default/email") {
        Some(account) => Metadata::Present {
            account: account.filter(|account| account.contains('@')),
            project: ask("project/project-id").flatten(),
        },
        None => Metadata::Absent,
    }
}
