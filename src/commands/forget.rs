//! `bqcred forget`: removes a profile from this machine, and nothing else.

use crate::app::App;
use crate::cli::Forget;
use crate::commands::kernel;
use crate::credential::profile::{Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::lifecycle::save;
use crate::output::error::Result;
use crate::output::ui::{self, Output};

pub(crate) fn run(args: &Forget, app: &App) -> Result<Output> {
    let (name, profile) = named(app)?;
    let had_credential = save::discard(app, &name, &profile, None)?;
    ui::note(&format!("profile {name} is forgotten here"));
    if had_credential && profile.ended.is_none() {
        ui::note(&format!(
            "nothing was revoked: {} can end the grant at https://myaccount.google.com/connections",
            profile.account_or_unknown()
        ));
    }
    kernel::offer_undo(app, &name, args.yes);
    save::unchoose(app, &name)?;
    Ok(Output::none())
}

/// The profile that is meant, even if what is known about it can't be read: it is to go.
fn named(app: &App) -> Result<(ProfileName, Profile)> {
    match app.profile() {
        Ok(found) => Ok(found),
        Err(error) if error.kind() == crate::output::error::Kind::Store => {
            let name = app.profile_name()?;
            if app.paths.profile(&name).is_symlink() {
                return Err(error);
            }
            // with no file the secret can only lie in the keyring
            let store = if app.paths.adc(&name).exists() { StoreKind::File } else { StoreKind::Keyring };
            Ok((name, Profile { store, ..Profile::default() }))
        }
        Err(error) => Err(error),
    }
}
