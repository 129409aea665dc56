//! The steps by which a library comes to a credential, written down while a rule goes through them.

use std::path::{Path, PathBuf};

use crate::credential::state::CredentialState;
use crate::doctor::prediction::identity::LibraryIdentity;

/// What a library looked at, and the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SearchStep {
    /// A sentence for people, without a full stop.
    pub(crate) what: String,
    /// The result.
    pub(crate) outcome: StepOutcome,
}

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepOutcome {
    /// It decided nothing: the library goes on to the next.
    Passed,
    /// There was something, but it is not usable: the library goes on to the next all the same.
    Failed,
    /// It decided the identity.
    Decided,
}

impl StepOutcome {
    /// The word for programs, in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            StepOutcome::Passed => "passed",
            StepOutcome::Failed => "failed",
            StepOutcome::Decided => "decided",
        }
    }
}

/// What a rule writes down about its library.
#[derive(Default)]
pub(crate) struct Steps {
    /// In the library's order.
    pub(crate) taken: Vec<SearchStep>,
    /// What else is to know.
    pub(crate) notes: Vec<String>,
    /// The file that the credential comes from.
    pub(crate) file: Option<PathBuf>,
    /// The state of that credential, if it is a user account's.
    pub(crate) state: Option<CredentialState>,
    /// The project that the library would find on its own.
    pub(crate) project: Option<String>,
    /// The project that requests would count against.
    pub(crate) quota_project: Option<String>,
}

impl Steps {
    /// This decides nothing.
    pub(crate) fn passed(&mut self, what: impl Into<String>) {
        self.taken.push(SearchStep { what: what.into(), outcome: StepOutcome::Passed });
    }

    /// This is not usable, and the library ignores it.
    pub(crate) fn failed(&mut self, what: impl Into<String>) {
        self.taken.push(SearchStep { what: what.into(), outcome: StepOutcome::Failed });
    }

    /// This decides the identity.
    pub(crate) fn decided(&mut self, what: impl Into<String>, identity: LibraryIdentity) -> LibraryIdentity {
        self.taken.push(SearchStep { what: what.into(), outcome: StepOutcome::Decided });
        identity
    }

    /// The library goes on after what looked like the end.
    pub(crate) fn reconsider(&mut self) {
        if let Some(last) = self.taken.last_mut() {
            last.outcome = StepOutcome::Failed;
        }
        (self.file, self.state, self.project, self.quota_project) = (None, None, None, None);
    }

    /// Something to know beside the steps.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// The credential comes from this file.
    pub(crate) fn uses_file(&mut self, path: &Path) {
        self.file = Some(path.to_owned());
    }
}
