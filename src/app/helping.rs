//! The command that helps: with `--profile` where it is needed, and by the sign-in that waits, if one does.

use super::App;
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::credential::waiting::{self, StartedBy, Waiting};
use crate::oauth::scopes;

impl App {
    /// What is wrong with this profile, with the command that helps; `None` if it can be used, as far as is known.
    pub(crate) fn problem(&self, name: &ProfileName, profile: &Profile) -> Option<String> {
        Some(format!("{}: `{}`", profile.problem()?, self.way_out(name, profile)))
    }

    /// The command that helps where this profile has a problem.
    pub(crate) fn way_out(&self, name: &ProfileName, profile: &Profile) -> String {
        match profile.condition.is_interrupted() {
            true => self.command("status", name),
            false => self.sign_in_command(name, Some(profile)),
        }
    }

    /// The command that signs this profile in again: the second step of a sign-in that waits for its answer, which
    /// `bqcred login` would discard, else that. A rotation of another profile may wait that brings this one its new
    /// credential, too.
    pub(crate) fn sign_in_command(&self, name: &ProfileName, profile: Option<&Profile>) -> String {
        let of_own = || Some((name, self.waiting(name, profile)?));
        let of_sibling = || {
            let sibling = profile?.rotation.as_ref()?.of.as_ref()?;
            let waiting = self.waiting(sibling, None)?;
            waiting.siblings.as_ref()?.contains(name).then_some((sibling, waiting))
        };
        match of_own().or_else(of_sibling) {
            Some((name, waiting)) => self.finish_command(name, waiting.started_by()),
            None => self.login_command(name),
        }
    }

    /// The sign-in of this profile that waits for its answer and would be accepted for what the profile is now.
    pub(crate) fn waiting(&self, name: &ProfileName, profile: Option<&Profile>) -> Option<Waiting> {
        let waiting = waiting::find(&self.paths, name)?;
        let is_acceptable = |profile| waiting.started_by() == StartedBy::Login || waiting.is_for(profile);
        profile.is_none_or(is_acceptable).then_some(waiting)
    }

    /// The command that completes a sign-in of this profile that was started in this way.
    pub(crate) fn finish_command(&self, name: &ProfileName, started_by: StartedBy) -> String {
        format!("{} --finish -", self.command(started_by.command(), name))
    }

    /// The command that starts a new sign-in of this profile.
    pub(crate) fn login_command(&self, name: &ProfileName) -> String {
        self.command("login", name)
    }

    /// The same that asks for these scopes, too, and for all that one without options would ask for.
    pub(crate) fn login_command_for(&self, name: &ProfileName, profile: &Profile, wanted: &[&str]) -> String {
        let option = scopes::option_to_add(wanted, &profile.scopes_to_ask());
        format!("{}{option}", self.login_command(name))
    }

    /// A command for this profile: `--profile` is left out where it isn't needed.
    pub(crate) fn command(&self, command: &str, name: &ProfileName) -> String {
        match self.profile_name() {
            Ok(current) if current == *name && self.profile.is_none() => format!("bqcred {command}"),
            _ => format!("bqcred {command} --profile {name}"),
        }
    }

    /// The command that gives this profile a project.
    pub(crate) fn project_command(&self, name: &ProfileName) -> String {
        format!("bqcred use {name} --project PROJECT")
    }
}
