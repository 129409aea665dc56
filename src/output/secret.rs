//! A text that must not be seen: no `Display`, nothing in `Debug`, wiped from memory when dropped.

use std::fmt;

use zeroize::Zeroizing;

/// The content of a file or answer that may hold secrets: wiped when dropped.
pub(crate) type SecretBytes = Zeroizing<Vec<u8>>;

/// A refresh token, access token, client secret, code or verifier.
///
/// [`Secret::expose`] is the one way to the text, and the name to search for to see where secrets
/// go. Copies that libraries make (HTTP and JSON buffers) are beyond its reach.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Secret(Zeroizing::new(text.into()))
    }

    /// The text itself. The caller is responsible for where it goes.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is the same text, in a time that does not depend on how much of it is.
    pub(crate) fn is(&self, other: &Secret) -> bool {
        let (one, other) = (self.0.as_bytes(), other.0.as_bytes());
        one.len() == other.len() && one.iter().zip(other).fold(0, |acc, (a, b)| acc | (a ^ b)) == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(REDACTED)")
    }
}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_text_is_the_same_secret() {
        let secret = Secret::new("abc");
        assert!(secret.is(&Secret::new("abc")));
        for other in ["", "ab", "abd", "xbc", "abcd"] {
            assert!(!secret.is(&Secret::new(other)), "{other}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_the_text() {
        let secret = Secret::new("1//0canary");
        assert!(!format!("{secret:?} {:#?}", Some(&secret)).contains("canary"));
    }
}
