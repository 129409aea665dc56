//! Environment variables. bqcred's own are read here only, and never changed.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroize;

/// The environment of this or another process. It may hold secrets: the values are wiped when it is dropped, and
/// `Debug` shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Environ(BTreeMap<OsString, OsString>);

impl Environ {
    /// The value of a variable that is set, empty or not.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The value of a variable that is set and not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The names of all variables, sorted.
    pub(crate) fn names(&self) -> impl Iterator<Item = &OsStr> {
        self.0.keys().map(OsString::as_os_str)
    }

    /// Sets a variable, in this copy alone.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        wipe(self.0.insert(OsString::from(name), value.into()));
    }

    /// Removes a variable, in this copy alone.
    pub(crate) fn remove(&mut self, name: &str) {
        wipe(self.0.remove(OsStr::new(name)));
    }

    /// The first executable program of this name on its `PATH`. Relative folders are skipped: the result must not
    /// depend on the current folder.
    pub(crate) fn find_program(&self, name: impl AsRef<Path>) -> Option<PathBuf> {
        first_program(self.filled("PATH")?, name.as_ref())
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environ {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut environ = Environ::default();
        for (name, value) in pairs {
            // of several with the same name, getenv(3) returns the first
            environ.0.entry(name.into()).or_insert_with(|| value.into());
        }
        environ
    }
}

impl fmt::Debug for Environ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Environ").field(&self.0.keys()).finish()
    }
}

impl Drop for Environ {
    fn drop(&mut self) {
        wipe(std::mem::take(&mut self.0).into_values());
    }
}

fn wipe(values: impl IntoIterator<Item = OsString>) {
    values.into_iter().for_each(|value| value.into_encoded_bytes().zeroize());
}

/// The value of a variable of this process, empty or not.
#[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
pub(crate) fn get(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The environment of this process.
#[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
pub(crate) fn all() -> Environ {
    std::env::vars_os().collect()
}

/// The value of a variable of this process that is set, not empty, and valid UTF-8.
pub(crate) fn text(name: &str) -> Option<String> {
    get(name)?.into_string().ok().filter(|value| !value.is_empty())
}

/// The first executable program of this name on this process's `PATH` ([`Environ::find_program`]).
pub(crate) fn find_program(name: impl AsRef<Path>) -> Option<PathBuf> {
    first_program(&get("PATH")?, name.as_ref())
}

fn first_program(path: &OsStr, name: &Path) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|candidate| is_executable(candidate))
}

/// Whether this is a regular file with an execute bit; links are followed.
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_first_of_two_variables_with_the_same_name_is_used() {
        let environ: Environ = [("A", "1"), ("A", "2"), ("B", "")].into_iter().collect();
        assert_eq!((environ.get("A"), environ.get("B")), (Some("1".as_ref()), Some("".as_ref())));
        assert_eq!((environ.filled("B"), environ.get("C")), (None, None));
    }

    #[test]
    fn debug_shows_no_value() {
        let environ: Environ = [("TOKEN", "secret")].into_iter().collect();
        assert_eq!(format!("{environ:?}"), r#"Environ(["TOKEN"])"#);
    }

    #[test]
    fn only_executable_files_in_absolute_folders_are_found() {
        let root = tempfile::tempdir().unwrap();
        let [folder, text, program] = ["folder", "text", "program"].map(|name| root.path().join(name));
        for place in [&folder, &text, &program] {
            fs::create_dir(place).unwrap();
        }
        fs::create_dir(folder.join("tool")).unwrap();
        for (place, mode) in [(&text, 0o644), (&program, 0o755)] {
            let file = tempfile::NamedTempFile::new_in(place).unwrap();
            file.as_file().set_permissions(Permissions::from_mode(mode)).unwrap();
            file.persist(place.join("tool")).unwrap();
        }
        let path = std::env::join_paths([Path::new("."), &folder, &text, &program]).unwrap();
        let environ: Environ = [("PATH", path)].into_iter().collect();
        assert_eq!(environ.find_program("tool"), Some(program.join("tool")));
        assert_eq!(environ.find_program("other"), None);
        assert_eq!(Environ::default().find_program("tool"), None);
    }
}
