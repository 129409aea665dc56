//! The packages that R has, read from its library folders.

use std::path::{Path, PathBuf};

use super::expanded;
use super::installation::Installation;
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

    fn parse(text: &str) -> Option<Version> {
        let mut numbers = text.split(['.', '-']).map(|part| part.parse().ok());
        let major = numbers.next()??;
        Some(Version(major, numbers.next().flatten().unwrap_or(0), numbers.next().flatten().unwrap_or(0)))
    }

    fn of(package: &Path) -> Option<Version> {
        let description =
            private_file::read(&package.join("DESCRIPTION"), Content::Foreign).ok().flatten()?;
        let text = String::from_utf8_lossy(&description).into_owned();
        text.lines().find_map(|line| Version::parse(line.strip_prefix("Version:")?.trim()))
    }
}

/// R's `.libPaths()`, without asking R.
pub(super) struct Libraries(Vec<PathBuf>);

impl Libraries {
    pub(super) fn of(installation: &Installation, variables: &Variables, home: &Path) -> Libraries {
        let named = |name: &str| {
            let list = variables.filled(name).map(|list| std::env::split_paths(list).collect::<Vec<_>>());
            list.map(|list| list.into_iter().map(|folder| expanded(&folder, home)).collect::<Vec<_>>())
        };
        // R's own packages have R's version
        let version = installation.library("library").and_then(|library| Version::of(&library.join("base")));
        let of_site = || match installation.is_of_system() {
            true => vec![PathBuf::from("/usr/local/lib/R/site-library")],
            false => Vec::new(),
        };
        let mut folders = named("R_LIBS").unwrap_or_default();
        folders.extend(named("R_LIBS_USER").unwrap_or_else(|| of_user(home, version)));
        folders.extend(named("R_LIBS_SITE").unwrap_or_else(of_site));
        folders.extend(["site-library", "library"].iter().filter_map(|name| installation.library(name)));
        Libraries(folders)
    }

    /// The version of the package that R would load.
    pub(super) fn version(&self, package: &str) -> Option<Version> {
        self.0.iter().find_map(|library| Version::of(&library.join(package)))
    }
}

/// `~/R/PLATFORM-library/MAJOR.MINOR`, and on macOS `~/Library/R/ARCHITECTURE/MAJOR.MINOR/library`.
fn of_user(home: &Path, version: Option<Version>) -> Vec<PathBuf> {
    let Some(Version(major, minor, _)) = version else { return Vec::new() };
    let below = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let name = format!("{major}.{minor}");
    let plain = below(home.join("R")).map(|platform| platform.path().join(&name));
    let mac =
        below(home.join("Library/R")).map(|architecture| architecture.path().join(&name).join("library"));
    plain.chain(mac).collect()
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
