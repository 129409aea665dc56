//! The name of a profile, which is also the name of its folder.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::output::error::{Error, Result};

/// A profile's name: `[a-z0-9][a-z0-9._-]{0,63}`. Safe as a file name on every system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct ProfileName(String);

impl ProfileName {
    /// Checks the name.
    pub(crate) fn parse(text: &str) -> Result<ProfileName> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let good = text.len() <= 64
            && text.starts_with(plain)
            && text.chars().all(|c| plain(c) || matches!(c, '.' | '_' | '-'));
        if good {
            return Ok(ProfileName(text.to_owned()));
        }
        if text.contains("://") {
            // it may be the address that a sign-in ended at, which holds a code
            return Err(Error::usage("an address was given where a profile's name belongs"));
        }
        // a whole file may have been given by mistake
        let start: String = text.chars().take(80).collect();
        let more = if start.len() < text.len() { "…" } else { "" };
        Err(Error::usage(format!("{start:?}{more} can't be the name of a profile")).hint(
            "a name has up to 64 of the characters a-z 0-9 . _ - and begins with a letter or digit: `work`",
        ))
    }

    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ProfileName {
    fn default() -> Self {
        ProfileName("default".to_owned())
    }
}

impl From<ProfileName> for String {
    fn from(name: ProfileName) -> String {
        name.0
    }
}

impl TryFrom<String> for ProfileName {
    type Error = Error;

    fn try_from(text: String) -> Result<ProfileName> {
        ProfileName::parse(&text)
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_accepted() {
        for good in ["default", "a", "0", "work-eu_1.x", &"a".repeat(64)] {
            assert!(ProfileName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", ".a", "A", "a/b", "..", "a b", "é", "a\n", "$(x)", &"a".repeat(65)] {
            assert!(ProfileName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_long_text_is_cut_in_the_message() {
        let message = |name: &str| ProfileName::parse(name).unwrap_err().what().to_owned();
        assert!(message("a b").starts_with("\"a b\" can't"), "{}", message("a b"));
        let long = message(&"A".repeat(5_000));
        assert!(long.contains("A\"… can't") && long.len() < 200, "{long}");
    }
}
