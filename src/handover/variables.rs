//! The variables that make the libraries run as the person: which, and why each.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::handover::format::Change;

/// The ADC file. Never gcloud's own path: google-auth would start gcloud at every `default()`.
pub(crate) const ADC: &str = "GOOGLE_APPLICATION_CREDENTIALS";
/// The Python libraries find no project without it.
pub(crate) const PROJECT: &str = "GOOGLE_CLOUD_PROJECT";
/// Overrides what the ADC file says.
pub(crate) const QUOTA_PROJECT: &str = "GOOGLE_CLOUD_QUOTA_PROJECT";
/// The profile, for bqcred itself and for people.
pub(crate) const PROFILE: &str = "BQCRED_PROFILE";

/// The guard. Only R's gargle reads the first: with a metadata server that nobody answers at, it
/// can't silently become the VM's service account when the credential fails. google-auth (2.48 and
/// later) reads the second.
const GUARD: [(&str, &str); 2] = [("GCE_METADATA_URL", "127.0.0.1:9"), ("NO_GCE_CHECK", "true")];

/// For gcloud and bq, which read none of the above. bq takes the VM's service account all the same
/// unless it is told another account.
pub(crate) const GCLOUD: [&str; 3] =
    ["CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "CLOUDSDK_CORE_ACCOUNT", "CLOUDSDK_CORE_PROJECT"];

/// What goes into the environment beyond the credential.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// The guard.
    pub(crate) guard: bool,
    /// gcloud's and bq's variables.
    pub(crate) gcloud: bool,
}

/// The variables for a profile whose ADC file is at `adc`.
pub(crate) fn set(name: &ProfileName, profile: &Profile, adc: &Path, extent: Extent) -> Vec<Change> {
    let mut changes = vec![change(ADC, adc.as_os_str())];
    let mut optional = |name, value: &Option<String>| {
        if let Some(value) = value {
            changes.push(change(name, OsStr::new(value)));
        }
    };
    optional(PROJECT, &profile.project);
    optional(QUOTA_PROJECT, &profile.quota_project);
    changes.push(change(PROFILE, OsStr::new(name.as_str())));
    if extent.guard {
        changes.extend(GUARD.iter().map(|(name, value)| change(name, OsStr::new(value))));
    }
    if extent.gcloud {
        let [file, account, project] = GCLOUD;
        changes.push(change(file, adc.as_os_str()));
        for (name, value) in [(account, &profile.account), (project, &profile.project)] {
            if let Some(value) = value {
                changes.push(change(name, OsStr::new(value)));
            }
        }
    }
    changes
}

/// The removal of all of them.
pub(crate) fn unset(extent: Extent) -> Vec<Change> {
    let mut names = vec![ADC, PROJECT, QUOTA_PROJECT, PROFILE];
    names.extend(GUARD.iter().map(|(name, _)| *name));
    if extent.gcloud {
        names.extend(GCLOUD);
    }
    names.into_iter().map(removal).collect()
}

/// The removal of what an earlier profile set in this environment and this one doesn't.
/// `gcloud` says that gcloud's variables were among it.
pub(crate) fn leftovers(changes: &[Change], gcloud: bool) -> Vec<Change> {
    [PROJECT, QUOTA_PROJECT]
        .into_iter()
        .chain(GCLOUD.into_iter().filter(|_| gcloud))
        .filter(|name| !changes.iter().any(|change| change.name == *name))
        .map(removal)
        .collect()
}

fn change(name: &'static str, value: &OsStr) -> Change {
    Change { name, value: Some(OsString::from(value)) }
}

fn removal(name: &'static str) -> Change {
    Change { name, value: None }
}
