//! What will end a credential, and when: from what Google said, its documented rules, and how earlier
//! credentials ended.
//!
//! The rules are those of <https://developers.google.com/identity/protocols/oauth2#expiration>. How long
//! an organisation lets a sign-in last (1 to 24 hours, <https://support.google.com/a/answer/9368756>) is
//! said nowhere: it is learned from credentials that ended.

use serde::Serialize;

use crate::credential::client;
use crate::credential::profile::{Death, Profile};
use crate::system::clock::{Time, span};

/// The most refresh tokens of one account and client; one more, and the oldest ends without a word.
pub(crate) const TOKEN_LIMIT: u32 = 100;
/// Google ends a refresh token that nobody used for six months.
const IDLE_LIMIT: u64 = 180 * DAY;
/// Refresh tokens of a client in Testing live this long.
const TESTING_LIFE: u64 = 7 * DAY;
/// Deaths that are remembered.
const MEMORY: usize = 8;
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// Why a credential will end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Why {
    /// Google granted it for a time.
    TimeLimited,
    /// Its client is in Testing.
    ClientInTesting,
    /// The organisation limits how long a sign-in lasts.
    OrganisationSignIn,
    /// Nobody uses it.
    Unused,
}

/// One thing that will end a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct End {
    /// What it is.
    pub(crate) why: Why,
    /// Not before this.
    pub(crate) from: Time,
    /// At the latest then; `None` if that can't be known.
    pub(crate) by: Option<Time>,
}

/// What is foretold of a profile's credential, the soonest first. It may end sooner: people and
/// administrators revoke.
pub(crate) fn of(profile: &Profile) -> Vec<End> {
    let mut ends: Vec<End> = [granted(profile), testing(profile), organisation(profile), unused(profile)]
        .into_iter()
        .flatten()
        .collect();
    ends.sort_by_key(|end| end.from);
    ends
}

/// Until when nothing that is known ends it; `None` if nothing is known at all, or it has ended.
pub(crate) fn good_until(profile: &Profile) -> Option<Time> {
    of(profile).first().map(|end| end.from).filter(|_| profile.ended.is_none())
}

fn granted(profile: &Profile) -> Option<End> {
    let end = profile.refresh_token_expires?;
    let life = profile.signed_in.map(|signed_in| end.since(signed_in));
    let why = if life.is_some_and(is_testing_life) { Why::ClientInTesting } else { Why::TimeLimited };
    Some(End { why, from: end, by: Some(end) })
}

/// Google counts from the consent, and answers to the second; clocks differ by minutes.
fn is_testing_life(seconds: u64) -> bool {
    seconds.abs_diff(TESTING_LIFE) <= HOUR
}

fn testing(profile: &Profile) -> Option<End> {
    let signed_in = profile.signed_in.filter(|_| profile.refresh_token_expires.is_none())?;
    let end = signed_in.plus(TESTING_LIFE);
    let project = client::project_number(profile.client_id.as_deref()?)?;
    let outlived = profile.last_refreshed.is_some_and(|worked| worked.since(signed_in) > TESTING_LIFE + HOUR);
    let died = profile
        .deaths
        .iter()
        .any(|death| client::project_number(&death.client_id) == Some(project) && death.is_of_testing());
    (died && !outlived).then_some(End { why: Why::ClientInTesting, from: end, by: Some(end) })
}

fn organisation(profile: &Profile) -> Option<End> {
    let signed_in = profile.signed_in?;
    let seen: Vec<&Death> = profile
        .deaths
        .iter()
        .filter(|death| {
            death.why == crate::oauth::Reason::SignInAgain.code() && death.account == profile.account
        })
        .collect();
    let bounds = |deaths: &[&Death]| {
        let least = deaths.iter().map(|death| death.worked.since(death.signed_in)).max()?;
        let most = deaths.iter().map(|death| death.seen.since(death.signed_in)).min()?;
        (least <= most).then_some((least, most))
    };
    // where they contradict each other, the rule was changed: the last one counts
    let (least, most) = bounds(&seen).or_else(|| bounds(seen.last().map(std::slice::from_ref)?))?;
    let alive = profile.last_refreshed.map_or(0, |worked| worked.since(signed_in));
    if alive > most {
        return None; // the rule is gone
    }
    let least = least.max(alive);
    // administrators choose whole hours
    let next_hour = (least / HOUR + 1) * HOUR;
    let from = if next_hour <= most { next_hour } else { least };
    Some(End { why: Why::OrganisationSignIn, from: signed_in.plus(from), by: Some(signed_in.plus(most)) })
}

fn unused(profile: &Profile) -> Option<End> {
    let used = profile.last_refreshed.max(profile.signed_in)?;
    Some(End { why: Why::Unused, from: used.plus(IDLE_LIMIT), by: None })
}

impl End {
    /// For people: when, and why.
    pub(crate) fn words(&self, now: Time) -> String {
        let when = |time: Time| match time.since(now) {
            0 => format!("any moment (due since {time})"),
            left => format!("in {} ({time})", span(left)),
        };
        match self.why {
            Why::TimeLimited => format!("{}: Google granted it for a time", when(self.from)),
            Why::ClientInTesting => format!(
                "{}: its OAuth client is in Testing, where credentials live 7 days; publish the client to end that",
                when(self.from)
            ),
            Why::OrganisationSignIn => {
                let due = self.from.since(now) == 0;
                let span = match self.by.filter(|by| by.since(self.from) > HOUR) {
                    Some(by) if due => format!("any moment, by {by} at the latest"),
                    Some(by) => format!("between {} and {by}", self.from),
                    None if due => when(self.from),
                    None => format!("about {}", when(self.from)),
                };
                format!("{span}: your organisation wants a new sign-in from time to time")
            }
            Why::Unused => format!("{} if nobody uses it until then", when(self.from)),
        }
    }
}

impl Death {
    /// What a credential that was just refused teaches; `None` if it isn't known when it began.
    pub(crate) fn of(profile: &Profile, why: &str, seen: Time) -> Option<Death> {
        let signed_in = profile.signed_in?;
        Some(Death {
            why: why.to_owned(),
            account: profile.account.clone(),
            client_id: profile.client_id.clone()?,
            signed_in,
            worked: profile.last_refreshed.unwrap_or(signed_in).max(signed_in),
            seen,
        })
    }

    /// Whether it lived the seven days of a client in Testing, as exactly as it was looked at.
    pub(crate) fn is_of_testing(&self) -> bool {
        let (least, most) = (self.worked.since(self.signed_in), self.seen.since(self.signed_in));
        self.why == crate::oauth::Reason::GrantEnded.code()
            && least <= TESTING_LIFE + HOUR
            && most + HOUR >= TESTING_LIFE
            && most - least <= 2 * DAY
    }
}

/// Adds what was learned; the oldest is forgotten.
pub(crate) fn learn(profile: &mut Profile, death: Option<Death>) {
    profile.deaths.extend(death);
    let surplus = profile.deaths.len().saturating_sub(MEMORY);
    profile.deaths.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::of(std::time::UNIX_EPOCH).plus(1_790_000_000 + seconds)
    }

    fn profile(alive: u64, deaths: Vec<Death>) -> Profile {
        Profile {
            account: Some("ada@example.com".to_owned()),
            client_id: Some("12-a.apps.googleusercontent.com".to_owned()),
            signed_in: Some(at(0)),
            last_refreshed: Some(at(alive)),
            deaths,
            ..Profile::default()
        }
    }

    fn death(why: &str, worked: u64, seen: u64) -> Death {
        let earlier = Profile { last_refreshed: Some(at(worked)), ..profile(0, vec![]) };
        Death::of(&earlier, why, at(seen)).unwrap()
    }

    fn first(profile: &Profile) -> (Why, u64, Option<u64>) {
        let end = of(profile).remove(0);
        (end.why, end.from.since(at(0)), end.by.map(|by| by.since(at(0))))
    }

    #[test]
    fn a_credential_that_nobody_uses_ends_in_half_a_year() {
        assert_eq!(first(&profile(100, vec![])), (Why::Unused, 100 + IDLE_LIMIT, None));
        assert_eq!(good_until(&profile(100, vec![])), Some(at(100 + IDLE_LIMIT)));
        assert_eq!(good_until(&Profile::default()), None);
    }

    #[test]
    fn seven_days_mean_testing_whether_google_says_so_or_not() {
        let said = Profile { refresh_token_expires: Some(at(604_799)), ..profile(0, vec![]) };
        assert_eq!(first(&said), (Why::ClientInTesting, 604_799, Some(604_799)));
        let granted = Profile { refresh_token_expires: Some(at(90_000)), ..profile(0, vec![]) };
        assert_eq!(first(&granted).0, Why::TimeLimited);
        let learned = profile(0, vec![death("revoked_or_expired", 6 * DAY, 7 * DAY + 60)]);
        assert_eq!(first(&learned), (Why::ClientInTesting, TESTING_LIFE, Some(TESTING_LIFE)));
    }

    #[test]
    fn other_deaths_are_not_taken_for_testing() {
        for (why, worked, seen) in [
            ("revoked_or_expired", 2 * DAY, 3 * DAY),        // too young
            ("revoked_or_expired", 8 * DAY, 9 * DAY),        // too old
            ("revoked_or_expired", 60, 30 * DAY),            // nobody looked for a month
            ("reauthentication_required", 6 * DAY, 7 * DAY), // another reason
        ] {
            assert!(!death(why, worked, seen).is_of_testing(), "{why} {worked} {seen}");
        }
        let outlived = profile(9 * DAY, vec![death("revoked_or_expired", 6 * DAY, 7 * DAY)]);
        assert_eq!(first(&outlived).0, Why::Unused);
    }

    #[test]
    fn an_organisations_interval_is_learned() {
        let sign_in = |worked, seen| death("reauthentication_required", worked, seen);
        let close = profile(0, vec![sign_in(15 * HOUR + 1800, 16 * HOUR + 300)]);
        assert_eq!(first(&close), (Why::OrganisationSignIn, 16 * HOUR, Some(16 * HOUR + 300)));
        let vague = profile(0, vec![sign_in(0, 20 * HOUR)]);
        assert_eq!(first(&vague), (Why::OrganisationSignIn, HOUR, Some(20 * HOUR)));
        let narrowed = profile(0, vec![sign_in(0, 20 * HOUR), sign_in(7 * HOUR, 30 * HOUR)]);
        assert_eq!(first(&narrowed), (Why::OrganisationSignIn, 8 * HOUR, Some(20 * HOUR)));
        let changed = profile(0, vec![sign_in(15 * HOUR, 16 * HOUR + 1), sign_in(3 * HOUR, 4 * HOUR + 1)]);
        assert_eq!(first(&changed), (Why::OrganisationSignIn, 4 * HOUR, Some(4 * HOUR + 1)));
        let relaxed = profile(21 * HOUR, vec![sign_in(0, 20 * HOUR)]);
        assert_eq!(first(&relaxed).0, Why::Unused);
    }

    #[test]
    fn what_is_due_is_told_as_a_person_would_say_it() {
        let end = |by| End { why: Why::OrganisationSignIn, from: at(HOUR), by: Some(at(by)) };
        for (by, now, start) in [
            (HOUR + 60, 0, "about in 1 h ("),
            (HOUR + 60, 2 * HOUR, "any moment (due since "),
            (20 * HOUR, 0, "between 2"),
            (20 * HOUR, 2 * HOUR, "any moment, by 2"),
        ] {
            let words = end(by).words(at(now));
            assert!(words.starts_with(start), "{words}");
        }
    }

    #[test]
    fn another_accounts_past_says_nothing() {
        let mut other = death("reauthentication_required", 0, 20 * HOUR);
        other.account = Some("bob@example.com".to_owned());
        assert_eq!(first(&profile(0, vec![other])).0, Why::Unused);
    }

    #[test]
    fn little_is_remembered() {
        let mut profile = profile(0, vec![]);
        (0..20).for_each(|n| learn(&mut profile, Some(death("revoked_or_expired", 0, n))));
        assert_eq!(profile.deaths.len(), MEMORY);
        assert_eq!(profile.deaths.last().unwrap().seen, at(19));
    }
}
