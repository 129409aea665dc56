//! The packages that R has, read from its library folders.

use std::path::{Path, PathBuf};

use crate::doctor::facts::environment::Variables;
use crate::system::private_file::{self, Content};

/// A package's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(u32, u32, u32);

impl Version {
    /// MAJOR.MINOR.PATCH.
    pub(crate) const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Version(major, minor, patch)
    }

    /// The version of the package that R would load, if it is where R looks by default.
    pub(crate) fn of(package: &str, variables: &Variables, home: &Path) -> Option<Version> {
        libraries(variables, home).iter().find_map(|library| {
            let description =
                private_file::read(&library.join(package).join("DESCRIPTION"), Content::Foreign);
            let text = description.ok().flatten()?;
            let text = String::from_utf8_lossy(&text).into_owned();
            text.lines().find_map(|line| Version::parse(line.strip_prefix("Version:")?.trim()))
        })
    }

    fn parse(text: &str) -> Option<Version> {
        let mut numbers = text.split(['.', '-']).map(|part| part.parse().ok());
        let major = numbers.next()??;
        Some(Version(major, numbers.next().flatten().unwrap_or(0), numbers.next().flatten().unwrap_or(0)))
    }
}

/// R's `.libPaths()`, without asking R.
fn libraries(variables: &Variables, home: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = ["R_LIBS", "R_LIBS_USER"]
        .iter()
        .filter_map(|name| variables.filled(name))
        .flat_map(|list| std::env::split_paths(list).collect::<Vec<_>>())
        .map(|folder| folder.strip_prefix("~").map(|rest| home.join(rest)).unwrap_or(folder.clone()))
        .collect();
    for architecture in std::fs::read_dir(home.join("R")).into_iter().flatten().flatten() {
        folders
            .extend(std::fs::read_dir(architecture.path()).into_iter().flatten().flatten().map(|e| e.path()));
    }
    let system = [
        "/usr/local/lib/R/site-library",
        "/usr/lib/R/site-library",
        "/usr/lib/R/library",
        "/usr/local/lib/R/library",
    ];
    folders.extend(system.map(PathBuf::from));
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("1.10.0") > Version::new(1, 5, 0) && version("1.5.0.9000") >= Version::new(1, 5, 0));
        assert!(version("1.3.0") < Version::new(1, 5, 0) && version("1.4") < Version::new(1, 5, 0));
        assert_eq!(Version::parse("x"), None);
    }
}
