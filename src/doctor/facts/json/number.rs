//! Numbers, which are checked and not kept.

use super::{JsonParser, JsonProblem};

/// `sys.int_info.default_max_str_digits` of CPython.
const PYTHON_DIGITS: usize = 4300;

/// Goes over the number that begins at `at`: `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`
pub(super) fn read(bytes: &[u8], at: &mut usize, parser: JsonParser) -> Result<(), JsonProblem> {
    take(bytes, at, b"-");
    let whole = if take(bytes, at, b"0") { 1 } else { digits(bytes, at) };
    let has_fraction = take(bytes, at, b".");
    let has_good_fraction = !has_fraction || digits(bytes, at) > 0;
    let has_exponent = has_good_fraction && take(bytes, at, b"eE");
    if has_exponent {
        take(bytes, at, b"+-");
    }
    let has_good_exponent = !has_exponent || digits(bytes, at) > 0;
    let is_whole = !has_fraction && !has_exponent;
    let is_too_long = parser == JsonParser::Python && is_whole && whole > PYTHON_DIGITS;
    match whole > 0 && has_good_fraction && has_good_exponent && !is_too_long {
        true => Ok(()),
        false => Err(JsonProblem::Invalid),
    }
}

/// Goes over one of these bytes, if it comes next.
fn take(bytes: &[u8], at: &mut usize, wanted: &[u8]) -> bool {
    let is_there = bytes.get(*at).is_some_and(|byte| wanted.contains(byte));
    *at += usize::from(is_there);
    is_there
}

fn digits(bytes: &[u8], at: &mut usize) -> usize {
    let rest = bytes.get(*at..).unwrap_or_default();
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    *at += count;
    count
}
