//! Which profiles there are.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Profile;
use crate::credential::paths::Paths;
use crate::credential::profile_id::ProfileId;
use crate::credential::profile_name::ProfileName;
use crate::credential::waiting;
use crate::output::error::{Error, Kind, Result};

/// The folders of all profiles, and those of sign-ins that were not completed.
pub(crate) fn folders(paths: &Paths) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(&paths.data).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path()).collect()
}

/// The names of all profiles, sorted.
pub(crate) fn names(paths: &Paths) -> Result<Vec<ProfileName>> {
    let entries = match std::fs::read_dir(&paths.data) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::file(&paths.data, "list", &error)),
    };
    let mut names: Vec<ProfileName> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| ProfileName::parse(entry.file_name().to_str()?).ok())
        // what can't be looked at may be one
        .filter(|name| {
            [paths.profile_settings(name), paths.adc(name)]
                .iter()
                .any(|file| file.try_exists().unwrap_or(true))
                || Profile::first_sign_in(paths, name).is_some()
        })
        .collect();
    names.sort();
    Ok(names)
}

/// The ids of all profiles, those of interrupted sign-ins included.
pub(crate) fn ids(paths: &Paths) -> BTreeSet<ProfileId> {
    let names = names(paths).unwrap_or_default();
    let of = |name: &ProfileName| {
        let known = Profile::load(paths, name).ok().flatten();
        known
            .into_iter()
            .chain(Profile::load_ahead(paths, name))
            .filter_map(|profile| profile.id)
            .collect::<Vec<_>>()
    };
    names.iter().flat_map(of).collect()
}

/// "No such profile", with the nearest name that exists, or the command that makes one or completes its sign-in.
pub(crate) fn missing(paths: &Paths, name: &ProfileName) -> Error {
    let names = names(paths).unwrap_or_default();
    let error = Error::new(Kind::Missing, format!("there is no profile named {name}"));
    let nearest = names
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known.as_str(), name.as_str()), known))
        .min()
        .filter(|(distance, known)| *distance <= (known.as_str().len().max(name.as_str().len()) / 2).max(1));
    if let Some(waiting) = waiting::find(paths, name) {
        let command = waiting.started_by().command();
        let what = format!("the sign-in of profile {name} is not completed");
        return Error::new(Kind::Missing, what)
            .hint(format!("`bqcred {command} --profile {name} --finish -`"));
    }
    match nearest {
        Some((_, known)) => error.hint(format!("did you mean {known}? `bqcred list` shows all profiles")),
        None if names.is_empty() && *name == ProfileName::default() => {
            Error::new(Kind::Missing, "not signed in").hint("`bqcred login`")
        }
        None => {
            error.hint(format!("`bqcred login --profile {name}` makes it; `bqcred list` shows the others"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::tests::{named, paths};
    use super::*;
    use crate::system::private_file::Lock;

    #[test]
    fn a_folder_that_cant_be_listed_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let paths = Paths { data: file.path().to_owned(), ..paths(Path::new("/nonexistent")) };
        assert!(names(&paths).unwrap_err().what().contains("can't list"));
    }

    #[test]
    fn saved_profiles_are_listed_and_a_near_name_is_suggested() {
        let root = tempfile::tempdir().unwrap();
        let paths = paths(root.path());
        assert!(names(&paths).unwrap().is_empty());
        let lock = Lock::acquire(&paths.profile_lock(&named("work"))).unwrap();
        assert!(names(&paths).unwrap().is_empty());
        assert_eq!(missing(&paths, &ProfileName::default()).what(), "not signed in");
        for name in ["work", "home"] {
            let mut profile = Profile { project: Some(name.to_owned()), ..Profile::default() };
            profile.save(&lock, &paths, &named(name)).map(drop).unwrap();
        }
        std::fs::create_dir(paths.data.join("no-profile")).unwrap();
        assert_eq!(names(&paths).unwrap(), ["home", "work"].map(named));
        for load in [Profile::load, Profile::load_to_replace] {
            let known = load(&paths, &named("work")).unwrap().unwrap();
            assert_eq!(known.project.as_deref(), Some("work"));
            assert!(load(&paths, &named("none")).unwrap().is_none());
        }
        let hint = |name: &str| missing(&paths, &named(name)).hint_text().unwrap().to_owned();
        for near in ["wrk", "wokr", "w0rk1"] {
            assert!(hint(near).contains("did you mean work?"), "{near}: {}", hint(near));
        }
        for far in ["x", "quite-another", "default"] {
            assert!(hint(far).contains(&format!("--profile {far}")), "{far}: {}", hint(far));
        }
    }
}
