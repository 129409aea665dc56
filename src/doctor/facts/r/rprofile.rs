//! `.Rprofile` files: R code that runs when R starts. It isn't run here: plain settings in it are understood, and
//! what else names a variable that matters is mentioned.

use std::path::{Path, PathBuf};

use super::expanded;
use super::installation::Installation;
use crate::doctor::facts::environment::Variables;
use crate::system::private_file::{self, Content};

/// What such code would name to change the credential that R finds.
const NAMES: [&str; 10] = [
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_CLOUD_QUOTA_PROJECT",
    "BQCRED_PROFILE",
    "CLOUDSDK_CONFIG",
    "GCE_METADATA_URL",
    "NO_GCE_CHECK",
    "gargle_oauth_email",
    "cred_funs_",
    "bq_auth",
];

/// A file that R runs, and what it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    /// The file.
    pub(crate) path: PathBuf,
    /// Which of [`NAMES`] it names.
    pub(crate) names: Vec<&'static str>,
    /// The plain settings, in order; `None` for a variable that is removed.
    pub(crate) settings: Vec<(String, Option<String>)>,
    /// Whether the settings are all that it does with these names.
    pub(crate) is_understood: bool,
}

/// The files that R runs, in its order: the site's, then the first of the user's.
pub(super) fn files(
    variables: &Variables,
    installation: &Installation,
    home: &Path,
    folder: &Path,
) -> Vec<PathBuf> {
    let named =
        |name: &str| variables.get(name).map(|value| (!value.is_empty()).then(|| PathBuf::from(value)));
    let site = named("R_PROFILE").unwrap_or_else(|| installation.site_file("Rprofile.site"));
    let user = named("R_PROFILE_USER").unwrap_or_else(|| {
        let here = folder.join(".Rprofile");
        Some(if here.exists() { here } else { home.join(".Rprofile") })
    });
    [site, user].into_iter().flatten().map(|path| folder.join(expanded(&path, home))).collect()
}

impl Profile {
    /// Reads a file; `None` if it names nothing that matters here.
    pub(super) fn read(path: &Path) -> Option<Profile> {
        let bytes = private_file::read(path, Content::Foreign).ok().flatten()?;
        Profile::of(path, &String::from_utf8_lossy(&bytes))
    }

    fn of(path: &Path, text: &str) -> Option<Profile> {
        let code: Vec<&str> = text.lines().map(without_comment).collect();
        let names: Vec<&str> =
            NAMES.into_iter().filter(|name| code.iter().any(|line| line.contains(name))).collect();
        if names.is_empty() {
            return None;
        }
        let mut profile = Profile { path: path.to_owned(), names, settings: Vec::new(), is_understood: true };
        let mut depth = 0_i64;
        for line in code {
            match statement(line).filter(|_| depth == 0) {
                Some(settings) => profile.settings.extend(settings),
                None => profile.is_understood &= !NAMES.iter().any(|name| line.contains(name)),
            }
            depth += opened(line);
        }
        Some(profile)
    }
}

/// The settings in a line that is `Sys.setenv(NAME = "value", …)` or `Sys.unsetenv("NAME")` and nothing else.
fn statement(line: &str) -> Option<Vec<(String, Option<String>)>> {
    let line = line.trim_end().trim_end_matches(';');
    if let Some(inside) = argument(line, "Sys.setenv(") {
        return inside.split(',').map(assignment).collect();
    }
    let inside = argument(line, "Sys.unsetenv(")?;
    let names = argument(inside, "c(").unwrap_or(inside);
    names.split(',').map(|name| Some((literal(name.trim())?.to_owned(), None))).collect()
}

fn argument<'a>(text: &'a str, function: &str) -> Option<&'a str> {
    text.strip_prefix(function)?.strip_suffix(')')
}

fn assignment(text: &str) -> Option<(String, Option<String>)> {
    let (name, value) = text.split_once('=')?;
    let name = name.trim();
    let name = literal(name).unwrap_or(name).trim_matches('`');
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then_some((name.to_owned(), Some(literal(value.trim())?.to_owned())))
}

/// The content of a string without escapes.
fn literal(text: &str) -> Option<&str> {
    let inside = ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))?;
    (!inside.contains(['"', '\'', '\\'])).then_some(inside)
}

/// A line up to the `#` that begins a comment.
fn without_comment(line: &str) -> &str {
    let mut open = None;
    for (at, c) in line.char_indices() {
        match (c, open) {
            ('#', None) => return line.get(..at).unwrap_or(line),
            ('"' | '\'' | '`', None) => open = Some(c),
            (_, Some(quote)) if c == quote => open = None,
            _ => {}
        }
    }
    line
}

/// How many more brackets a line opens than it closes.
fn opened(line: &str) -> i64 {
    let count = |brackets: [char; 3]| line.matches(brackets).count();
    let difference = i64::try_from(count(['(', '{', '['])).unwrap_or(0);
    difference - i64::try_from(count([')', '}', ']'])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(text: &str) -> Option<Profile> {
        Profile::of(Path::new("/h/.Rprofile"), text)
    }

    #[test]
    fn plain_settings_are_understood() {
        let text = "options(digits = 3) # GOOGLE_CLOUD_PROJECT\n\
            Sys.setenv(GOOGLE_APPLICATION_CREDENTIALS = \"/x/y.json\", 'GCE_METADATA_URL' = 'a:1')\n\
            Sys.unsetenv(c(\"NO_GCE_CHECK\", \"CLOUDSDK_CONFIG\"))\n";
        let profile = profile(text).unwrap();
        assert!(profile.is_understood);
        assert_eq!(
            profile.names,
            ["GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG", "GCE_METADATA_URL", "NO_GCE_CHECK"]
        );
        let settings: Vec<(&str, Option<&str>)> =
            profile.settings.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        assert_eq!(
            settings,
            [
                ("GOOGLE_APPLICATION_CREDENTIALS", Some("/x/y.json")),
                ("GCE_METADATA_URL", Some("a:1")),
                ("NO_GCE_CHECK", None),
                ("CLOUDSDK_CONFIG", None)
            ]
        );
    }

    #[test]
    fn code_that_is_more_than_a_setting_is_mentioned_only() {
        for text in [
            "Sys.setenv(GOOGLE_APPLICATION_CREDENTIALS = path.expand(\"~/adc.json\"))",
            "if (interactive()) {\nSys.unsetenv(\"GOOGLE_APPLICATION_CREDENTIALS\")\n}",
            "  if (x) Sys.setenv(GCE_METADATA_URL = \"a\")",
            "gargle::cred_funs_set(list())",
        ] {
            let profile = profile(text).unwrap();
            assert!(!profile.is_understood && profile.settings.is_empty(), "{text}");
        }
    }

    #[test]
    fn files_that_name_nothing_of_ours_do_not_matter() {
        for text in [
            "",
            "options(repos = \"x\")",
            "# GOOGLE_APPLICATION_CREDENTIALS\nx <- '#'",
            "Sys.setenv(A = \"b\")",
        ] {
            assert_eq!(profile(text), None, "{text}");
        }
    }
}
