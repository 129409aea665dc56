//! When a credential will expire, as far as it can be known: from what Google says and from its documented
//! rules (<https://developers.google.com/identity/protocols/oauth2#expiration>).
//!
//! How long an organisation lets a sign-in last (1 to 24 hours, <https://support.google.com/a/answer/9368756>)
//! is not reported by any server, so it is not predicted; [`OTHER_ENDS`] says that it may happen.

use serde::Serialize;

use crate::credential::profile::Profile;
use crate::system::clock::{Time, span};

/// The most refresh tokens of one account and client: one more, and the oldest is revoked without notice.
pub(crate) const TOKEN_LIMIT: u32 = 100;
/// Google revokes a refresh token that was not used for six months.
const UNUSED_LIMIT: u64 = 180 * DAY;
/// How long refresh tokens of a client in Testing are valid.
const TESTING_LIMIT: u64 = 7 * DAY;
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// What can end any credential at any time, for people.
pub(crate) const OTHER_ENDS: &str =
    "when it is revoked, or when your organisation wants a new sign-in: Google doesn't say when that is";

/// Why a credential will expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExpiryReason {
    /// Google granted it for a limited time.
    TimeLimited,
    /// Its client is in Testing.
    ClientInTesting,
    /// It was not used for too long.
    Unused,
}

/// One thing that will end a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Expiry {
    /// What it is.
    pub(crate) why: ExpiryReason,
    /// When it ends the credential.
    pub(crate) at: Time,
}

/// What will end a profile's credential, the soonest first. It may end sooner: users and administrators revoke.
pub(crate) fn expiries(profile: &Profile) -> Vec<Expiry> {
    let mut expiries: Vec<Expiry> = [granted(profile), unused(profile)].into_iter().flatten().collect();
    expiries.sort_by_key(|expiry| expiry.at);
    expiries
}

/// Until when nothing that is known ends it; `None` if nothing is known at all, or a new sign-in is needed
/// already.
pub(crate) fn good_until(profile: &Profile) -> Option<Time> {
    expiries(profile).first().map(|expiry| expiry.at).filter(|_| !profile.needs_sign_in())
}

/// Whether the time that Google granted the credential for is the one of clients in Testing.
pub(crate) fn is_of_client_in_testing(profile: &Profile) -> bool {
    // Google counts from the consent, to the second; clocks differ by minutes
    profile
        .refresh_token_expires
        .zip(profile.signed_in)
        .is_some_and(|(end, signed_in)| end.since(signed_in).abs_diff(TESTING_LIMIT) <= HOUR)
}

fn granted(profile: &Profile) -> Option<Expiry> {
    let why = match is_of_client_in_testing(profile) {
        true => ExpiryReason::ClientInTesting,
        false => ExpiryReason::TimeLimited,
    };
    Some(Expiry { why, at: profile.refresh_token_expires? })
}

fn unused(profile: &Profile) -> Option<Expiry> {
    let used = profile.last_refreshed.max(profile.signed_in)?;
    Some(Expiry { why: ExpiryReason::Unused, at: used.plus(UNUSED_LIMIT) })
}

impl Expiry {
    /// For people: when, and why.
    pub(crate) fn describe(&self, now: Time) -> String {
        let when = match self.at.since(now) {
            0 => format!("any moment (due since {})", self.at),
            left => format!("in {} ({})", span(left), self.at),
        };
        match self.why {
            ExpiryReason::TimeLimited => format!("{when}: Google granted it for a limited time"),
            ExpiryReason::ClientInTesting => format!(
                "{when}: its OAuth client is in Testing, which limits credentials to 7 days; publish the client \
                 to change that"
            ),
            ExpiryReason::Unused => format!("{when} if it is not used until then"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::state::{CredentialState, StateRecord};

    fn at(seconds: u64) -> Time {
        Time::of(std::time::UNIX_EPOCH).plus(1_790_000_000 + seconds)
    }

    fn profile(last_refreshed: u64, expires: Option<u64>) -> Profile {
        Profile {
            signed_in: Some(at(0)),
            last_refreshed: Some(at(last_refreshed)),
            refresh_token_expires: expires.map(at),
            ..Profile::default()
        }
    }

    fn first(profile: &Profile) -> (ExpiryReason, u64) {
        let expiry = expiries(profile).remove(0);
        (expiry.why, expiry.at.since(at(0)))
    }

    #[test]
    fn a_credential_that_is_not_used_expires_in_six_months() {
        let profile = profile(100, None);
        assert_eq!(first(&profile), (ExpiryReason::Unused, 100 + UNUSED_LIMIT));
        assert_eq!(good_until(&profile), Some(at(100 + UNUSED_LIMIT)));
        assert_eq!(good_until(&Profile::default()), None);
    }

    #[test]
    fn seven_days_mean_a_client_in_testing() {
        assert_eq!(first(&profile(0, Some(604_799))), (ExpiryReason::ClientInTesting, 604_799));
        assert_eq!(first(&profile(0, Some(90_000))), (ExpiryReason::TimeLimited, 90_000));
        let imported = Profile { signed_in: None, ..profile(0, Some(604_799)) };
        assert_eq!(first(&imported).0, ExpiryReason::TimeLimited);
    }

    #[test]
    fn a_credential_that_needs_a_new_sign_in_has_no_expiry() {
        let state_record = StateRecord::new(CredentialState::ReauthRequired, at(1));
        assert_eq!(good_until(&Profile { state_record, ..profile(0, None) }), None);
    }

    #[test]
    fn an_expiry_says_when_and_why() {
        let text = |why, now| Expiry { why, at: at(HOUR) }.describe(at(now));
        assert!(text(ExpiryReason::TimeLimited, 0).starts_with("in 1 h (2026-09-21T15:13:20Z): Google"));
        assert!(text(ExpiryReason::ClientInTesting, 2 * HOUR).starts_with("any moment (due since 2026"));
        assert!(text(ExpiryReason::Unused, 0).ends_with("if it is not used until then"));
    }
}
