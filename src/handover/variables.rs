//! The environment variables that make libraries use the credential: which, and why each.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::credential::paths::Paths;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::handover::format::Change;
use crate::system::env::{self, Environ};

/// Path of the ADC file. Never gcloud's own: google-auth would start gcloud at every `default()`.
pub(crate) const ADC: &str = "GOOGLE_APPLICATION_CREDENTIALS";
/// The project. The Python libraries find none without it.
pub(crate) const PROJECT: &str = "GOOGLE_CLOUD_PROJECT";
/// The project that requests are charged to. Overrides the one in the ADC file.
pub(crate) const QUOTA_PROJECT: &str = "GOOGLE_CLOUD_QUOTA_PROJECT";
/// The profile, for bqcred itself and for people.
pub(crate) use crate::app::PROFILE_VARIABLE as PROFILE;

/// An address to which no connection can be made, so that a program which asks it for the VM's service account gives
/// up at once: the broadcast address, which TCP refuses before a packet is sent. It needs no quoting in any shell.
pub(crate) const NO_METADATA_SERVER: &str = "255.255.255.255";

/// The guard. Only R's gargle reads the first, in place of the metadata server's host: it keeps gargle from silently
/// using the VM's service account when the credential fails. google-auth (2.48 and later) reads the second.
const GUARD: [(&str, &str); 2] = [("GCE_METADATA_URL", NO_METADATA_SERVER), ("NO_GCE_CHECK", "true")];

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
    let mut changes = guard(which);
    changes.push(change(ADC, adc.as_os_str()));
    let mut optional = |name, value: &Option<String>| {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            changes.push(change(name, OsStr::new(value)));
        }
    };
    optional(PROJECT, &profile.project);
    optional(QUOTA_PROJECT, &profile.quota_project);
    changes.push(change(PROFILE, OsStr::new(name.as_str())));
    if which.gcloud {
        let [file, account, project] = GCLOUD;
        changes.push(change(file, adc.as_os_str()));
        let who = profile.acting_as_account().or_else(|| profile.account.clone());
        for (name, value) in [(account, &who), (project, &profile.project)] {
            if let Some(value) = value {
                changes.push(change(name, OsStr::new(value)));
            }
        }
    }
    changes
}

/// The changes for a credential that can't be used: libraries find `missing` in its place, a path that names the
/// reason, and nothing that an earlier profile set. BQCRED_PROFILE stays if it is the profile `name`, so that the next
/// attempt means the same one.
pub(crate) fn without_credential(
    paths: &Paths,
    name: Option<&ProfileName>,
    missing: &Path,
    which: VariableSet,
) -> Vec<Change> {
    let inherited = Inherited::of(paths, &env::all());
    let is_of_another = inherited.profile.is_some() && name.is_none_or(|name| inherited.is_of_another(name));
    let mut changes = guard(which);
    changes.push(change(ADC, missing.as_os_str()));
    let other = [PROFILE].into_iter().filter(|_| is_of_another);
    let ours = leftovers(inherited.gcloud).filter(|name| !inherited.own.contains(name));
    changes.extend(other.chain(ours).map(removal));
    changes
}

/// The guard, if it is wanted. It comes before all else: a shell that stops in the middle of the changes has it.
fn guard(which: VariableSet) -> Vec<Change> {
    GUARD.iter().filter(|_| which.guard).map(|(name, value)| change(name, OsStr::new(value))).collect()
}

/// Lets the metadata server stay that the environment names: inside `exec --token-only` that is where R gets its tokens.
pub(crate) fn keep_metadata_server(changes: &mut [Change]) {
    let [(server, _), _] = GUARD;
    let named = env::get(server);
    for change in changes.iter_mut().filter(|change| change.name == server && named.is_some()) {
        change.value.clone_from(&named);
    }
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

/// The changes for an environment that may be another profile's: what that set and `changes` don't set is removed.
pub(crate) fn replace(paths: &Paths, name: &ProfileName, mut changes: Vec<Change>) -> Vec<Change> {
    let inherited = Inherited::of(paths, &env::all());
    if inherited.is_of_another(name) {
        changes.extend(not_in(&changes, leftovers(inherited.gcloud)).into_iter().map(removal));
    }
    changes
}

/// What another profile may leave behind in an environment. `gcloud`: gcloud's variables are among it.
pub(crate) fn leftovers(gcloud: bool) -> impl Iterator<Item = &'static str> {
    [PROJECT, QUOTA_PROJECT].into_iter().chain(GCLOUD.into_iter().filter(move |_| gcloud))
}

/// The variables for a place that can set them and not remove them: a kernelspec, a file of variables. What another
/// profile may leave behind in the environment there gets an empty value, unless the user set it:
///
/// - `GOOGLE_CLOUD_QUOTA_PROJECT` and `CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE`: empty counts as unset (google-auth 1.23
///   and 2.62, gcloud 528).
/// - `GOOGLE_CLOUD_PROJECT`: empty is no project for google-auth and for google-cloud-core 1. google-cloud-core 2 takes
///   it as it is, so a client that is given no project fails at its first request. Without the variable it fails when
///   it is made; with any other value it would use a project that is not the profile's.
/// - `CLOUDSDK_CORE_ACCOUNT` and `CLOUDSDK_CORE_PROJECT`: empty is not unset, it hides gcloud's own configuration. So
///   they are set only where bqcred set them before, and then to the profile's own account and project; gcloud fails
///   for what the profile lacks.
pub(crate) fn set_for_good(
    name: &ProfileName,
    profile: &Profile,
    adc: &Path,
    inherited: &Inherited,
) -> Vec<Change> {
    let [file, ..] = GCLOUD;
    let mut changes = set(name, profile, adc, VariableSet { guard: true, gcloud: inherited.gcloud });
    let clear = leftovers(inherited.gcloud).chain([file]).filter(|name| !inherited.own.contains(name));
    let empty = not_in(&changes, clear);
    changes.extend(empty.into_iter().map(|name| change(name, OsStr::new(""))));
    changes
}

/// What an environment has of a profile already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inherited {
    /// The profile whose environment it is.
    pub(crate) profile: Option<String>,
    /// Whether bqcred set gcloud's variables: they name a file of bqcred's.
    pub(crate) gcloud: bool,
    /// Variables that a profile may set and that the user set here: they stay.
    pub(crate) own: Vec<&'static str>,
}

impl Inherited {
    /// What this environment has.
    pub(crate) fn of(paths: &Paths, environ: &Environ) -> Inherited {
        let [file, ..] = GCLOUD;
        let profile = environ.filled(PROFILE).map(|name| name.to_string_lossy().into_owned());
        let gcloud = environ.filled(file).is_some_and(|file| is_in_our_folders(paths, file));
        let is_own = |name: &&'static str| {
            let is_ours = if *name == file { gcloud } else { profile.is_some() };
            environ.filled(name).is_some() && !is_ours
        };
        let own = [PROJECT, QUOTA_PROJECT, file].into_iter().filter(is_own).collect();
        Inherited { profile, gcloud, own }
    }

    /// Whether the environment is another profile's.
    pub(crate) fn is_of_another(&self, name: &ProfileName) -> bool {
        self.profile.as_ref().is_some_and(|earlier| earlier != name.as_str())
    }

    /// What was found when these variables were written by [`set_for_good`].
    pub(crate) fn when_set(variables: &BTreeMap<String, String>) -> Inherited {
        let [file, account, _] = GCLOUD;
        let is_missing = |name: &&'static str| !variables.contains_key(*name);
        Inherited {
            profile: None,
            gcloud: variables.contains_key(account),
            own: [PROJECT, QUOTA_PROJECT, file].into_iter().filter(is_missing).collect(),
        }
    }

    /// The same with gcloud's variables, if the other environment has those of another profile than this one.
    #[must_use]
    pub(crate) fn with_gcloud_of(mut self, other: &Inherited, name: &ProfileName) -> Inherited {
        self.gcloud |= other.gcloud && other.is_of_another(name);
        self
    }

    /// What either environment has; of the user's own variables only those that both have.
    #[must_use]
    pub(crate) fn or(mut self, other: Inherited) -> Inherited {
        self.own.retain(|name| other.own.contains(name));
        Inherited {
            profile: self.profile.or(other.profile),
            gcloud: self.gcloud || other.gcloud,
            own: self.own,
        }
    }
}

/// Whether gcloud's variables in this environment were set by bqcred.
pub(crate) fn has_our_gcloud(paths: &Paths) -> bool {
    Inherited::of(paths, &env::all()).gcloud
}

fn is_in_our_folders(paths: &Paths, file: &OsStr) -> bool {
    let folders = [Some(&paths.data), paths.runtime.as_ref()];
    folders.into_iter().flatten().any(|folder| Path::new(file).starts_with(folder))
}

fn not_in(changes: &[Change], names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut missing: Vec<&str> = Vec::new();
    for name in names {
        if !missing.contains(&name) && !changes.iter().any(|change| change.name == name) {
            missing.push(name);
        }
    }
    missing
}

fn change(name: &'static str, value: &OsStr) -> Change {
    Change { name, value: Some(OsString::from(value)) }
}

fn removal(name: &'static str) -> Change {
    Change { name, value: None }
}
