//! The file that `bqcred export --token-only` wrote for the programs here, and the commands that stay within its limits.

use std::collections::BTreeMap;
use std::path::Path;

use crate::app::App;
use crate::credential::profile::{self, Profile};
use crate::credential::token_only_file::IssuedFor;
use crate::doctor::facts::credential_file::Content;
use crate::handover::broker::limits::Limits;
use crate::handover::delivery;

/// The file, and the profiles here with the commands that hand out their tokens.
#[derive(Debug, Default)]
pub(crate) struct Exports {
    /// What the file is for; `None` if it is none of bqcred's.
    issued_for: Option<IssuedFor>,
    profiles: BTreeMap<String, Commands>,
}

#[derive(Debug)]
struct Commands {
    profile: Profile,
    /// As they are typed: `bqcred export`, perhaps with the profile's name.
    export: String,
    exec: String,
}

impl Exports {
    /// Of all profiles. `file`: that of the environment.
    pub(crate) fn find(app: &App, file: Option<&Path>) -> Exports {
        let issued_for = file.and_then(|file| match Content::read(file) {
            Content::Bytes(bytes, _) => IssuedFor::read(&bytes),
            _ => None,
        });
        let mut names = profile::names(&app.paths).unwrap_or_default();
        names.extend(app.profile_name());
        let mut profiles = BTreeMap::new();
        for name in names {
            let Ok(Some(profile)) = app.known_profile(&name) else { continue };
            let [export, exec] = ["export", "exec"].map(|command| app.command(command, &name));
            profiles.insert(name.to_string(), Commands { profile, export, exec });
        }
        Exports { issued_for, profiles }
    }

    /// The command that renews the file as it was; `None` if its profile is gone, or is another account's.
    pub(crate) fn renewing(&self, file: &Path) -> Option<String> {
        let issued_for = self.issued_for.as_ref()?;
        Some(delivery::renewing(&self.of(issued_for)?.export, issued_for, Some(file)))
    }

    /// The command that gives a program no more than the file, by its profile, or by the current one if that is gone.
    pub(crate) fn start_line(&self, options: &str) -> Option<String> {
        let issued_for = self.issued_for.as_ref()?;
        let exec = self.of(issued_for).map_or("bqcred exec", |commands| &commands.exec);
        Some(format!("{exec} {}{options} -- PROGRAM", Limits::of(issued_for).to_options().join(" ")))
    }

    fn of(&self, issued_for: &IssuedFor) -> Option<&Commands> {
        let commands = self.profiles.get(&issued_for.profile)?;
        let profile = &commands.profile;
        let mut now = IssuedFor { account: profile.account.clone(), ..issued_for.clone() };
        if issued_for.is_profiles_own || issued_for.acting_as.is_none() {
            now.acting_as = profile.acting_as.as_ref().map(|acting_as| acting_as.account.clone());
        }
        issued_for.covers(&now).then_some(commands)
    }
}
