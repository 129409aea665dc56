//! Whether a kernelspec is as bqcred would write it now: current, outdated, or edited by hand.

use std::collections::BTreeMap;
use std::path::Path;

use crate::app::App;
use crate::credential::profile::StoreKind;
use crate::credential::profile_name::ProfileName;
use crate::handover::ready;
use crate::handover::variables::Inherited;
use crate::jupyter::changes::kernel_profile;
use crate::jupyter::kernelspec::edit;
use crate::jupyter::kernelspec::launch::{self, Barrier, Handed};
use crate::jupyter::kernelspec::marker::{self, Marker};
use crate::jupyter::kernelspec::spec::{self, Spec};
use crate::jupyter::locate::kernels::Kernel;

/// The state of one kernelspec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KernelState {
    /// bqcred changed nothing in it.
    NotInstalled,
    /// It is as bqcred would write it now.
    Current,
    /// `bqcred kernel sync` would change it, for this reason.
    Outdated(&'static str),
    /// These values were changed since, not by bqcred: names of variables, or `argv`.
    Edited(Vec<String>),
    /// Its profile does not exist any more.
    ProfileMissing,
    /// The credential of its profile can't be used, for this reason.
    CredentialUnusable(String),
}

impl KernelState {
    /// The state of a kernel's kernelspec. `inherited`: what the environment of its server has. The keyring is not
    /// asked.
    pub(crate) fn of(app: &App, kernel: &Kernel, inherited: &Inherited) -> Self {
        let Some(marker) = &kernel.marker() else { return KernelState::NotInstalled };
        let Ok(name) = ProfileName::parse(&marker.profile) else { return KernelState::ProfileMissing };
        let profile = match app.known_profile(&name) {
            Ok(Some(profile)) => profile,
            Ok(None) => return KernelState::ProfileMissing,
            Err(error) => return KernelState::CredentialUnusable(error.what().to_owned()),
        };
        let kept = edit::uninstall(&kernel.text).map(|restored| restored.kept).unwrap_or_default();
        if !kept.is_empty() {
            return KernelState::Edited(kept);
        }
        if let Some(wrapped) = &marker.argv {
            if wrapped.set.first().is_none_or(|bqcred| !Path::new(bqcred).is_file()) {
                return KernelState::Outdated("bqcred has another path now");
            }
        } else {
            let then = Inherited::when_set(&marker.set);
            if inherited.is_of_another(&name) && inherited.gcloud && !then.gcloud {
                return KernelState::Outdated("its server has gcloud's variables of another profile");
            }
            let vars = kernel_profile::kernelspec_variables(&app.paths, &name, &profile, &then);
            if !vars.is_ok_and(|vars| vars.into_iter().collect::<BTreeMap<_, _>>() == marker.set) {
                return KernelState::Outdated("the profile has changed");
            }
        }
        if let Some(error) = marker.token_only().and_then(|limits| limits.check(app, &name, &profile).err()) {
            return KernelState::CredentialUnusable(error.what().to_owned());
        }
        if is_copy_outdated(marker) {
            return KernelState::Outdated("the original has changed");
        }
        let is_r = kernel.spec.as_ref().is_ok_and(Spec::is_r);
        if is_r && let Some(account) = profile.acting_as_account().filter(|_| marker.token_only().is_none()) {
            let install = format!("bqcred kernel install --token-only --profile {name} {}", kernel.name);
            return KernelState::CredentialUnusable(ready::describe_r(&account, &install));
        }
        match profile.store {
            StoreKind::File => {
                app.load_credential(name, profile).err().map_or(KernelState::Current, |error| {
                    KernelState::CredentialUnusable(error.what().to_owned())
                })
            }
            StoreKind::Keyring => KernelState::Current,
        }
    }

    /// One word for programs.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            KernelState::NotInstalled => "not_installed",
            KernelState::Current => "current",
            KernelState::Outdated(_) => "outdated",
            KernelState::Edited(_) => "edited",
            KernelState::ProfileMissing => "profile_missing",
            KernelState::CredentialUnusable(_) => "credential_unusable",
        }
    }

    /// For people, with the command that fixes it.
    pub(crate) fn describe(&self) -> String {
        match self {
            KernelState::NotInstalled => "-".to_owned(),
            KernelState::Current => "ok".to_owned(),
            KernelState::Outdated(why) => format!("outdated, {why}: `bqcred kernel sync`"),
            KernelState::Edited(what) => {
                format!("edited since ({}): `bqcred kernel sync`", what.join(", "))
            }
            KernelState::ProfileMissing => "profile removed: `bqcred kernel uninstall`".to_owned(),
            KernelState::CredentialUnusable(why) => why.clone(),
        }
    }
}

/// What keeps the credential from a kernel: that of the profile it has, else of the current one.
pub(crate) fn barrier(app: &App, kernel: &Kernel) -> Option<Barrier> {
    let marker = kernel.marker();
    let is_exec = marker.as_ref().is_some_and(|marker| marker.argv.is_some());
    let assigned = marker.and_then(|marker| ProfileName::parse(&marker.profile).ok());
    let name = assigned.or_else(|| app.profile_name().ok()).unwrap_or_default();
    let (file, spec) = (app.paths.adc(&name), kernel.spec.as_ref().ok()?);
    let file = (!is_exec).then_some(file.as_path());
    launch::barrier(&spec.argv, &Handed { file, folder: &kernel.folder, env: &spec.env })
}

/// Whether the kernelspec that a copy was made of has changed since. A copy under another name is meant to differ.
pub(crate) fn is_copy_outdated(marker: &Marker) -> bool {
    let Some(folder) = &marker.folder else { return false };
    if folder.renamed {
        return false;
    }
    match spec::read_file(&Path::new(&folder.from).join("kernel.json")) {
        Ok(text) => {
            let original = edit::uninstall(&text).map(|restored| restored.text).unwrap_or(text);
            marker::checksum(original.as_bytes()) != folder.checksum
        }
        // the native kernel has no file, and a kernel that was removed can't be copied again
        Err(_) => false,
    }
}
