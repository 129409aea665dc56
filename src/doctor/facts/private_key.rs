//! The private key of a service account, as the libraries would load it. Nothing is signed, and nothing of it is kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::RsaKeyPair;

use crate::output::secret::SecretBytes;

/// What a text is to a library that wants a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrivateKey {
    /// An RSA key.
    Rsa,
    /// A key of another kind, or an encrypted one: it is loaded, or asks for a password, and then signing fails.
    Other,
    /// No key.
    Invalid,
}

/// Whose PEM reader reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PemReader {
    /// Python's cryptography: the lines may be joined, and the label has to be that of the content.
    Cryptography,
    /// OpenSSL, by R's openssl and by Node.js: a line for each boundary.
    OpenSsl,
}

impl PrivateKey {
    /// Reads the text of `private_key`.
    pub(crate) fn read(text: &str, reader: PemReader) -> PrivateKey {
        let Some((label, body)) = (match reader {
            PemReader::Cryptography => anywhere(text),
            PemReader::OpenSsl => on_lines(text),
        }) else {
            return PrivateKey::Invalid;
        };
        let Ok(der) = STANDARD.decode(body.as_slice()).map(SecretBytes::new) else {
            return PrivateKey::Invalid;
        };
        match (label, reader) {
            ("PRIVATE KEY", PemReader::Cryptography) => pkcs8(&der),
            ("RSA PRIVATE KEY", PemReader::Cryptography) => pkcs1(&der),
            // whatever the label, and whatever follows the key
            ("PRIVATE KEY" | "RSA PRIVATE KEY", PemReader::OpenSsl) => {
                let length = value(&der).map_or(der.len(), |(_, _, after)| der.len() - after.len());
                let der = der.get(..length).unwrap_or(&der);
                match pkcs8(der) {
                    PrivateKey::Invalid if label == "RSA PRIVATE KEY" => pkcs1(der),
                    key => key,
                }
            }
            ("EC PRIVATE KEY" | "DSA PRIVATE KEY" | "ENCRYPTED PRIVATE KEY", _) if !der.is_empty() => {
                PrivateKey::Other
            }
            _ => PrivateKey::Invalid,
        }
    }
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// The label and the base64 text of the first PEM block, wherever it begins.
fn anywhere(text: &str) -> Option<(&str, SecretBytes)> {
    let (_, rest) = text.split_once(BEGIN)?;
    let (label, rest) = rest.split_once(DASHES)?;
    let (body, _) = rest.split_once(&format!("-----END {label}{DASHES}"))?;
    Some((label, without_blanks(body)))
}

/// The same, where both boundaries have to be lines.
fn on_lines(text: &str) -> Option<(&str, SecretBytes)> {
    // without a line break the text is taken for the path of a file
    text.contains('\n').then_some(())?;
    let mut lines = text.lines().map(str::trim_end);
    let label = lines.find_map(|line| line.strip_prefix(BEGIN)?.strip_suffix(DASHES))?;
    let end = format!("-----END {label}{DASHES}");
    let mut body = SecretBytes::new(Vec::with_capacity(text.len()));
    for line in lines {
        if line == end {
            return Some((label, body));
        }
        body.extend(line.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    }
    None
}

fn without_blanks(text: &str) -> SecretBytes {
    let mut bytes = SecretBytes::new(Vec::with_capacity(text.len()));
    bytes.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    bytes
}

/// The tag and the content of the first DER value, and what follows it.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut length = usize::from(*first);
    if length >= 0x80 {
        let (bytes, after) = rest.split_at_checked(length & 0x7f).filter(|(bytes, _)| bytes.len() <= 4)?;
        length = bytes.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
        rest = after;
    }
    let (content, after) = rest.split_at_checked(length)?;
    Some((*tag, content, after))
}

/// The values in a DER sequence that is all there is.
fn sequence(der: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let (SEQUENCE, mut rest, []) = value(der)? else { return None };
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (tag, content, after) = value(rest)?;
        found.push((tag, content));
        rest = after;
    }
    Some(found)
}

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
/// rsaEncryption, 1.2.840.113549.1.1.1, as a DER value.
const RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";

/// RFC 5208: a version, an algorithm, the key.
fn pkcs8(der: &[u8]) -> PrivateKey {
    match sequence(der).as_deref() {
        Some([(INTEGER, _), (SEQUENCE, algorithm), (OCTETS, key), ..]) => {
            if algorithm.starts_with(RSA) {
                pkcs1(key)
            } else {
                PrivateKey::Other
            }
        }
        _ => PrivateKey::Invalid,
    }
}

/// RFC 8017, A.1.2: a version, the modulus and seven more numbers, which belong together.
fn pkcs1(der: &[u8]) -> PrivateKey {
    let Some(numbers) = sequence(der) else { return PrivateKey::Invalid };
    let [_, (_, modulus), ..] = numbers.as_slice() else { return PrivateKey::Invalid };
    let are_numbers = numbers.len() == 9 && numbers.iter().all(|(tag, _)| *tag == INTEGER);
    // ring takes keys of 2048 to 4096 bits only, which the libraries do not ask for
    let is_for_ring = (256..=513).contains(&modulus.len());
    match are_numbers && (!is_for_ring || RsaKeyPair::from_der(der).is_ok()) {
        true => PrivateKey::Rsa,
        false => PrivateKey::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(label: &str, der: &[u8], line: &str) -> String {
        format!("-----BEGIN {label}-----{line}{}{line}-----END {label}-----{line}", STANDARD.encode(der))
    }

    /// A DER value.
    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        [&[tag, 0x81, length], content].concat()
    }

    fn rsa() -> Vec<u8> {
        der(SEQUENCE, &der(INTEGER, &[1]).repeat(9))
    }

    fn wrapped(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
        let parts = [der(INTEGER, &[0]), der(SEQUENCE, algorithm), der(OCTETS, key)];
        der(SEQUENCE, &parts.concat())
    }

    fn both(text: &str) -> [PrivateKey; 2] {
        [PemReader::Cryptography, PemReader::OpenSsl].map(|reader| PrivateKey::read(text, reader))
    }

    #[test]
    fn keys_are_told_from_what_is_none() {
        use PrivateKey::{Invalid, Other, Rsa};
        let pkcs8 = wrapped(RSA, &rsa());
        for (text, expected) in [
            (pem("PRIVATE KEY", &pkcs8, "\n"), [Rsa, Rsa]),
            (pem("PRIVATE KEY", &pkcs8, "\r\n"), [Rsa, Rsa]),
            (pem("RSA PRIVATE KEY", &rsa(), "\n"), [Rsa, Rsa]),
            (pem("PRIVATE KEY", &wrapped(b"\x06\x01\x2a", b"x"), "\n"), [Other, Other]),
            (pem("EC PRIVATE KEY", b"x", "\n"), [Other, Other]),
            (pem("RSA PRIVATE KEY", &pkcs8, "\n"), [Invalid, Rsa]),
            (pem("PRIVATE KEY", &rsa(), "\n"), [Invalid, Invalid]),
            (pem("PRIVATE KEY", &[&pkcs8[..], b"x"].concat(), "\n"), [Invalid, Rsa]),
            (pem("PRIVATE KEY", &pkcs8, " "), [Rsa, Invalid]),
            (pem("PRIVATE KEY", &pkcs8, "\\n"), [Invalid, Invalid]),
            (format!(" {}", pem("PRIVATE KEY", &pkcs8, "\n")), [Rsa, Invalid]),
            (pem("PRIVATE KEY", &pkcs8[..pkcs8.len() - 1], "\n"), [Invalid, Invalid]),
            (pem("PUBLIC KEY", &pkcs8, "\n"), [Invalid, Invalid]),
            (pem("PRIVATE KEY", b"", "\n"), [Invalid, Invalid]),
            ("no key".to_owned(), [Invalid, Invalid]),
            (String::new(), [Invalid, Invalid]),
        ] {
            assert_eq!(both(&text), expected, "{text}");
        }
    }
}
