//! Who a profile belongs to, and whether it still does.

use super::Profile;
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Kind};
use crate::system::clock::Time;

/// Who a profile belonged to at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// Google's permanent identifier of the account.
    pub(crate) sub: Option<String>,
    /// The account's address.
    pub(crate) account: Option<String>,
    /// Which credential it was. It stands for somebody whom nobody has named yet.
    pub(crate) fingerprint: Option<String>,
    /// When it was signed in: servers that rotate refresh tokens keep that.
    pub(crate) signed_in: Option<Time>,
}

impl Person {
    /// As far as the profile names somebody.
    pub(crate) fn of(profile: &Profile) -> Person {
        Person {
            sub: profile.sub.clone(),
            account: profile.account.clone(),
            fingerprint: profile.fingerprint.clone(),
            signed_in: profile.signed_in,
        }
    }

    /// Whether nobody has said yet who it is.
    pub(crate) fn is_unknown(&self) -> bool {
        self.sub.is_none() && self.account.is_none()
    }

    /// By Google's identifier where both have one, because addresses change. Somebody unknown is who has the same
    /// credential, which Google may name later.
    pub(crate) fn is_of(&self, profile: &Profile) -> bool {
        match (&self.sub, &profile.sub, &self.account, &profile.account) {
            (Some(one), Some(other), ..) => one == other,
            (.., Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            (.., Some(_), None) => false,
            (.., None, _) => self.has_credential_of(profile),
        }
    }

    fn has_credential_of(&self, profile: &Profile) -> bool {
        (self.fingerprint.is_some() && self.fingerprint == profile.fingerprint)
            || (self.signed_in.is_some() && self.signed_in == profile.signed_in)
    }

    /// For people.
    pub(crate) fn describe(&self) -> &str {
        self.account.as_deref().unwrap_or("an unknown account")
    }
}

/// The error where a profile is another account's by now than of whom a program was started.
pub(crate) fn another_account(name: &ProfileName, profile: &Profile, before: &str) -> Error {
    let now = profile.who();
    let what = format!("profile {name} is of {now} now, and this program was started as {before}");
    Error::new(Kind::Refused, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(sub: Option<&str>, account: Option<&str>, fingerprint: &str) -> Profile {
        let [sub, account, fingerprint] = [sub, account, Some(fingerprint)].map(|it| it.map(str::to_owned));
        Profile { sub, account, fingerprint, ..Profile::default() }
    }

    #[test]
    fn a_person_is_known_by_identifier_then_by_address_then_by_the_credential() {
        let is = |one: &Profile, other: &Profile| Person::of(one).is_of(other);
        let ada = profile(Some("1"), Some("ada@example.com"), "a");
        assert!(is(&ada, &profile(Some("1"), Some("new@example.com"), "b")));
        assert!(!is(&ada, &profile(Some("2"), Some("ada@example.com"), "a")));
        assert!(is(&ada, &profile(None, Some("Ada@example.com"), "b")));
        assert!(
            !is(&ada, &profile(None, Some("bob@example.com"), "b")) && !is(&ada, &profile(None, None, "a"))
        );
        let unknown = profile(None, None, "a");
        assert!(is(&unknown, &ada) && is(&unknown, &unknown));
        assert!(!is(&unknown, &profile(None, None, "b")) && !is(&unknown, &Profile::default()));
        assert!(!is(&Profile::default(), &Profile::default()));
    }
}
