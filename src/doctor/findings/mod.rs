//! What is worth knowing beyond the libraries' identities. Like the rules, a finding is a function of the facts, and
//! of what the rules found.

mod dataproc;
mod exported_token;
mod files;
mod kernels;
mod keyring;
mod long_running;
mod network;
mod settings;

use crate::doctor::facts::Facts;
use crate::doctor::finding::Finding;
use crate::doctor::prediction::Prediction;

pub(crate) use settings::has_drive;

/// All findings, the weightiest first.
pub(crate) fn of(facts: &Facts, predictions: &[Prediction]) -> Vec<Finding> {
    let found: [Vec<Finding>; 16] = [
        network::google_unreachable(facts),
        settings::no_project(facts, predictions),
        settings::starts_gcloud(facts, predictions),
        settings::quota_project(predictions),
        files::cached_sign_ins(facts),
        files::readable_by_others(facts, predictions),
        settings::missing_scopes(facts),
        network::certificates(facts),
        network::clock(facts),
        exported_token::of(facts),
        kernels::of(facts),
        long_running::of(facts),
        dataproc::of(facts),
        settings::bigqueryrc(facts),
        settings::r_profiles(facts),
        keyring::unused_items(facts),
    ];
    found.into_iter().flatten().collect()
}
