//! Whether a profile's credential can be handed to programs: the one decision for `env`, kernelspecs and snippets.

use std::path::PathBuf;

use crate::app::App;
use crate::credential::profile::{self, Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::store::session::{self, Provided};

/// A profile whose credential was found where programs will look for it.
pub(crate) struct Ready {
    /// The profile's name.
    pub(crate) name: ProfileName,
    /// What is known about the profile and its credential.
    pub(crate) profile: Profile,
    /// The file that libraries read.
    pub(crate) adc: PathBuf,
    /// Why a new sign-in is needed, if one is, which file was made, and who can't use it.
    pub(crate) notes: Notes,
}

/// For programs that are started in this login session. A keyring profile gets a session file; while that is up to
/// date, the keyring is not asked.
///
/// # Errors
/// If there is no credential, or it can't be used as it is kept.
pub(crate) fn for_programs(app: &App, name: ProfileName, profile: Profile) -> Result<Ready> {
    if profile.store == StoreKind::File {
        return in_store(app, name, profile);
    }
    let file = match session::provide(&app.paths, &name, &profile)? {
        Provided::File(file) => *file,
        Provided::NoCredential => {
            return Err(profile::without_credential(&name, &profile, &app.login_command(&name)));
        }
        Provided::Moved => {
            let (name, profile) = app.stored_profile(name)?;
            return in_store(app, name, profile);
        }
    };
    let mut notes = problem_note(app, &name, &file.profile);
    if file.is_new {
        notes.add(format!(
            "profile {name} now has a session file in memory, {}; `bqcred lock` removes it",
            file.path.display()
        ));
    }
    Ok(Ready { name, profile: file.profile, adc: file.path, notes })
}

/// For what outlasts this session and can only name a file: a kernelspec, a snippet.
///
/// # Errors
/// As [`for_programs`], and for a profile that is kept in the keyring.
pub(crate) fn for_good(app: &App, name: ProfileName, profile: Profile) -> Result<Ready> {
    if profile.store != StoreKind::File {
        let what = format!(
            "profile {name} is kept in the {}, and a kernelspec or snippet can only name a file",
            profile.store
        );
        return Err(Error::new(Kind::Store, what).hint(format!(
            "`{} --exec` hands it over when a kernel starts",
            app.command("kernel install", &name)
        )));
    }
    in_store(app, name, profile)
}

/// For `bqcred exec`, which reads the store itself.
///
/// # Errors
/// As [`for_programs`].
pub(crate) fn in_store(app: &App, name: ProfileName, profile: Profile) -> Result<Ready> {
    let loaded = app.load_credential(name, profile)?;
    let (name, profile) = (loaded.name, loaded.profile);
    Ok(Ready { adc: app.paths.adc(&name), notes: problem_note(app, &name, &profile), name, profile })
}

fn problem_note(app: &App, name: &ProfileName, profile: &Profile) -> Notes {
    let mut notes = Notes::none();
    if let Some(problem) = app.problem(name, profile) {
        notes.add(problem);
    }
    if let Some(account) = profile.acting_as_account() {
        notes.add(format!(
            "R can't act as {account} by this file, and finds no credential: `{} -- R` hands R its tokens",
            app.command("exec --token-only", name)
        ));
    }
    notes
}
