//! What the libraries learn of the machine from the operating system.

use std::path::Path;

use crate::system::private_file::{self, Content};

/// `/sys/class/dmi/id/product_name`, as google-auth, Go and Java look at it.
pub(crate) fn is_made_by_google() -> bool {
    let path = Path::new("/sys/class/dmi/id/product_name");
    private_file::read(path, Content::Foreign)
        .ok()
        .flatten()
        .is_some_and(|name| name.trim_ascii_start().starts_with(b"Google"))
}
