//! The commands that export tokens, by profile.

use std::collections::BTreeMap;
use std::path::Path;

use crate::app::App;
use crate::credential::profile::{self, Profile};
use crate::credential::token_only_file::IssuedFor;
use crate::handover::delivery;

/// For each profile here, the command that exports its credential.
#[derive(Debug, Default)]
pub(crate) struct Exports {
    profiles: BTreeMap<String, (Profile, String)>,
}

impl Exports {
    /// Of all profiles.
    pub(crate) fn find(app: &App) -> Exports {
        let mut names = profile::names(&app.paths).unwrap_or_default();
        names.extend(app.profile_name());
        let mut profiles = BTreeMap::new();
        for name in names {
            let Ok(Some(profile)) = app.known_profile(&name) else { continue };
            profiles.insert(name.to_string(), (profile, app.command("export", &name)));
        }
        Exports { profiles }
    }

    /// The command that renews this file as it was; `None` if the profile is gone, or is another account's.
    pub(crate) fn renewing(&self, issued_for: &IssuedFor, file: &Path) -> Option<String> {
        let (profile, export) = self.profiles.get(&issued_for.profile)?;
        let acting_as = profile.acting_as.as_ref().map(|acting_as| &acting_as.account);
        let mut now = IssuedFor { account: profile.account.clone(), ..issued_for.clone() };
        if issued_for.is_profiles_own || issued_for.acting_as.is_none() {
            now.acting_as = acting_as.cloned();
        }
        issued_for.covers(&now).then(|| delivery::renewing(export, issued_for, Some(file)))
    }
}
