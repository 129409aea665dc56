//! A client file: secrets are sent only to servers that may have them, whatever it names.

use std::path::Path;

use super::{CANARY, assert_discreet, assert_no_canary, assert_safe};
use crate::credential::client::{Client, project_number};

pub(super) fn check(data: &[u8]) {
    let client = match Client::parse(Path::new("client.json"), data) {
        Ok(client) => client,
        Err(error) => {
            assert_discreet(&error);
            assert!(error.hint_text().is_some());
            return;
        }
    };
    assert!(!client.id.is_empty() && !client.id.contains(|c: char| c.is_whitespace() || c.is_control()));
    assert!(!client.secret.expose().is_empty());
    assert!(project_number(&client.id).is_none_or(|number| client.id.starts_with(number)));
    if let Some(endpoints) = &client.endpoints {
        assert_safe(endpoints);
    }
    let public = format!("{:?} {:?} {:?}", client.id, client.project, client.endpoints);
    if !public.contains(CANARY) {
        assert_no_canary(&format!("{client:?}"));
    }
}
