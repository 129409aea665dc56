//! `bqcred forget`: remove a profile from this machine; nothing is revoked.

use crate::app::App;
use crate::cli::Forget;
use crate::commands::{kernel, leftovers};
use crate::credential::profile;
use crate::lifecycle::dependents;
use crate::lifecycle::remove::{self, KeyringItem};
use crate::lifecycle::revocation::Revocation;
use crate::output::error::Result;
use crate::output::ui::{self, Output};
use crate::store::items::REMOVE_GONE;

pub(crate) fn run(args: &Forget, app: &App) -> Result<Output> {
    if args.leftovers {
        return leftovers::remove(app, args.yes);
    }
    let name = app.profile_name()?;
    // what can't be read can still be removed, if it is only its content
    let known = app.known_profile(&name);
    if let Ok(None) = known {
        return Err(profile::missing(&app.paths, &name));
    }
    let profile = known.ok().flatten().unwrap_or_default();
    let programs = dependents::token_only(app, &name, &profile);
    let item = if args.keep_item { KeyringItem::Keep } else { KeyringItem::Remove };
    let removed = remove::remove(app, &name, item)?;
    ui::show(removed.notes);
    ui::note(&format!("profile {name} is removed here"));
    if !programs.is_empty() {
        ui::note(&format!("still running, and without access tokens from now on: {}", programs.join(", ")));
    }
    if removed.had_credential && !profile.state().is_over() {
        ui::note(&format!(
            "nothing was revoked: the credential of {} {}; https://myaccount.google.com/connections can revoke it",
            profile.account_or_unknown(),
            Revocation::Unproved.describe()
        ));
    }
    if removed.keeps_item {
        ui::note(&format!(
            "its item stays in the keyring: `{REMOVE_GONE}` removes it, once the keyring works"
        ));
    }
    kernel::offer_undo(app, &name, args.yes);
    if !args.keep_item {
        leftovers::offer(app, args.yes);
    }
    remove::clear_default(app, &name)?;
    Ok(Output::none())
}
