//! Moving a profile's secret from one store to the other, so that a crash at any point loses nothing,
//! and in the end it is in one store only.
//!
//! `profile.json` says where the secret is and, while one moves, in which other store a copy may be
//! left ([`Profile::leftover`]). Each step is one write that happens or doesn't:
//!
//! 1. leftover = new     a crash here leaves the old, and perhaps a copy to remove from the new
//! 2. the secret is written to the new store, read back and compared
//! 3. store = new, leftover = old     the turning point
//! 4. the secret is removed from the old store
//! 5. leftover = none
//!
//! The next holder of the profile's lock removes what a crash left ([`clear_leftover`]).

use super::Store;
use crate::credential::paths::Paths;
use crate::credential::profile::{Profile, StoreKind};
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::system::private_file::Lock;

/// Moves the secret of this profile. Nothing happens if it is there already.
pub(crate) fn relocate(
    lock: &Lock,
    paths: &Paths,
    name: &ProfileName,
    profile: &mut Profile,
    to: StoreKind,
) -> Result<Notes> {
    let mut notes = clear_leftover(lock, paths, name, profile)?;
    let from = profile.store;
    if from == to {
        return Ok(notes);
    }
    let (old, new) = (Store::of(from, paths), Store::of(to, paths));
    let Some(credential) = old.load(name)? else {
        return Err(Error::new(
            Kind::Missing,
            format!("profile {name} has no credential that could be moved"),
        )
        .hint(format!("`bqcred login --profile {name} --store {to}`")));
    };
    new.probe(name)?;
    profile.leftover = Some(to);
    notes.append(profile.save(lock, paths, name)?);
    notes.append(new.save(lock, name, &credential)?);
    let read_back = new.load(name)?.map(|copy| copy.to_adc_json());
    if read_back.as_ref() != Some(&credential.to_adc_json()) {
        let _ = clear_leftover(lock, paths, name, profile)?;
        return Err(Error::new(
            Kind::Store,
            format!("the {to} does not give back what was put into it; profile {name} stays in the {from}"),
        ));
    }
    profile.store = to;
    profile.leftover = Some(from);
    notes.append(profile.save(lock, paths, name)?);
    notes.append(clear_leftover(lock, paths, name, profile)?);
    Ok(notes)
}

/// Removes the copy that an earlier move or sign-in could not remove, if there is one.
pub(crate) fn clear_leftover(
    lock: &Lock,
    paths: &Paths,
    name: &ProfileName,
    profile: &mut Profile,
) -> Result<Notes> {
    let mut notes = Notes::none();
    let Some(leftover) = profile.leftover else { return Ok(notes) };
    if leftover != profile.store {
        let (_, removed) = Store::of(leftover, paths).delete(lock, name)?;
        notes.append(removed);
    }
    profile.leftover = None;
    notes.append(profile.save(lock, paths, name)?);
    Ok(notes)
}
