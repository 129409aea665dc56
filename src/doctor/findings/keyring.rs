//! Credentials in the keyring that no profile here uses.

use crate::doctor::facts::Facts;
use crate::doctor::finding::{Finding, FindingCode};
use crate::store::items::Item;

/// Items of profiles that are gone, of other data folders, and without an id.
pub(super) fn unused_items(facts: &Facts) -> Vec<Finding> {
    let finding = |item: &Item| Finding::new(FindingCode::KeyringItem, item.sentence(), item.fix());
    facts.unused_items.iter().map(finding).collect()
}
