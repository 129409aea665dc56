//! Strings, where the parsers differ most: in the bytes that they take for UTF-8, and in control characters.

use super::{JsonParser, JsonProblem};

/// The string that begins at the quote at `at`, and whether it holds half of a surrogate pair, which has become U+FFFD.
pub(super) fn read(bytes: &[u8], at: &mut usize, parser: JsonParser) -> Result<(String, bool), JsonProblem> {
    let mut text = Vec::new();
    let mut is_lone = false;
    *at += 1;
    loop {
        let byte = *bytes.get(*at).ok_or(JsonProblem::Invalid)?;
        match byte {
            b'"' => {
                *at += 1;
                let text = String::from_utf8_lossy(&text).into_owned();
                return Ok((text, is_lone));
            }
            b'\\' => {
                let c = escape(bytes, at)?;
                is_lone |= c.is_none();
                let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
                text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            0..=0x1f if parser != JsonParser::Java => return Err(JsonProblem::Invalid),
            0x80.. if parser == JsonParser::R => {
                let length = length_to_yajl(bytes.get(*at..).unwrap_or_default())?;
                text.extend_from_slice(bytes.get(*at..*at + length).unwrap_or_default());
                *at += length;
            }
            _ => {
                text.push(byte);
                *at += 1;
            }
        }
    }
}

/// How yajl checks UTF-8: it counts bytes, and lets overlong forms and surrogates pass (`yajl_lex_utf8_char`).
fn length_to_yajl(bytes: &[u8]) -> Result<usize, JsonProblem> {
    let length = match bytes.first() {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf7) => 4,
        _ => return Err(JsonProblem::Invalid),
    };
    let continues = |byte: &u8| byte & 0xc0 == 0x80;
    match bytes.get(1..length) {
        Some(rest) if rest.iter().all(continues) => Ok(length),
        _ => Err(JsonProblem::Invalid),
    }
}

/// The character of the escape that begins at `at`; `None` for half of a surrogate pair.
fn escape(bytes: &[u8], at: &mut usize) -> Result<Option<char>, JsonProblem> {
    let simple = match bytes.get(*at + 1) {
        Some(c @ (b'"' | b'\\' | b'/')) => char::from(*c),
        Some(b'b') => '\x08',
        Some(b'f') => '\x0c',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(bytes, at),
        _ => return Err(JsonProblem::Invalid),
    };
    *at += 2;
    Ok(Some(simple))
}

/// `\uXXXX`, and the second half of a surrogate pair if it follows.
fn unicode(bytes: &[u8], at: &mut usize) -> Result<Option<char>, JsonProblem> {
    let first = code(bytes, *at).ok_or(JsonProblem::Invalid)?;
    *at += 6;
    if (0xd800..0xdc00).contains(&first)
        && let Some(second) = code(bytes, *at).filter(|code| (0xdc00..0xe000).contains(code))
    {
        *at += 6;
        return Ok(char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)));
    }
    Ok(char::from_u32(first))
}

/// The number in `\uXXXX` at this place.
fn code(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok()?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}
