//! `profile.json`, which may have been edited by hand: the addresses in it are checked like a client file's.

use std::path::Path;

use super::{assert_discreet, assert_safe, assert_stable};
use crate::credential::profile::Profile;
use crate::system::json_file::Document;

pub(super) fn check(data: &[u8]) {
    match Profile::parse(Path::new("profile.json"), data) {
        Ok(profile) => {
            profile.endpoints.iter().for_each(assert_safe);
            assert_stable(&profile, |bytes| {
                Profile::parse(Path::new("profile.json"), bytes).expect("a profile")
            });
        }
        Err(error) => assert_discreet(&error),
    }
}
