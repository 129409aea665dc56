//! The session of `exec --token-only` that this process runs in: what hands a credential to programs keeps to it.

use std::path::PathBuf;

use super::limits::Limits;
use super::session_file::About;
use crate::credential::paths::Paths;
use crate::credential::profile_name::ProfileName;
use crate::handover::variables;
use crate::output::error::{Error, Kind, Result};
use crate::system::env;
use crate::system::private_file;

/// The session file that this process's environment names.
pub(crate) struct Inside {
    /// Where it is.
    pub(crate) file: PathBuf,
    about: About,
}

impl Inside {
    /// `None` if the environment names none.
    pub(crate) fn here() -> Option<Inside> {
        let file = PathBuf::from(env::get(variables::ADC)?);
        About::read(&file).map(|about| Inside { file, about })
    }

    /// What the programs here may get.
    pub(crate) fn limits(&self) -> Limits {
        self.about.limits()
    }

    /// This session, if it is of the profile.
    ///
    /// # Errors
    /// If its bqcred has ended. If it is another profile's: an environment that may get access tokens only doesn't change to a whole credential.
    pub(crate) fn of(self, paths: &Paths, name: &ProfileName) -> Result<Inside> {
        if private_file::is_abandoned(&self.file) {
            let options = self.limits().to_options().join(" ");
            let what = "the bqcred that gave this program access tokens has ended";
            return Err(Error::new(Kind::Refused, what).hint(format!(
                "start the program again: `bqcred exec {options} --profile {} -- PROGRAM`",
                self.about.profile
            )));
        }
        if self.about.profile == name.as_str() && self.about.data == About::data_of(paths) {
            return Ok(self);
        }
        let what = format!(
            "this program was started with `bqcred exec --token-only` and profile {}, and can't change to profile {name}",
            self.about.profile
        );
        Err(Error::usage(what).hint(format!(
            "leave the program, or start one of its own: `bqcred exec --token-only --profile {name} -- PROGRAM`"
        )))
    }

    /// For people: that this (a subject) gets more than the programs here, and the commands that hand out no more.
    pub(crate) fn widened_by(&self, subject: &str) -> String {
        let options = self.limits().to_options().join(" ");
        format!(
            "this program gets access tokens only ({}), and {subject} gets the whole credential: `bqcred kernel install \
             {options}` and `bqcred exec {options} -- PROGRAM` hand out tokens",
            self.limits().describe()
        )
    }

    /// For people: what the removal of the variables does here.
    pub(crate) fn left_by_unset(&self) -> String {
        format!(
            "this leaves `bqcred exec {}`: without these variables nothing keeps `bqcred env` to access tokens",
            self.limits().to_options().join(" ")
        )
    }

    /// For people, where the credential was asked for: that it is not handed over.
    pub(crate) fn describe(&self) -> String {
        format!("this stays as it was started: {}, profile {}", self.limits().describe(), self.about.profile)
    }
}
