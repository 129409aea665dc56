//! Moves a profile's secret from one store to the other. After a crash at any point it is in one of them, and a copy
//! in the other is removed later.
//!
//! `profile.json` names the store of the secret and, during a move, the store that may hold a copy
//! ([`Profile::leftover`]). Each step is one atomic write:
//!
//! 1. leftover = new store     after a crash here the secret is in the old store, and perhaps a copy in the new one
//! 2. the secret is written to the new store, read back and compared
//! 3. store = new, leftover = old     from here on the secret is in the new store
//! 4. the secret is removed from the old store
//! 5. leftover = none
//!
//! The next command that locks the profile finishes an interrupted move ([`clear_leftover`]).

use super::Store;
use crate::credential::paths::Paths;
use crate::credential::profile::{Profile, StoreKind};
use crate::credential::profile_id::ProfileId;
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::system::private_file::Lock;

/// Moves the secret of this profile to a store, unless it is there already.
pub(crate) fn relocate(
    lock: &Lock,
    paths: &Paths,
    name: &ProfileName,
    profile: &mut Profile,
    to: StoreKind,
) -> Result<Notes> {
    let from = profile.store;
    let id = profile.id.get_or_insert_with(ProfileId::random).clone();
    let (old, new) = (Store::of(from, Some(&id), paths), Store::of(to, Some(&id), paths));
    let Some(credential) = old.load(name)? else {
        return match from == to {
            true => Ok(Notes::none()),
            false => Err(Error::new(Kind::Missing, format!("profile {name} has no credential to move"))
                .hint(format!("`bqcred login --profile {name} --store {to}`"))),
        };
    };
    profile.match_to(paths, name, &credential);
    let mut notes = clear_leftover(lock, paths, name, profile)?;
    if from == to {
        return Ok(notes);
    }
    new.probe_under(Some(lock), name)?;
    profile.leftover = Some(to);
    notes.append(profile.save(lock, paths, name)?);
    notes.append(new.save(lock, name, &credential)?);
    let read_back = new.load(name)?.map(|copy| copy.to_adc_json());
    if read_back.as_ref() != Some(&credential.to_adc_json()) {
        let _ = clear_leftover(lock, paths, name, profile)?;
        return Err(Error::new(
            Kind::Store,
            format!("the {to} did not return what was written to it; profile {name} stays in the {from}"),
        ));
    }
    profile.store = to;
    profile.leftover = Some(from);
    notes.append(profile.save(lock, paths, name)?);
    notes.append(clear_leftover(lock, paths, name, profile)?);
    Ok(notes)
}

/// Removes the copy that an interrupted move or sign-in left in the other store, if there is one.
pub(crate) fn clear_leftover(
    lock: &Lock,
    paths: &Paths,
    name: &ProfileName,
    profile: &mut Profile,
) -> Result<Notes> {
    let mut notes = Notes::none();
    let Some(leftover) = profile.leftover else { return Ok(notes) };
    if leftover != profile.store {
        let (_, removed) = Store::of(leftover, profile.id.as_ref(), paths).delete(lock, name)?;
        notes.append(removed);
    }
    profile.leftover = None;
    notes.append(profile.save(lock, paths, name)?);
    Ok(notes)
}
