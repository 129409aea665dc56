//! Whose the programs of a session are, and whether they get tokens of the profile as it is now: by the same rule by
//! which their broker decides.

use super::limits::Limits;
use super::session_file::About;
use crate::app::App;
use crate::credential::profile::{Person, Profile, another_account};
use crate::credential::profile_name::ProfileName;
use crate::oauth::ActingAs;
use crate::output::error::Error;

impl About {
    /// Whose program it is, as far as it was known.
    pub(crate) fn person(&self) -> Person {
        Person {
            sub: self.sub.clone(),
            account: Some(self.account.clone()).filter(|account| account.contains('@')),
            fingerprint: self.credential.clone(),
            signed_in: self.signed_in,
        }
    }

    /// The service account that it acts as, and in which way.
    pub(crate) fn service_account(&self) -> Option<ActingAs> {
        let account = self.acting_as.clone()?;
        Some(ActingAs { account, delegates: self.delegates.clone() })
    }

    /// The limits that it was started with: without a service account that was not named there.
    pub(crate) fn asked(&self) -> Limits {
        let acting_as = self.acting_as.clone().filter(|_| !self.is_profiles_own);
        Limits { acting_as, ..self.limits() }
    }

    /// Whether programs get tokens of the profile as it is now: it is still the same account's, and acts as the service
    /// account that the program has of it.
    pub(crate) fn is_of(&self, profile: &Profile) -> bool {
        let is_same = || self.asked().keep_to(profile, self.service_account().as_ref());
        self.person().is_of(profile) && is_same()
    }

    /// Why programs get no token of the profile as it is now; `None` if they do as far as is known here.
    pub(crate) fn refusal(&self, app: &App, name: &ProfileName, profile: &Profile) -> Option<Error> {
        match self.is_of(profile) {
            true => self.asked().check(app, name, profile).err(),
            false => Some(another_account(name, profile, &self.who())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::ServiceAccount;
    use crate::system::clock::Time;

    #[test]
    fn programs_stay_with_the_person_and_the_profiles_own_service_account() {
        let (text, then) = (|text: &str| Some(text.to_owned()), Time::now());
        let about = |account: &str, is_profiles_own| About {
            account: account.to_owned(),
            sub: text("1").filter(|_| account.contains('@')),
            credential: text("a").filter(|_| !account.contains('@')),
            signed_in: Some(then),
            acting_as: ServiceAccount::parse("reader@p1.iam.gserviceaccount.com").ok(),
            is_profiles_own,
            ..About::unknown("default".to_owned())
        };
        let named = about("ada@example.com", false);
        // an address changes
        let ada = Profile { sub: text("1"), account: text("new@example.com"), ..Profile::default() };
        assert!(named.is_of(&ada) && !named.is_of(&Profile { sub: text("2"), ..ada.clone() }));
        // the profile's own service account, in the way that it was acted as
        let own = about("ada@example.com", true);
        assert_eq!((own.asked().acting_as, named.asked().acting_as), (None, named.acting_as.clone()));
        let acting = Profile { acting_as: own.service_account(), ..ada.clone() };
        assert!(own.is_of(&acting) && !own.is_of(&ada));
        let via = own.service_account().map(|way| ActingAs { delegates: vec![way.account.clone()], ..way });
        assert!(!own.is_of(&Profile { acting_as: via, ..ada }));
        // a server rotates the refresh tokens of somebody whom it has not named
        let unknown = about("an unknown account", false);
        let rotated =
            |signed_in| Profile { fingerprint: text("b"), signed_in: Some(signed_in), ..Profile::default() };
        assert!(unknown.is_of(&rotated(then)) && !unknown.is_of(&rotated(then.plus(1))));
    }
}
