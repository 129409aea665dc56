//! Times and durations, as people and Google write them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A time, in whole seconds. In files: RFC 3339, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(u64);

impl Time {
    /// The current time of this machine's clock.
    pub(crate) fn now() -> Time {
        Time::of(SystemTime::now())
    }

    /// `time` without fractions of a second; times before 1970 become 1970.
    pub(crate) fn of(time: SystemTime) -> Time {
        Time(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
    }

    /// This many seconds later.
    pub(crate) fn plus(self, seconds: u64) -> Time {
        Time(self.0.saturating_add(seconds))
    }

    /// Seconds since `earlier`; 0 if `earlier` is later.
    pub(crate) fn since(self, earlier: Time) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The time of day in this machine's time zone, with the date if it is another day than `now`: for people.
    pub(crate) fn local(self, now: Time) -> String {
        let at = |time: Time| {
            let time = UNIX_EPOCH.checked_add(Duration::from_secs(time.0)).unwrap_or(UNIX_EPOCH);
            chrono::DateTime::<chrono::Local>::from(time)
        };
        let (then, now) = (at(self), at(now));
        let format = if then.date_naive() == now.date_naive() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
        then.format(format).to_string()
    }

    /// An HTTP `Date` header (RFC 9110 section 5.6.7).
    pub(crate) fn from_http_date(text: &str) -> Option<Time> {
        httpdate::parse_http_date(text).ok().map(Time::of)
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // humantime formats up to the year 9999 and fails beyond.
        let time = UNIX_EPOCH + Duration::from_secs(self.0.min(253_402_300_799));
        write!(f, "{}", humantime::format_rfc3339_seconds(time))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time =
            humantime::parse_rfc3339_weak(&text).map_err(|_| serde::de::Error::custom("not a time"))?;
        Ok(Time::of(time))
    }
}

/// A span as people type it (`30m`, `1h 30min`), in seconds.
pub(crate) fn parse_span(text: &str) -> Result<u64, String> {
    humantime::parse_duration(text)
        .map(|span| span.as_secs())
        .map_err(|_| "give a duration such as 30m, 2h or 1h30m".to_owned())
}

/// A duration in one or two units: `3 days 4 h`, `12 min`, `8 s`.
pub(crate) fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let days_text = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (1..=6, 1.., _) => format!("{days_text} {hours} h"),
        _ => days_text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_back_from_its_text() {
        let time = Time(1_790_000_000);
        let json = serde_json::to_string(&time).unwrap();
        assert_eq!(json, "\"2026-09-21T14:13:20Z\"");
        assert_eq!(serde_json::from_str::<Time>(&json).unwrap(), time);
        assert!(serde_json::from_str::<Time>("\"soon\"").is_err());
    }

    #[test]
    fn another_day_has_its_date() {
        let noon = Time(1_790_000_000);
        assert_eq!(noon.local(noon).len(), "14:13:20".len());
        assert_eq!(noon.plus(86_400).local(noon).len(), "2026-09-22 14:13:20".len());
    }

    #[test]
    fn durations_have_one_or_two_units() {
        let texts: Vec<String> = [8, 60, 3_600, 3_660, 86_400, 90_000, 86_400 * 9].map(span).into();
        assert_eq!(texts, ["8 s", "1 min", "1 h", "1 h 1 min", "1 day", "1 day 1 h", "9 days"]);
    }

    #[test]
    fn a_date_header_is_parsed() {
        assert_eq!(Time::from_http_date("Mon, 21 Sep 2026 14:13:20 GMT"), Some(Time(1_790_000_000)));
    }
}
