//! The steps by which a library comes to a credential, written down while they are gone through.

use std::path::{Path, PathBuf};

use crate::doctor::Library;
use crate::doctor::prediction::identity::Identity;

/// What a library looked at, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// In words.
    pub(crate) what: String,
    /// What came of it.
    pub(crate) outcome: Outcome,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It decided nothing: on to the next.
    Passed,
    /// There was something, but it is of no use: on to the next all the same.
    Failed,
    /// This decided it.
    Decided,
}

impl Outcome {
    /// A word for programs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Decided => "decided",
        }
    }
}

/// What a library would do.
#[derive(Clone, Debug)]
pub(crate) struct Prediction {
    /// Which library.
    pub(crate) library: Library,
    /// As whom it would act.
    pub(crate) identity: Identity,
    /// Whether that is the person whom bqcred knows.
    pub(crate) is_you: bool,
    /// The file that the credential comes from.
    pub(crate) file: Option<PathBuf>,
    /// The project that it would use by itself, where it looks for one.
    pub(crate) project: Option<String>,
    /// The project that its requests would count against, if it is told one.
    pub(crate) quota_project: Option<String>,
    /// How it came to that.
    pub(crate) steps: Vec<Step>,
    /// What else is to know.
    pub(crate) notes: Vec<String>,
    /// The command that makes it use the person's credential.
    pub(crate) fix: Option<String>,
}

/// Writes down what a library does.
#[derive(Default)]
pub(crate) struct Trace {
    steps: Vec<Step>,
    notes: Vec<String>,
    file: Option<PathBuf>,
    project: Option<String>,
    quota_project: Option<String>,
}

impl Trace {
    /// This decides nothing.
    pub(crate) fn passed(&mut self, what: impl Into<String>) {
        self.steps.push(Step { what: what.into(), outcome: Outcome::Passed });
    }

    /// Of no use, and ignored.
    pub(crate) fn failed(&mut self, what: impl Into<String>) {
        self.steps.push(Step { what: what.into(), outcome: Outcome::Failed });
    }

    /// This decides it.
    pub(crate) fn decided(&mut self, what: impl Into<String>, identity: Identity) -> Identity {
        self.steps.push(Step { what: what.into(), outcome: Outcome::Decided });
        identity
    }

    /// The library went on after what looked like the end.
    pub(crate) fn reconsider(&mut self) {
        if let Some(last) = self.steps.last_mut() {
            last.outcome = Outcome::Failed;
        }
        (self.file, self.project, self.quota_project) = (None, None, None);
    }

    /// Something to know beside the steps.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// The file that the credential comes from.
    pub(crate) fn file(&mut self, path: &Path) {
        self.file = Some(path.to_owned());
    }

    /// The project that the library would use by itself.
    pub(crate) fn project(&mut self, project: Option<String>) {
        self.project = project;
    }

    /// The project that requests would count against.
    pub(crate) fn quota_project(&mut self, project: Option<String>) {
        self.quota_project = project;
    }

    /// The end.
    pub(crate) fn into_prediction(self, library: Library, identity: Identity) -> Prediction {
        let fails = matches!(identity, Identity::Fails(_) | Identity::Prompt | Identity::Anonymous);
        Prediction {
            library,
            is_you: false,
            file: self.file,
            project: self.project.filter(|_| !fails),
            quota_project: self.quota_project.filter(|_| !fails),
            steps: self.steps,
            notes: self.notes,
            fix: None,
            identity,
        }
    }
}
