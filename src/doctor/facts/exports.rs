//! The commands that export tokens, by account.

use std::collections::BTreeMap;

use crate::app::App;
use crate::credential::profile;

/// For each account with a profile here, the command that exports its credential.
#[derive(Debug, Default)]
pub(crate) struct Exports {
    commands: BTreeMap<String, String>,
}

impl Exports {
    /// Of all profiles; the current one is preferred to another one of the same account.
    pub(crate) fn find(app: &App) -> Exports {
        let mut names = profile::names(&app.paths).unwrap_or_default();
        names.extend(app.profile_name()); // the last one counts
        let mut commands = BTreeMap::new();
        for name in names {
            let Ok(Some(profile)) = app.known_profile(&name) else { continue };
            if let Some(account) = profile.acting_as_account().or(profile.account) {
                commands.insert(account.to_ascii_lowercase(), app.command("export", &name));
            }
        }
        Exports { commands }
    }

    /// The command for this account's credential.
    pub(crate) fn of(&self, account: &str) -> Option<&str> {
        self.commands.get(&account.to_ascii_lowercase()).map(String::as_str)
    }
}
