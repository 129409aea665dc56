//! The environment variables that make libraries use the credential: which, and why each.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::credential::paths::Paths;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::handover::format::Change;
use crate::system::env;

/// Path of the ADC file. Never gcloud's own: google-auth would start gcloud at every `default()`.
pub(crate) const ADC: &str = "GOOGLE_APPLICATION_CREDENTIALS";
/// The project. The Python libraries find none without it.
pub(crate) const PROJECT: &str = "GOOGLE_CLOUD_PROJECT";
/// The project that requests are charged to. Overrides the one in the ADC file.
pub(crate) const QUOTA_PROJECT: &str = "GOOGLE_CLOUD_QUOTA_PROJECT";
/// The profile, for bqcred itself and for people.
pub(crate) use crate::app::PROFILE_VARIABLE as PROFILE;

/// The guard. Only R's gargle reads the first: an address where no metadata server answers keeps it from
/// silently using the VM's service account when the credential fails. google-auth (2.48 and later) reads the
/// second.
const GUARD: [(&str, &str); 2] = [("GCE_METADATA_URL", "127.0.0.1:9"), ("NO_GCE_CHECK", "true")];

/// For gcloud and bq, which read none of the above: file, account, project. bq uses the VM's service account
/// unless the account is set.
pub(crate) const GCLOUD: [&str; 3] =
    ["CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "CLOUDSDK_CORE_ACCOUNT", "CLOUDSDK_CORE_PROJECT"];

/// Which variables to set or remove, beyond those of the credential.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VariableSet {
    /// The guard: variables that keep libraries from using the VM's service account.
    pub(crate) guard: bool,
    /// gcloud's and bq's variables.
    pub(crate) gcloud: bool,
}

/// The changes that set the variables for a profile whose ADC file is at `adc`.
pub(crate) fn set(name: &ProfileName, profile: &Profile, adc: &Path, which: VariableSet) -> Vec<Change> {
    let mut changes = vec![change(ADC, adc.as_os_str())];
    let mut optional = |name, value: &Option<String>| {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            changes.push(change(name, OsStr::new(value)));
        }
    };
    optional(PROJECT, &profile.project);
    optional(QUOTA_PROJECT, &profile.quota_project);
    changes.push(change(PROFILE, OsStr::new(name.as_str())));
    if which.guard {
        changes.extend(GUARD.iter().map(|(name, value)| change(name, OsStr::new(value))));
    }
    if which.gcloud {
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

/// The changes that remove all of them.
pub(crate) fn unset(which: VariableSet) -> Vec<Change> {
    let mut names = vec![ADC, PROJECT, QUOTA_PROJECT, PROFILE];
    names.extend(GUARD.iter().map(|(name, _)| *name));
    if which.gcloud {
        names.extend(GCLOUD);
    }
    names.into_iter().map(removal).collect()
}

/// The changes that remove what an earlier profile set in this environment and `changes` don't set. `gcloud`:
/// gcloud's variables were among it.
pub(crate) fn leftovers(changes: &[Change], gcloud: bool) -> Vec<Change> {
    [PROJECT, QUOTA_PROJECT]
        .into_iter()
        .chain(GCLOUD.into_iter().filter(|_| gcloud))
        .filter(|name| !changes.iter().any(|change| change.name == *name))
        .map(removal)
        .collect()
}

/// Whether gcloud's variables in this environment were set by bqcred: they name a file of bqcred's.
pub(crate) fn has_our_gcloud(paths: &Paths) -> bool {
    let [file, ..] = GCLOUD;
    let folders = [Some(&paths.data), paths.runtime.as_ref()];
    env::get(file)
        .is_some_and(|file| folders.into_iter().flatten().any(|folder| Path::new(&file).starts_with(folder)))
}

fn change(name: &'static str, value: &OsStr) -> Change {
    Change { name, value: Some(OsString::from(value)) }
}

fn removal(name: &'static str) -> Change {
    Change { name, value: None }
}
