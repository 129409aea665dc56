//! A `.bqcred` file, which may come with a cloned repository, and the list of those that are allowed.

use std::path::Path;

use super::{assert_discreet, assert_stable};
use crate::credential::pins::{Allowed, Pin};
use crate::system::json_file::Document;

pub(super) fn check(data: &[u8]) {
    match Pin::parse(Path::new(".bqcred"), data) {
        Ok(profile) => {
            let name = profile.as_str();
            assert!(!name.is_empty() && name.len() <= 64 && name != "." && name != "..");
            let plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
            assert!(name.bytes().all(plain) && !name.starts_with(['.', '_', '-']));
            assert_eq!(String::from_utf8_lossy(data).trim_end(), name);
        }
        Err(error) => assert_discreet(&error),
    }
    match Allowed::parse(Path::new("pins.json"), data) {
        Ok(allowed) => {
            assert_stable(&allowed, |bytes| Allowed::parse(Path::new("pins.json"), bytes).expect("the list"));
        }
        Err(error) => assert_discreet(&error),
    }
}
