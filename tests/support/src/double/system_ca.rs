//! Programs that trust only the system's certificate store and read no variable (R's curl): a mount namespace
//! in which the double's authority covers the system's.

use std::path::Path;
use std::process::Command;

use super::Google;

/// Where OpenSSL and GnuTLS look on Debian, Fedora, openSUSE and Alpine.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// `$0` is the certificate; the arguments up to `--` are bundles, those after it the command.
const SCRIPT: &str =
    r#"while [ "$1" != -- ]; do mount --bind "$0" "$1" || exit 125; shift; done; shift; exec "$@""#;

impl Google {
    /// A command for this program that finds the double's authority in the system's store. Proxy variables
    /// are up to the caller. `None` where this system does not allow mounts in a namespace.
    pub fn under_system_ca(&self, program: &Path) -> Option<Command> {
        for flags in ["-m", "-rm"] {
            if wrapped(self.ca_file(), flags, Path::new("/bin/true"))
                .output()
                .is_ok_and(|out| out.status.success())
            {
                return Some(wrapped(self.ca_file(), flags, program));
            }
        }
        None
    }
}

fn wrapped(ca: &Path, flags: &str, program: &Path) -> Command {
    // absolute: the caller may clear PATH
    let mut command = Command::new("/usr/bin/unshare");
    command.arg(flags).args(["--", "/bin/sh", "-c", SCRIPT]).arg(ca);
    command.args(BUNDLES.iter().filter(|bundle| Path::new(bundle).is_file()));
    command.arg("--").arg(program);
    command
}
