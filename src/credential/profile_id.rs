//! The id of a profile, which names its keyring item and its session files.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::system::hash;

/// In hexadecimal digits.
const LENGTH: usize = 16;

/// Identifies a profile among all that this user ever had, in every data folder: random, made when the profile is
/// first saved, and unchanged until it is removed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct ProfileId(String);

impl ProfileId {
    /// A new one.
    pub(crate) fn random() -> ProfileId {
        ProfileId(hash::unique_digits())
    }

    /// Reads 16 lower-case hexadecimal digits; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<ProfileId> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
        (text.len() == LENGTH && text.bytes().all(is_digit)).then(|| ProfileId(text.to_owned()))
    }
}

impl fmt::Display for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<ProfileId> for String {
    fn from(id: ProfileId) -> String {
        id.0
    }
}

impl TryFrom<String> for ProfileId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<ProfileId, &'static str> {
        ProfileId::parse(&text).ok_or("not the id of a profile")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_sixteen_lower_case_hexadecimal_digits() {
        let [one, other] = [ProfileId::random(), ProfileId::random()];
        assert_ne!(one, other);
        assert_eq!(ProfileId::parse(&one.to_string()), Some(one));
        for bad in ["", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "0123456789abcde/"] {
            assert_eq!(ProfileId::parse(bad), None, "{bad}");
            assert!(serde_json::from_value::<ProfileId>(bad.into()).is_err());
        }
    }
}
