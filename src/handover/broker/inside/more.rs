//! What is handed to others from inside a session, compared with what its programs get.

use super::{Inside, SessionState};
use crate::app::App;
use crate::credential::paths::Paths;
use crate::credential::profile::{Profile, another_account};
use crate::credential::profile_name::ProfileName;
use crate::handover::broker::limits::Limits;
use crate::output::error::Error;

impl Inside {
    /// Why the programs here get no token of their profile as it is now; `None` if they do as far as is known here, or if
    /// this is another profile.
    pub(crate) fn refusal(&self, app: &App, name: &ProfileName, profile: &Profile) -> Option<Error> {
        if self.has_ended() || !self.is_of(&app.paths, name) {
            return None;
        }
        if !self.about.is_of(profile) {
            return Some(another_account(name, profile, &self.about.who()).hint(self.start_again()));
        }
        self.about.refusal(app, name, profile)
    }

    /// Why the programs here get no token of this profile; `None` if they do.
    pub(crate) fn keeps(&self, app: &App, name: &ProfileName, profile: &Profile) -> Option<String> {
        let refusal = || self.refusal(app, name, profile).map(|refusal| refusal.in_one_line());
        self.apart_from(&app.paths, name).or_else(refusal)
    }

    /// Why a sign-in at this profile changes nothing for the programs here; `None` if they get its tokens.
    pub(crate) fn apart_from(&self, paths: &Paths, name: &ProfileName) -> Option<String> {
        if self.has_ended() {
            return Some(format!("{}: {}", self.describe_end(), self.start_again()));
        }
        let other = || format!("{}; one with {name}: `{}`", self.describe(), Inside::start_other(name));
        (!self.is_of(paths, name)).then(other)
    }

    /// The options of `exec --token-only` that hand out no more of this profile than the programs here get; of another
    /// profile, all that was granted.
    pub(crate) fn options_for(&self, paths: &Paths, name: &ProfileName) -> Vec<String> {
        let limits = if self.is_of(paths, name) { self.limits() } else { Limits::default() };
        limits.to_options()
    }

    /// What is handed to programs elsewhere: what was asked for, and for the rest no more than the programs here get.
    pub(crate) fn kept_to(&self, paths: &Paths, name: &ProfileName, asked: Limits) -> Limits {
        if !self.is_of(paths, name) {
            return asked;
        }
        let here = self.limits();
        let scopes = if asked.scopes.is_empty() { here.scopes } else { asked.scopes };
        Limits { scopes, acting_as: asked.acting_as.or(here.acting_as) }
    }

    /// For people: to what [`Inside::kept_to`] keeps; `None` if it is all that was granted.
    pub(crate) fn narrowed(&self) -> Option<String> {
        let limits = self.limits();
        let get = if self.has_ended() { "got" } else { "get" };
        let what = format!("this hands out what the programs here {get}: {}", limits.describe());
        (limits != Limits::default()).then_some(what)
    }

    /// For people: that `subject` gets more with these limits than the programs here; `None` if it gets no more, or if
    /// this is no session.
    pub(crate) fn exceeded_by(
        subject: &str,
        limits: &Limits,
        paths: &Paths,
        (name, profile): (&ProfileName, &Profile),
    ) -> Option<String> {
        Inside::here()?.exceeded(subject, limits, paths, (name, profile))
    }

    fn exceeded(
        &self,
        subject: &str,
        limits: &Limits,
        paths: &Paths,
        (name, profile): (&ProfileName, &Profile),
    ) -> Option<String> {
        if self.state == SessionState::Gone {
            return Some(format!(
                "{} {subject} may get more than it did ({})",
                self.beginning(),
                limits.describe()
            ));
        }
        if self.is_of(paths, name) && !self.about.is_of(profile) {
            return Some(format!(
                "this program was started as {}, and {subject} gets tokens of {}, whose profile {name} is now ({})",
                self.about.describe(),
                profile.who(),
                limits.describe()
            ));
        }
        let here = self.limits();
        let service_account = limits.service_account(profile).map(|acting_as| acting_as.account);
        let is_same_account = here.acting_as == service_account;
        let is_part = |scope: &String| here.scopes.contains(scope);
        let has_scopes =
            here.scopes.is_empty() || (!limits.scopes.is_empty() && limits.scopes.iter().all(is_part));
        let has_account = is_same_account || here == Limits::default();
        if self.is_of(paths, name) && has_scopes && has_account {
            return None;
        }
        let more = match *limits == Limits::default() {
            true => "all that was granted".to_owned(),
            false => limits.describe(),
        };
        let whose = match self.is_of(paths, name) {
            true => String::new(),
            false => format!(" of profile {name}"),
        };
        Some(format!(
            "{} {subject} gets more{whose} ({more}): `{}` hands out no more",
            self.beginning(),
            self.about.start_command()
        ))
    }

    /// For people: that this (a subject) gets more than the programs here, and the commands that hand out no more.
    pub(crate) fn widened_by(&self, subject: &str) -> String {
        let options = self.limits().to_options().join(" ");
        format!(
            "{} {subject} gets the whole credential: `bqcred kernel install {options}` and `bqcred exec {options} -- \
             PROGRAM` hand out tokens{}",
            self.beginning(),
            self.about.unknown_limits()
        )
    }

    /// What the programs here get, or got: the beginning of a sentence about what others get.
    fn beginning(&self) -> String {
        let limits = self.limits().describe();
        match self.state {
            SessionState::Running => format!("this program gets access tokens only ({limits}), and"),
            SessionState::Ended => {
                format!("the bqcred that gave this program access tokens only ({limits}) has ended, and")
            }
            SessionState::Gone => {
                "the bqcred that gave this program access tokens only has ended, and".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::handover::broker::session_file::About;
    use crate::oauth::{ActingAs, ServiceAccount};

    const READER: &str = "reader@p1.iam.gserviceaccount.com";
    const ADA: &str = "ada@example.com";
    const OTHER: &str = "other@p1.iam.gserviceaccount.com";

    fn limits(names: &[&str], acting_as: Option<&str>) -> Limits {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        Limits::new(&names, acting_as.map(|account| ServiceAccount::parse(account).unwrap())).unwrap()
    }

    fn session(paths: &Paths, limits: &Limits) -> Inside {
        let about = About {
            data: About::data_of(paths),
            acting_as: limits.acting_as.clone(),
            scopes: limits.scopes.clone(),
            narrowed: !limits.scopes.is_empty(),
            account: ADA.to_owned(),
            ..About::unknown("default".to_owned())
        };
        Inside { file: PathBuf::new(), about, state: SessionState::Running }
    }

    #[test]
    fn more_than_the_programs_here_get_is_said_and_a_part_is_not() {
        let paths = Paths::new(Path::new("/nonexistent")).unwrap();
        let name = ProfileName::default();
        let is_more = |here: &Limits, profile: &Profile, asked: &Limits| {
            session(&paths, here).exceeded("it", asked, &paths, (&name, profile)).is_some()
        };
        let own = Profile { account: Some(ADA.to_owned()), ..Profile::default() };
        let (all, bigquery) = (limits(&[], None), limits(&["bigquery"], None));
        let both = limits(&["bigquery", "drive"], None);
        let reader = limits(&[], Some(READER));
        let narrow_reader = limits(&["bigquery"], Some(READER));
        for part in [&all, &bigquery, &reader] {
            assert!(!is_more(&all, &own, part), "{part:?}");
        }
        for (here, asked) in [(&both, &bigquery), (&bigquery, &bigquery), (&reader, &narrow_reader)] {
            assert!(!is_more(here, &own, asked), "{here:?} {asked:?}");
        }
        for (here, asked) in [
            (&bigquery, &all),
            (&bigquery, &both),
            (&bigquery, &reader),
            (&reader, &all),
            (&reader, &limits(&[], Some(OTHER))),
            (&narrow_reader, &reader),
        ] {
            assert!(is_more(here, &own, asked), "{here:?} {asked:?}");
            // what is not asked for is taken over, and then it is no more
            let kept = session(&paths, here).kept_to(&paths, &name, all.clone());
            assert!(!is_more(here, &own, &kept), "{here:?} {kept:?}");
        }
        // the profile's own service account is that of the session
        let acting = ActingAs::directly(ServiceAccount::parse(READER).unwrap());
        let acting = Profile { acting_as: Some(acting), ..own.clone() };
        assert!(!is_more(&reader, &acting, &all) && is_more(&limits(&[], Some(OTHER)), &acting, &all));
        // whose program it was, if the profile stops acting as it
        let mut own_reader = session(&paths, &reader);
        own_reader.about.is_profiles_own = true;
        assert!(own_reader.exceeded("it", &all, &paths, (&name, &acting)).is_none());
        let said = own_reader.exceeded("it", &reader, &paths, (&name, &own)).unwrap();
        assert!(said.contains("started as ada@example.com acting as reader@p1"), "{said}");
        let other = ProfileName::parse("other").unwrap();
        let said = session(&paths, &all).exceeded("it", &bigquery, &paths, (&other, &own)).unwrap();
        assert!(said.contains("it gets more of profile other"), "{said}");
        let bobs = Profile { account: Some("bob@example.com".to_owned()), ..Profile::default() };
        let said = session(&paths, &bigquery).exceeded("it", &bigquery, &paths, (&name, &bobs)).unwrap();
        assert!(said.contains("it gets tokens of bob@example.com, whose profile default is now"), "{said}");
    }
}
