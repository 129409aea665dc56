//! Sign-ins that were interrupted between announcing a credential and completing it: which credential is in the store?

use crate::app::App;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::store::{Store, relocate};
use crate::system::private_file::{self, Lock};

/// Completes an interrupted sign-in if its credential is in the store, else discards what was written ahead of it. The
/// keyring is asked only where a sign-in was interrupted.
pub(crate) fn resolve(app: &App, name: &ProfileName) -> Result<Notes> {
    if Profile::load_ahead(&app.paths, name).is_none() {
        return Ok(Notes::none());
    }
    let lock = Lock::acquire(&app.paths.profile_lock(name))?;
    let Some(ahead) = Profile::load_ahead(&app.paths, name) else { return Ok(Notes::none()) };
    let before = Profile::load(&app.paths, name)?;
    let has_come = Store::of_profile(&ahead, &app.paths)
        .load(name)?
        .is_some_and(|credential| ahead.describes(&credential));
    match has_come {
        true => complete(app, &lock, name, before, ahead),
        false => discard(app, &lock, name, before, &ahead),
    }
}

fn complete(
    app: &App,
    lock: &Lock,
    name: &ProfileName,
    before: Option<Profile>,
    mut profile: Profile,
) -> Result<Notes> {
    let moved_from = before.map(|before| before.store).filter(|store| *store != profile.store);
    profile.leftover = moved_from.or(profile.leftover);
    let mut notes = profile.save(lock, &app.paths, name)?;
    notes.add(format!(
        "the sign-in as {} was interrupted after its credential was saved, and is complete now",
        profile.who()
    ));
    notes.append(relocate::clear_leftover(lock, &app.paths, name, &mut profile)?);
    Ok(notes)
}

fn discard(
    app: &App,
    lock: &Lock,
    name: &ProfileName,
    before: Option<Profile>,
    ahead: &Profile,
) -> Result<Notes> {
    let mut notes = Notes::none();
    let who = ahead.who().into_owned();
    let Some(mut profile) = before else {
        Profile::remove_ahead(lock, &app.paths, name)?;
        if app.paths.adc(name).symlink_metadata().is_err() {
            let _ = std::fs::remove_dir(app.paths.profile(name)); // not if the user put a file there
            return Err(Error::new(
                Kind::Missing,
                format!("the sign-in as {who} was interrupted before its credential was saved"),
            )
            .hint(format!("`{}`", app.sign_in_command(name, None))));
        }
        return Ok(notes);
    };
    let is_same = profile.account.as_deref() == ahead.account.as_deref();
    match Store::of_profile(&profile, &app.paths).load(name)? {
        Some(credential) => {
            profile.match_to(&app.paths, name, &credential);
            notes.append(profile.save(lock, &app.paths, name)?);
        }
        None => drop(private_file::remove(&app.paths.announced_settings(name))?),
    }
    let stays = match is_same {
        true => "the earlier credential stays".to_owned(),
        false => format!("the profile is still {}", profile.who()),
    };
    notes.add(format!("the sign-in as {who} was interrupted before its credential was saved; {stays}"));
    notes.append(relocate::clear_leftover(lock, &app.paths, name, &mut profile)?);
    Ok(notes)
}
