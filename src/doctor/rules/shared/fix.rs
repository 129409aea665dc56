//! The commands that make a library use the current profile's account, where its credential is valid.

use crate::doctor::facts::Facts;

/// `bqcred env`: for every library that reads `GOOGLE_APPLICATION_CREDENTIALS`.
pub(crate) fn env(facts: &Facts) -> String {
    facts.env_line()
}

/// `bqcred env --gcloud`: for gcloud and bq, which have variables of their own.
pub(crate) fn env_for_gcloud(facts: &Facts) -> String {
    facts.gcloud_line()
}
