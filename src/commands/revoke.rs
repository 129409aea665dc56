//! `bqcred revoke`: ends the grant at Google, proves it, then removes the profile here.

use crate::app::{App, Loaded};
use crate::cli::Revoke;
use crate::commands::kernel;
use crate::credential::profile_name::ProfileName;
use crate::jupyter::kernelspec::edit;
use crate::lifecycle::dependents::{self, Dependents};
use crate::lifecycle::grant;
use crate::lifecycle::save;
use crate::oauth::Revoked;
use crate::output::error::{Error, Kind, Result};
use crate::output::ui::{self, Output};
use crate::system::terminal;

pub(crate) fn run(args: &Revoke, app: &App) -> Result<Output> {
    let (name, _) = app.profile()?;
    let _claim = grant::claim(app, &name)?;
    let mut loaded = app.load()?;
    if grant::had_ended(app, &mut loaded) {
        // what was allowed since then is another grant, and not this profile's to revoke
        let is_removed = remove_here(app, &loaded)?;
        let who = loaded.profile.account_or_unknown();
        let here = if is_removed { format!("; profile {name} is removed here") } else { String::new() };
        ui::note(&format!("the credential of {who} had ended before{here}"));
        return leave(app, &name, is_removed, args.yes);
    }
    grant::check_revocable(&loaded)?;
    let dependents = dependents::of(app, &loaded);
    tell_what_ends(&loaded, &dependents);
    if !args.yes {
        ask(app, &loaded)?;
    }
    let login = app.login_command(&name);
    let revoked = grant::revoke(&loaded, &login)?;
    grant::prove_ended(&loaded, &login)?;
    let reason = format!("was revoked together with profile {name}");
    // had it been revoked before, the others may be of a newer grant
    let ended_now = dependents.siblings.iter().filter(|_| revoked == Revoked::Now);
    for (sibling, profile) in ended_now {
        if let Err(error) = grant::mark_ended(app, sibling, profile.fingerprint.as_deref(), &reason) {
            ui::note(&format!("profile {sibling} has ended too, which could not be written down: {error}"));
        }
    }
    let is_removed = remove_here(app, &loaded)?;
    tell_done(&loaded, &dependents, revoked);
    leave(app, &name, is_removed, args.yes)
}

/// What named the profile, and would mean nothing now.
fn leave(app: &App, name: &ProfileName, is_removed: bool, yes: bool) -> Result<Output> {
    if is_removed {
        kernel::offer_undo(app, name, yes);
        save::unchoose(app, name)?;
    }
    Ok(Output::none())
}

fn tell_what_ends(loaded: &Loaded, dependents: &Dependents) {
    let (name, who) = (&loaded.name, loaded.profile.account_or_unknown());
    ui::tell(&format!(
        "Revoking ends everything that {who} allowed to this OAuth client's project, on every machine:\n"
    ));
    ui::tell(&format!("  profile {name} ({who})\n"));
    for line in dependents.lines() {
        ui::tell(&format!("  {line}\n"));
    }
}

fn ask(app: &App, loaded: &Loaded) -> Result<()> {
    if app.in_notebook() || !terminal::is_interactive() {
        return Err(Error::usage(
            "revoking can't be undone, and nobody can be asked here; nothing was changed",
        )
        .hint(format!("`{} --yes`", app.command("revoke", &loaded.name))));
    }
    if terminal::confirm("Revoke?")? {
        return Ok(());
    }
    Err(Error::other("nothing was revoked"))
}

/// Removes the profile, unless somebody logged in anew while Google was asked; says whether it did.
fn remove_here(app: &App, loaded: &Loaded) -> Result<bool> {
    let name = &loaded.name;
    let fingerprint = loaded.credential.fingerprint();
    match save::discard(app, name, &loaded.profile, Some(&fingerprint)) {
        Ok(true) => Ok(true),
        Ok(false) => {
            ui::note(&format!("profile {name} was changed meanwhile, so it was not removed"));
            Ok(false)
        }
        Err(error) => {
            let _ = grant::mark_ended(app, name, Some(&fingerprint), "was revoked");
            Err(Error::new(
                Kind::Store,
                format!("the credential is revoked, but could not be removed here: {}", error.what()),
            )
            .hint(match error.hint_text() {
                Some(hint) => format!("{hint}\n`{}`", app.command("forget", name)),
                None => format!("`{}`", app.command("forget", name)),
            }))
        }
    }
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
                "profile {sibling} has ended with it: `bqcred login --profile {sibling}`, or `bqcred forget --profile {sibling}`"
            ),
            Revoked::Before => {
                format!("profile {sibling} may have ended as well: `bqcred status --profile {sibling}`")
            }
        });
    }
    for path in &dependents.elsewhere {
        ui::note(&format!("{} still lies there, and does not work any more", path.display()));
    }
    for path in dependents.kernelspecs.iter().filter(|path| edit::marker_in(path).is_none()) {
        ui::note(&format!("{} names a file that is gone; bqcred did not write that", path.display()));
    }
}
