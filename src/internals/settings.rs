//! `config.json`: unknown keys are kept, and a message about a mistake does not show its content.

use std::path::Path;

use super::{assert_discreet, assert_stable};
use crate::credential::settings::Settings;
use crate::system::json_file::Document;

pub(super) fn check(data: &[u8]) {
    match Settings::parse(Path::new("config.json"), data) {
        Ok(settings) => {
            assert_stable(&settings, |bytes| {
                Settings::parse(Path::new("config.json"), bytes).expect("settings")
            });
        }
        Err(error) => assert_discreet(&error),
    }
}
