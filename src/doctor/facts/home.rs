//! The home folder, which each language finds in its own way where `HOME` is not a plain path of a known user.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::doctor::facts::environment::Variables;

/// What the home folder is made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Home {
    /// `HOME`, empty or not.
    variable: Option<OsString>,
    /// The user database's, which Java takes whatever `HOME` is.
    pub(crate) registered: Option<PathBuf>,
}

impl Home {
    /// From the environment, and from what the user database has.
    pub(crate) fn new(environment: &Variables, registered: Option<PathBuf>) -> Home {
        Home { variable: environment.get("HOME").map(OsString::from), registered }
    }

    /// As `os.path.expanduser("~")` of Python finds it: an empty `HOME` is `/`, and `~` stays where nothing names one.
    pub(crate) fn of_python(&self) -> PathBuf {
        let home = self.variable.as_deref().map(Path::new).or(self.registered.as_deref());
        match home {
            Some(home) if home.as_os_str().is_empty() => PathBuf::from("/"),
            Some(home) => home.components().collect(),
            None => PathBuf::from("~"),
        }
    }

    /// As R and its fs package expand `~`: where nothing names it, or `HOME` is empty, it is `/`.
    pub(crate) fn of_r(&self) -> PathBuf {
        let home = self.variable.as_deref().map(Path::new).or(self.registered.as_deref());
        match home {
            Some(home) if !home.as_os_str().is_empty() => home.to_owned(),
            _ => PathBuf::from("/"),
        }
    }

    /// `HOME` alone, if it is not empty: Node.js.
    pub(crate) fn of_node(&self) -> Option<PathBuf> {
        self.variable.as_ref().filter(|home| !home.is_empty()).map(PathBuf::from)
    }

    /// `HOME`, else the database: Go. Empty where there is neither.
    pub(crate) fn of_go(&self) -> PathBuf {
        self.of_node().or_else(|| self.registered.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::env::Environ;

    #[test]
    fn languages_differ_where_home_is_unset_or_empty() {
        let home = |variable: Option<&str>, registered: Option<&str>| {
            let environ = Environ::from_iter(variable.map(|value| ("HOME", value)));
            let home = Home::new(&Variables::from(environ), registered.map(PathBuf::from));
            [home.of_python(), home.of_r(), home.of_node().unwrap_or_default(), home.of_go()]
                .map(|path| path.display().to_string())
        };
        assert_eq!(home(Some("/h/"), Some("/db")), ["/h", "/h/", "/h/", "/h/"]);
        assert_eq!(home(None, Some("/db")), ["/db", "/db", "", "/db"]);
        assert_eq!(home(Some(""), Some("/db")), ["/", "/", "", "/db"]);
        assert_eq!(home(None, None), ["~", "/", "", ""]);
    }
}
