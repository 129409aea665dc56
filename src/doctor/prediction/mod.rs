//! What a rule says about its library: the identity, and the steps that lead to it.

pub(crate) mod identity;
pub(crate) mod library;
pub(crate) mod problem;
pub(crate) mod steps;

use std::path::PathBuf;

use crate::credential::state::CredentialState;
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::library::Library;
use crate::doctor::prediction::steps::SearchStep;

/// What a library would do.
#[derive(Clone, Debug)]
pub(crate) struct Prediction {
    /// Which library.
    pub(crate) library: &'static Library,
    /// The identity that it would use.
    pub(crate) identity: LibraryIdentity,
    /// The state of the user credential that decides; `None` if none does.
    pub(crate) state: Option<CredentialState>,
    /// Whether the identity is the current profile's account.
    pub(crate) is_you: bool,
    /// The file that the credential comes from.
    pub(crate) file: Option<PathBuf>,
    /// The project that it would find on its own, where it looks for one.
    pub(crate) project: Option<String>,
    /// The project that its requests would count against, if one is set.
    pub(crate) quota_project: Option<String>,
    /// How it comes to that.
    pub(crate) steps: Vec<SearchStep>,
    /// What else is to know.
    pub(crate) notes: Vec<String>,
    /// The command that makes it use the profile's account.
    pub(crate) fix: Option<String>,
}
