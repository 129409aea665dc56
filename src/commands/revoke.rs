//! `bqcred revoke`: revoke the grant at Google, prove it, then remove the profile here.

use crate::app::{App, Loaded};
use crate::cli::Revoke;
use crate::commands::kernel;
use crate::credential::profile_name::ProfileName;
use crate::jupyter::kernelspec::edit;
use crate::lifecycle::dependents::{self, Dependents};
use crate::lifecycle::{grant, mark, refresh, remove};
use crate::oauth::{Failure, Reason, Revoked};
use crate::output::error::{Error, Kind, Result};
use crate::output::ui::{self, Output};
use crate::system::terminal;

pub(crate) fn run(args: &Revoke, app: &App) -> Result<Output> {
    let (name, _) = app.profile()?;
    let _claim = grant::claim(app, &name)?;
    let mut loaded = app.load()?;
    if is_refused(app, &mut loaded) {
        // what was allowed since then is another grant, and not this profile's to revoke
        let is_removed = remove_here(app, &loaded)?;
        tell_nothing_revoked(&loaded, is_removed);
        return clean_up(app, &name, is_removed, args.yes);
    }
    grant::check_revocable(&loaded)?;
    let dependents = dependents::of(app, &loaded);
    tell_what_stops(&loaded, &dependents);
    if !args.yes {
        confirm(app, &loaded)?;
    }
    let login = app.login_command(&name);
    let revoked = grant::revoke(&loaded, &login)?;
    grant::prove_revoked(&loaded, &login)?;
    // had it been revoked before, the others may be of a newer grant
    if revoked == Revoked::Now {
        ui::show(mark::siblings_revoked(app, &dependents.siblings, |_| None));
    }
    let is_removed = remove_here(app, &loaded).map_err(|error| not_removed(app, &loaded, &error))?;
    tell_done(&loaded, &dependents, revoked);
    clean_up(app, &name, is_removed, args.yes)
}

/// Whether the credential is known to need a new sign-in, and the server refuses it for good.
fn is_refused(app: &App, loaded: &mut Loaded) -> bool {
    if !loaded.profile.needs_sign_in() {
        return false;
    }
    let answer = refresh::refresh(app, loaded);
    ui::show(answer.notes);
    matches!(answer.result, Err(Failure::Refused(Reason::GrantEnded | Reason::ClientDeleted)))
}

fn tell_nothing_revoked(loaded: &Loaded, is_removed: bool) {
    let (name, who) = (&loaded.name, loaded.profile.account_or_unknown());
    let state = loaded.profile.state();
    let what = match state.is_over() {
        true => "had been revoked or had expired before".to_owned(),
        false => format!("{}, so it was not revoked", state.describe()),
    };
    let here = if is_removed { format!("; profile {name} is removed here") } else { String::new() };
    ui::note(&format!("the credential of {who} {what}{here}"));
}

/// Undoes what named the profile, and would mean nothing now.
fn clean_up(app: &App, name: &ProfileName, is_removed: bool, yes: bool) -> Result<Output> {
    if is_removed {
        kernel::offer_undo(app, name, yes);
        remove::clear_default(app, name)?;
    }
    Ok(Output::none())
}

fn tell_what_stops(loaded: &Loaded, dependents: &Dependents) {
    let (name, who) = (&loaded.name, loaded.profile.account_or_unknown());
    ui::tell(&format!(
        "Revoking ends everything that {who} allowed to this OAuth client's project, on every machine:\n  \
         profile {name} ({who})\n"
    ));
    for line in dependents.lines() {
        ui::tell(&format!("  {line}\n"));
    }
}

fn confirm(app: &App, loaded: &Loaded) -> Result<()> {
    if !terminal::can_ask() {
        return Err(Error::usage(
            "a revocation can't be undone, and bqcred can't ask for confirmation here; nothing was changed",
        )
        .hint(format!("`{} --yes`", app.command("revoke", &loaded.name))));
    }
    if terminal::confirm("Revoke?")? {
        return Ok(());
    }
    Err(Error::other("nothing was revoked"))
}

/// Removes the profile, unless the user signed in again while Google was asked. Says whether it was removed.
fn remove_here(app: &App, loaded: &Loaded) -> Result<bool> {
    let name = &loaded.name;
    let fingerprint = loaded.credential.fingerprint();
    let removed = remove::remove_credential(app, name, &fingerprint)?;
    let is_removed = removed.is_some();
    match removed {
        Some(removed) => ui::show(removed.notes),
        None => ui::note(&format!("profile {name} was changed meanwhile, so it was not removed")),
    }
    Ok(is_removed)
}

/// The grant is revoked and the profile is left, so it should say what is known.
fn not_removed(app: &App, loaded: &Loaded, error: &Error) -> Error {
    let (name, fingerprint) = (&loaded.name, loaded.credential.fingerprint());
    if let Ok(notes) = mark::revoked(app, name, Some(&fingerprint), None) {
        ui::show(notes);
    }
    let forget = format!("`{}`", app.command("forget", name));
    Error::new(
        Kind::Store,
        format!("the credential is revoked, but could not be removed here: {}", error.what()),
    )
    .hint(match error.hint_text() {
        Some(hint) => format!("{hint}\n{forget}"),
        None => forget,
    })
}

fn tell_done(loaded: &Loaded, dependents: &Dependents, revoked: Revoked) {
    let (name, who) = (&loaded.name, loaded.profile.account_or_unknown());
    let when = match revoked {
        Revoked::Now => "is revoked",
        Revoked::Before => "had been revoked before",
    };
    ui::note(&format!("the credential of {who} {when}; profile {name} is removed here"));
    for (sibling, _) in &dependents.siblings {
        ui::note(&match revoked {
            Revoked::Now => format!(
                "profile {sibling} is revoked with it: `bqcred login --profile {sibling}`, or `bqcred forget --profile {sibling}`"
            ),
            Revoked::Before => {
                format!("profile {sibling} may be revoked as well: `bqcred status --profile {sibling}`")
            }
        });
    }
    for path in &dependents.elsewhere {
        ui::note(&format!("{} is still there, and no longer works", path.display()));
    }
    for path in dependents.kernelspecs.iter().filter(|path| edit::marker_in(path).is_none()) {
        ui::note(&format!("{} names a file that is gone; bqcred did not write that", path.display()));
    }
}
