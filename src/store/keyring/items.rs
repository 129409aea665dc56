//! All items of bqcred's in the keyring, and whose they are.
//!
//! An item names its profile and the profile's id, and the data folder that the profile is in. One whose profile is gone
//! is this data folder's to remove, one of another data folder is not.

use std::collections::BTreeSet;
use std::path::Path;

use super::failure::Failure;
use super::service;
use crate::credential::adc::{self, AuthorizedUser};
use crate::credential::paths::Paths;
use crate::credential::profile::{self, Profile, StoreKind};
use crate::credential::profile_id::ProfileId;
use crate::credential::profile_name::ProfileName;
use crate::output::error::Result;
use crate::output::shell_word::shell_word;

/// The command that removes what profiles that are gone left.
pub(crate) const REMOVE_GONE: &str = "bqcred forget --leftovers --yes";

/// An item that no profile of this data folder uses.
pub(crate) struct Item {
    /// The user name, `NAME/ID`, or `NAME` alone.
    user: String,
    /// The account that the credential in it names.
    account: Option<String>,
    /// Whose it is.
    pub(crate) owner: Owner,
}

/// Whose an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A profile of this data folder that is gone.
    Gone,
    /// A profile of this other data folder.
    Elsewhere(String),
    /// It has no id: bqcred doesn't use it.
    WithoutId,
    /// It does not say.
    Unknown,
}

/// The user name of a profile's item.
pub(super) fn user(name: &ProfileName, id: &ProfileId) -> String {
    format!("{name}/{id}")
}

/// The items that no profile here uses. Empty where there is no keyring, or it is locked: nobody is asked to unlock it
/// for this.
pub(crate) fn unused_if_unlocked(paths: &Paths) -> Vec<Item> {
    match service::is_locked() {
        Some(false) => unused(paths).unwrap_or_default(),
        Some(true) | None => Vec::new(),
    }
}

/// The same for a user who asked for them.
pub(crate) fn unused(paths: &Paths) -> Result<Vec<Item>> {
    let here = paths.data_identity();
    let items = service::all().map_err(Failure::into_error)?;
    // after the items: a profile that is made meanwhile is known then
    let used = used(paths);
    Ok(items.into_iter().filter_map(|(user, content)| item(user, &content, &here, &used)).collect())
}

/// The id of this profile's item, if there is exactly one of this data folder: for a profile whose file does not say it.
pub(crate) fn id_of(paths: &Paths, name: &ProfileName) -> Result<Option<ProfileId>> {
    let here = paths.data_identity();
    let items = service::all().map_err(Failure::into_error)?;
    let ids: BTreeSet<ProfileId> = items
        .iter()
        .filter(|(_, content)| adc::data_folder(content).as_ref() == Some(&here))
        .filter_map(|(user, _)| parse(user).filter(|(of, _)| of == name).map(|(_, id)| id))
        .collect();
    let mut ids = ids.into_iter();
    Ok(ids.next().filter(|_| ids.next().is_none()))
}

/// An item under the bare name of this profile, which bqcred doesn't use.
pub(crate) fn without_id(name: &ProfileName) -> Option<Item> {
    let content = service::get(name.as_str()).ok()??;
    Some(Item { user: name.to_string(), account: account(&content), owner: Owner::WithoutId })
}

/// What the profiles of this data folder may use.
struct Used {
    ids: BTreeSet<ProfileId>,
    /// Profiles whose file can't be read, so that any item of that name may be theirs.
    unreadable: BTreeSet<ProfileName>,
}

fn used(paths: &Paths) -> Used {
    let mut used = Used { ids: BTreeSet::new(), unreadable: BTreeSet::new() };
    for name in profile::names(paths).unwrap_or_default() {
        let uses = |profile: &Profile| profile.store == StoreKind::Keyring || profile.leftover.is_some();
        match Profile::load(paths, &name) {
            Ok(known) => {
                let both = known.into_iter().chain(Profile::load_ahead(paths, &name)).filter(uses);
                used.ids.extend(both.filter_map(|profile| profile.id));
            }
            Err(_) => drop(used.unreadable.insert(name)),
        }
    }
    used
}

fn item(user: String, content: &[u8], here: &str, used: &Used) -> Option<Item> {
    let owner = match parse(&user) {
        Some((name, id)) if used.ids.contains(&id) || used.unreadable.contains(&name) => return None,
        Some(_) => match adc::data_folder(content) {
            Some(folder) if folder == here => Owner::Gone,
            Some(folder) => Owner::Elsewhere(folder),
            None => Owner::Unknown,
        },
        None if ProfileName::parse(&user).is_ok() => Owner::WithoutId,
        // a test item, or an invalid one that was kept
        None => return None,
    };
    Some(Item { account: account(content), user, owner })
}

fn parse(user: &str) -> Option<(ProfileName, ProfileId)> {
    let (name, id) = user.split_once('/')?;
    Some((ProfileName::parse(name).ok()?, ProfileId::parse(id)?))
}

fn account(content: &[u8]) -> Option<String> {
    AuthorizedUser::parse(content).ok()?.who()
}

impl Item {
    /// Removes the item.
    pub(crate) fn remove(&self) -> Result<()> {
        service::delete(&self.user).map(drop).map_err(Failure::into_error)
    }

    /// For people: which item it is.
    pub(crate) fn describe(&self) -> String {
        let account = self.account.as_deref().unwrap_or("unknown account");
        format!("the item {} ({account})", self.user)
    }

    /// For people: which item it is, and whose.
    pub(crate) fn sentence(&self) -> String {
        let what = self.describe();
        match &self.owner {
            Owner::Gone => format!("the keyring still holds {what}, whose profile is gone"),
            Owner::Elsewhere(folder) => {
                format!("the keyring also holds {what} of another data folder, {folder}; it is left as it is")
            }
            Owner::WithoutId => format!("the keyring holds {what} without an id, which bqcred doesn't use"),
            Owner::Unknown => format!("the keyring holds {what}, which no profile here uses"),
        }
    }

    /// The command that removes it; `None` for one of another data folder.
    pub(crate) fn fix(&self) -> Option<String> {
        let user = shell_word(Path::new(&self.user));
        match &self.owner {
            Owner::Gone => Some(REMOVE_GONE.to_owned()),
            Owner::Elsewhere(_) => None,
            Owner::WithoutId | Owner::Unknown => Some(match cfg!(target_os = "macos") {
                true => format!("security delete-generic-password -s bqcred -a {user}"),
                false => format!("secret-tool clear service bqcred username {user}"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::secret::Secret;

    #[test]
    fn an_item_belongs_to_the_data_folder_that_it_names() {
        let id = |digit: &str| ProfileId::parse(&digit.repeat(16)).unwrap();
        let name = |name: &str| ProfileName::parse(name).unwrap();
        let used = Used { ids: [id("1")].into(), unreadable: [name("odd")].into() };
        let content = AuthorizedUser::new("ada@example.com", "1-a", Secret::new("s"), Secret::new("1//0t"));
        let of = |user: &str, folder: &str| {
            let content = content.to_item_json(folder, None);
            item(user.to_owned(), &content, "/here", &used).map(|item| item.owner)
        };
        let (one, two) = (user(&name("work"), &id("1")), user(&name("work"), &id("2")));
        assert_eq!(of(&one, "/here"), None);
        assert_eq!(of(&two, "/here"), Some(Owner::Gone));
        assert_eq!(of(&two, "/there"), Some(Owner::Elsewhere("/there".to_owned())));
        assert_eq!(of(&user(&name("odd"), &id("3")), "/here"), None);
        assert_eq!(of("work", "/here"), Some(Owner::WithoutId));
        for other in [".probe-0123456789abcdef", &format!("{two}.unreadable-2026"), "work/short"] {
            assert_eq!(of(other, "/here"), None, "{other}");
        }
        let unknown = item(two, &content.to_adc_json(), "/here", &used).unwrap();
        assert_eq!(unknown.owner, Owner::Unknown);
        assert!(unknown.describe().ends_with("(ada@example.com)"));
    }
}
