//! Values of options, each with a message that says what the value has to be.

use std::ops::RangeInclusive;

use crate::handover::format::Dialect;

/// A TCP port.
pub(super) fn port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(port @ 1..) => Ok(port),
        _ => Err("a port is a number from 1 to 65535".to_owned()),
    }
}

/// How long to wait for a person, in seconds: at most a day.
pub(super) fn timeout(text: &str) -> Result<u64, String> {
    seconds(text, 1..=86_400)
}

/// How much of its lifetime an access token must have left, in seconds.
pub(super) fn min_ttl(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "give a number of seconds, such as 300".to_owned())
}

/// A shell, by the name of its program.
pub(super) fn shell(name: &str) -> Result<Dialect, String> {
    Dialect::from_shell_name(name).ok_or_else(|| {
        let known: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.name()).collect();
        format!("known shells are {} and those like them", known.join(", "))
    })
}

fn seconds(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|seconds| range.contains(seconds))
        .ok_or_else(|| format!("give a number of seconds from {} to {}", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_are_refused() {
        assert_eq!((port("1"), port("65535")), (Ok(1), Ok(65_535)));
        for bad in ["0", "65536", "-1", "x", "", "8085x"] {
            assert!(port(bad).unwrap_err().contains("1 to 65535"), "{bad}");
        }
        assert_eq!((timeout("1"), timeout("86400")), (Ok(1), Ok(86_400)));
        for bad in ["0", "86401", "soon", ""] {
            assert!(timeout(bad).unwrap_err().contains("1 to 86400"), "{bad}");
        }
        assert_eq!(min_ttl("0"), Ok(0));
        assert!(min_ttl("1h").is_err());
    }
}
