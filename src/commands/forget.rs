//! `bqcred forget`: remove a profile from this machine; nothing is revoked.

use crate::app::App;
use crate::cli::Forget;
use crate::commands::kernel;
use crate::credential::profile::{Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::lifecycle::remove;
use crate::lifecycle::revocation::Revocation;
use crate::output::error::{Kind, Result};
use crate::output::ui::{self, Output};

pub(crate) fn run(args: &Forget, app: &App) -> Result<Output> {
    let (name, profile) = named(app)?;
    let removed = remove::remove(app, &name, &profile)?;
    ui::show(removed.notes);
    ui::note(&format!("profile {name} is removed here"));
    if removed.had_credential && !profile.state().is_over() {
        ui::note(&format!(
            "nothing was revoked: the credential of {} {}; https://myaccount.google.com/connections can revoke it",
            profile.account_or_unknown(),
            Revocation::Unproved.describe()
        ));
    }
    kernel::offer_undo(app, &name, args.yes);
    remove::clear_default(app, &name)?;
    Ok(Output::none())
}

/// The current profile, even if what is known about it can't be read: it is to be removed.
fn named(app: &App) -> Result<(ProfileName, Profile)> {
    match app.profile() {
        Ok(found) => Ok(found),
        Err(error) if error.kind() == Kind::Store => {
            let name = app.profile_name()?;
            if app.paths.profile(&name).is_symlink() {
                return Err(error);
            }
            // with no file the secret can only be in the keyring
            let store = if app.paths.adc(&name).exists() { StoreKind::File } else { StoreKind::Keyring };
            Ok((name, Profile { store, ..Profile::default() }))
        }
        Err(error) => Err(error),
    }
}
