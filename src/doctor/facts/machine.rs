//! What the libraries learn of the machine and its user from the operating system.

use std::path::{Path, PathBuf};

use crate::system::private_file::{self, Content};

/// `/sys/class/dmi/id/product_name`, as google-auth, Go and Java look at it.
pub(crate) fn is_made_by_google() -> bool {
    let path = Path::new("/sys/class/dmi/id/product_name");
    private_file::read(path, Content::Foreign)
        .ok()
        .flatten()
        .is_some_and(|name| name.trim_ascii_start().starts_with(b"Google"))
}

/// The home folder in `/etc/passwd`.
pub(crate) fn login_home() -> Option<PathBuf> {
    let path = Path::new("/etc/passwd");
    let text = private_file::read(path, Content::Foreign).ok().flatten()?;
    let uid = rustix::process::getuid().as_raw().to_string();
    std::str::from_utf8(&text)
        .ok()?
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&uid.as_str()))
        .and_then(|fields| fields.get(5).map(PathBuf::from))
        .filter(|home| home.is_absolute())
}
