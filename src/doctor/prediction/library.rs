//! A library or program that looks for a credential on its own: its names, its rule, its fix.

use crate::doctor::facts::Facts;
use crate::doctor::prediction::Prediction;
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::problem::LibraryProblem;
use crate::doctor::prediction::steps::Steps;

/// A library, as its file in `rules/` describes it.
#[derive(Debug)]
pub(crate) struct Library {
    /// Its name in `--for` and in JSON.
    pub(crate) name: &'static str,
    /// Its name for people.
    pub(crate) title: &'static str,
    /// Other words for it in `--for`; several libraries may have the same one.
    pub(crate) aliases: &'static [&'static str],
    /// Whether `bqcred env` alone is meant to make it use the profile's account, so that it counts
    /// where no library is named. The others need more (`env --gcloud`), or can't.
    pub(crate) is_covered: bool,
    /// What it does: a function of the facts, which writes down the steps and returns the identity.
    pub(crate) rule: fn(&Facts, &mut Steps) -> LibraryIdentity,
    /// The command that makes it use the current profile's account.
    pub(crate) fix: fn(&Facts) -> String,
}

impl PartialEq for Library {
    fn eq(&self, other: &Library) -> bool {
        self.name == other.name
    }
}

impl Library {
    /// What it would do, and what to do about it.
    pub(crate) fn predict(&'static self, facts: &Facts) -> Prediction {
        let mut steps = Steps::default();
        let identity = (self.rule)(facts, &mut steps);
        let is_you = identity.is_of(&facts.profile, steps.file.as_deref());
        let has_credential = identity.has_credential();
        Prediction {
            library: self,
            is_you,
            fix: if is_you { None } else { self.fix_for(&identity, facts) },
            file: steps.file,
            state: steps.state,
            project: steps.project.filter(|_| has_credential),
            quota_project: steps.quota_project.filter(|_| has_credential),
            steps: steps.taken,
            notes: steps.notes,
            identity,
        }
    }

    /// The command that helps a library which does not use the profile's account; `None` where no command does.
    fn fix_for(&self, identity: &LibraryIdentity, facts: &Facts) -> Option<String> {
        match identity.problem() {
            Some(LibraryProblem::Unsupported) => return None,
            Some(problem) if problem.is_elsewhere() => return None,
            _ => {}
        }
        let profile = &facts.profile;
        if profile.name.is_none() {
            // in a notebook, the sign-in itself leads to a cell
            let env = (!profile.in_notebook).then(|| format!(" && {}", facts.env_line()));
            return Some(format!("{}{}", profile.sign_in, env.unwrap_or_default()));
        }
        if facts.needs_login() {
            return Some(profile.sign_in.clone());
        }
        Some((self.fix)(facts))
    }
}
