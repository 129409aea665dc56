//! `bqcred revoke`: revoke the grant at Google, prove it, then remove the profile here.

use crate::app::{App, Loaded};
use crate::cli::Revoke;
use crate::commands::kernel;
use crate::credential::profile_name::ProfileName;
use crate::jupyter::kernelspec::edit;
use crate::lifecycle::dependents::{self, Dependents};
use crate::lifecycle::revocation::{self, NotRevoked, Revocation};
use crate::lifecycle::{grant, mark, refresh, remove};
use crate::output::error::{Error, Kind, Result};
use crate::output::ui::{self, Output};
use crate::system::terminal;

pub(crate) fn run(args: &Revoke, app: &App) -> Result<Output> {
    let (name, _) = app.profile()?;
    let _claim = grant::claim(app, &name)?;
    let mut loaded = app.load_for_server()?;
    let heard = ask(app, &mut loaded);
    if heard.is_over() {
        // what was allowed since then is another grant, and not this profile's to revoke
        let is_removed = remove_here(app, &loaded)?;
        tell_done(&loaded, Revocation::Before, is_removed);
        tell_token_only(&dependents::token_only(app, &name, &loaded.profile));
        return clean_up(app, &name, is_removed, args.yes);
    }
    grant::check_revocable(&loaded, heard)?;
    let dependents = dependents::of(app, &loaded);
    tell_what_stops(&loaded, &dependents);
    if !args.yes {
        confirm(app, &loaded)?;
    }
    let left = revocation::revoke(app, &loaded, heard)
        .map_err(|failed| not_revoked(app, &loaded, &dependents, failed))?;
    // had it been revoked before, the others may be of a newer grant
    if left == Revocation::Done {
        ui::show(mark::siblings_revoked(app, &dependents.siblings, |_| None));
    }
    let is_removed = remove_here(app, &loaded).map_err(|error| not_removed(app, &loaded, left, &error))?;
    tell_done(&loaded, left, is_removed);
    tell_dependents(&dependents, left);
    tell_token_only(&dependents.token_only);
    clean_up(app, &name, is_removed, args.yes)
}

/// What the server says of a credential that is known to need a new sign-in; another one is not asked for.
fn ask(app: &App, loaded: &mut Loaded) -> Revocation {
    if !loaded.profile.needs_sign_in() {
        return Revocation::NotSent;
    }
    let answer = refresh::refresh(app, loaded);
    ui::show(answer.notes);
    Revocation::heard(&answer.result)
}

/// What may have been revoked is not known to be valid any more.
fn not_revoked(app: &App, loaded: &Loaded, dependents: &Dependents, failed: NotRevoked) -> Error {
    if failed.may_be_done {
        let own = (&loaded.name, Some(loaded.credential.fingerprint()));
        let siblings = dependents.siblings.iter().map(|(name, profile)| (name, profile.fingerprint.clone()));
        for (name, fingerprint) in siblings.chain([own]) {
            // what can't be written down is found out by the next refresh
            if let Ok(notes) = mark::unproved(app, name, fingerprint.as_deref()) {
                ui::show(notes);
            }
        }
    }
    failed.error
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
    let (name, profile) = (&loaded.name, &loaded.profile);
    ui::tell(&format!(
        "Revoking ends everything that {} allowed to this OAuth client's project, on every machine:\n  \
         profile {name} ({})\n",
        profile.account_or_unknown(),
        profile.who()
    ));
    for line in dependents.lines() {
        ui::tell(&format!("  {line}\n"));
    }
}

fn confirm(app: &App, loaded: &Loaded) -> Result<()> {
    if !terminal::can_ask() {
        return Err(Error::usage("a revocation can't be undone, and bqcred can't ask for confirmation here")
            .unchanged()
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
fn not_removed(app: &App, loaded: &Loaded, left: Revocation, error: &Error) -> Error {
    let (name, fingerprint) = (&loaded.name, loaded.credential.fingerprint());
    if let Ok(notes) = mark::revoked(app, name, Some(&fingerprint), None) {
        ui::show(notes);
    }
    let forget = format!("`{}`", app.command("forget", name));
    Error::new(
        Kind::Store,
        format!("the credential {}, but could not be removed here: {}", left.describe(), error.what()),
    )
    .hint(match error.hint_text() {
        Some(hint) => format!("{hint}\n{forget}"),
        None => forget,
    })
}

fn tell_done(loaded: &Loaded, left: Revocation, is_removed: bool) {
    let (name, who) = (&loaded.name, loaded.profile.account_or_unknown());
    let here = if is_removed { format!("; profile {name} is removed here") } else { String::new() };
    ui::note(&format!("the credential of {who} {}{here}", left.describe()));
}

/// What becomes of programs that ask for each access token.
fn tell_token_only(programs: &[String]) {
    if programs.is_empty() {
        return;
    }
    ui::note("from their next request on, these get no access token, and their libraries show why:");
    programs.iter().for_each(|program| ui::tell(&format!("  {program}\n")));
}

/// What became of everything else that used the grant.
fn tell_dependents(dependents: &Dependents, left: Revocation) {
    let is_done = left == Revocation::Done;
    for (sibling, _) in &dependents.siblings {
        ui::note(&match is_done {
            true => format!(
                "profile {sibling} is revoked with it: `bqcred login --profile {sibling}`, or `bqcred forget --profile {sibling}`"
            ),
            false => format!("profile {sibling} may be revoked as well: `bqcred status --profile {sibling}`"),
        });
    }
    for other in &dependents.elsewhere {
        ui::note(&match is_done && other.is_certain {
            true => format!("{} is still there, and no longer works", other.path.display()),
            false => format!("{} may be revoked as well", other.path.display()),
        });
    }
    for path in dependents.kernelspecs.iter().filter(|path| edit::marker_in(path).is_none()) {
        ui::note(&format!("{} names a file that is gone; bqcred did not write that", path.display()));
    }
}
