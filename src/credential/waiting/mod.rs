//! A sign-in that waits for its answer, as every command may know it. The file of such a sign-in is written and taken
//! by `login/two_step`, and holds more, which is secret.

mod gcloud;

use serde::Deserialize;

use crate::credential::paths::Paths;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::system::clock::Time;
use crate::system::private_file::{self, Content};

pub(crate) use gcloud::{Kept, PREFIX, code_pipe, host, is_read};

/// Google's codes are valid for ten minutes, and so is what waits for them. In seconds.
pub(crate) const VALID_FOR: u64 = 600;

/// Clocks that are kept right are set back by less than this, in seconds.
const CLOCK_JITTER: u64 = 60;

/// A sign-in that waits for its answer.
#[derive(Deserialize)]
pub(crate) struct Waiting {
    /// When it was started.
    #[serde(rename = "started")]
    pub(crate) since: Time,
    /// The account that has to sign in, if one has to.
    pub(crate) account: Option<String>,
    /// Of a rotation: the other profiles that get the new credential.
    #[serde(default, rename = "rotation")]
    pub(crate) siblings: Option<Vec<ProfileName>>,
    /// The gcloud that waits for the code, if gcloud runs the sign-in.
    #[serde(default)]
    gcloud: Option<Kept>,
}

/// The command that started a sign-in. Only the same one completes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartedBy {
    /// `bqcred login`
    Login,
    /// `bqcred rotate`
    Rotate,
}

/// The sign-in of this profile that waits for its answer, if there is one.
pub(crate) fn find(paths: &Paths, name: &ProfileName) -> Option<Waiting> {
    let bytes = private_file::read(&paths.pending_login(name), Content::Secret).ok()??;
    let waiting: Waiting = serde_json::from_slice(&bytes).ok()?;
    waiting.is_answerable(paths).then_some(waiting)
}

impl Waiting {
    /// The command that started it, whose `--finish` completes it.
    pub(crate) fn started_by(&self) -> StartedBy {
        if self.siblings.is_some() { StartedBy::Rotate } else { StartedBy::Login }
    }

    /// Whether the profile's account is still the one that has to sign in.
    pub(crate) fn is_for(&self, profile: &Profile) -> bool {
        let accounts = self.account.as_deref().zip(profile.account.as_deref());
        accounts.is_none_or(|(wanted, now)| wanted.eq_ignore_ascii_case(now))
    }

    /// Whether its answer can still be given.
    pub(crate) fn is_answerable(&self, paths: &Paths) -> bool {
        !self.is_too_old() && self.gcloud.as_ref().is_none_or(|gcloud| gcloud.is_waiting(paths))
    }

    /// Whether its answer can't come any more. One that was started in the future, by a clock that was ahead, counts
    /// as old: it would wait for as long as the clock was wrong.
    pub(crate) fn is_too_old(&self) -> bool {
        let now = Time::now();
        now.since(self.since) > self.valid_for() || self.since.since(now) > CLOCK_JITTER
    }

    /// For how long its answer can be given, in seconds.
    pub(crate) fn valid_for(&self) -> u64 {
        self.gcloud.as_ref().map_or(VALID_FOR, |gcloud| gcloud.valid_for)
    }
}

impl StartedBy {
    /// The command's name.
    pub(crate) fn command(self) -> &'static str {
        match self {
            StartedBy::Login => "login",
            StartedBy::Rotate => "rotate",
        }
    }
}
