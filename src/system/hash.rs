//! SHA-256 in hexadecimal, and random digits for names.

use std::hash::{BuildHasher, Hasher, RandomState};

use sha2::{Digest, Sha256};

/// The SHA-256 hash: 64 hexadecimal digits.
pub(crate) fn sha256(content: &[u8]) -> String {
    let nibbles = Sha256::digest(content).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect()
}

/// The first half of [`sha256`]: identifies a content, and doesn't reveal a secret one.
pub(crate) fn fingerprint(content: &[u8]) -> String {
    let mut digits = sha256(content);
    digits.truncate(32);
    digits
}

/// 16 random hexadecimal digits for a unique name; not for secrets.
pub(crate) fn unique_digits() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_sha_256_in_hexadecimal() {
        // FIPS 180-4, the example "abc"
        let whole = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), whole);
        assert_eq!(fingerprint(b"abc"), whole.get(..32).unwrap());
    }

    #[test]
    fn unique_digits_differ() {
        let [one, other] = [unique_digits(), unique_digits()];
        assert!(one != other && one.len() == 16, "{one} {other}");
    }
}
