//! A sign-in that waits for its answer, and which command may complete it.

use crate::app::App;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::output::error::{Error, Result};
use crate::system::clock::Time;

/// A sign-in that waits for its answer.
pub(crate) struct Waiting {
    /// When it was started.
    pub(crate) since: Time,
    /// The command that started it, whose `--finish` completes it.
    pub(crate) started_by: StartedBy,
    /// The account that has to sign in, if one has to.
    pub(super) account: Option<String>,
}

/// The command that started a sign-in. Only the same one completes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartedBy {
    /// `bqcred login`
    Login,
    /// `bqcred rotate`
    Rotate,
}

impl Waiting {
    /// The command that completes it.
    pub(crate) fn completed_by(&self, app: &App, name: &ProfileName) -> String {
        format!("{} --finish -", app.command(self.started_by.command(), name))
    }

    /// Whether the profile's account is still the one that has to sign in.
    pub(crate) fn is_for(&self, profile: &Profile) -> bool {
        let accounts = self.account.as_deref().zip(profile.account.as_deref());
        accounts.is_none_or(|(wanted, now)| wanted.eq_ignore_ascii_case(now))
    }

    /// Refuses to complete it by another command, or, if it is a rotation, for a profile that is somebody else's by
    /// now.
    pub(super) fn check(
        &self,
        app: &App,
        name: &ProfileName,
        profile: Option<&Profile>,
        by: StartedBy,
    ) -> Result<()> {
        let started = self.started_by.command();
        if self.started_by != by {
            let what = format!(
                "`bqcred {started}` started the sign-in that waits for profile {name}, not `bqcred {}`",
                by.command()
            );
            return Err(Error::other(what)
                .unchanged()
                .hint(format!("`{}` completes it", self.completed_by(app, name))));
        }
        match profile.filter(|profile| by == StartedBy::Rotate && !self.is_for(profile)) {
            Some(profile) => Err(Error::other(format!(
                "the rotation was started for {}, and profile {name} is {} by now",
                self.account.as_deref().unwrap_or("an unknown account"),
                profile.account_or_unknown()
            ))
            .unchanged()
            .hint(format!("`{}` rotates what it is now", app.command("rotate", name)))),
            None => Ok(()),
        }
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
