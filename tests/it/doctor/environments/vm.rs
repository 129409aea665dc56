//! How a VM is detected, and what hides it.

use super::super::scene::{ADA, NOBODY};
use super::Environment;

/// All of this group.
pub const ALL: &[Environment] = &[
    ("the guard is misspelt, on a VM", |s| {
        s.set("NO_GCE_CHECK", "True").vm();
    }),
    ("a proxy between the libraries and the VM's metadata", |s| {
        s.vm();
        s.set("http_proxy", format!("http://{NOBODY}")).set("HTTP_PROXY", format!("http://{NOBODY}"));
        s.set("no_proxy", "example.com").set("NO_PROXY", "example.com");
    }),
    ("a metadata server that answers at its name only", |s| {
        s.vm();
        s.set("GCE_METADATA_IP", NOBODY);
    }),
    ("a metadata server that answers at its address only", |s| {
        s.vm();
        s.set("GCE_METADATA_HOST", NOBODY).set("GCE_METADATA_URL", NOBODY);
        s.slow = true;
    }),
    ("a metadata server by its old name", |s| {
        s.vm();
        s.unset("GCE_METADATA_HOST");
    }),
    ("a metadata server that is not to be looked for", |s| {
        s.set("METADATA_SERVER_DETECTION", "none").vm();
    }),
    ("the variable in small letters", |s| {
        let path = s.file("ada.json", s.user(ADA).to_string());
        s.set("google_application_credentials", path);
    }),
];
