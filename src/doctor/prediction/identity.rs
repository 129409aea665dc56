//! The identity that a library would use, or why it would use none.

use std::path::Path;

use crate::doctor::facts::current_profile::CurrentProfile;
use crate::doctor::prediction::problem::LibraryProblem;

/// The identity that a library would send its requests with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LibraryIdentity {
    /// A user account; `None` where the address is not known.
    User(Option<String>),
    /// A service account, by a key or by impersonation.
    ServiceAccount(Option<String>),
    /// The service account of the VM that this runs on.
    VmAccount(Option<String>),
    /// An identity of another provider (workload or workforce identity federation).
    Federated,
    /// The account that an access token in the environment belongs to.
    AccessToken(Option<String>),
    /// None: requests are sent without a credential.
    Anonymous,
    /// None yet: it starts a sign-in of its own, and fails where the user can't answer.
    Prompt,
    /// None: it fails.
    Fails(LibraryProblem),
}

impl LibraryIdentity {
    /// The word for programs, in JSON.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            LibraryIdentity::User(_) => "user",
            LibraryIdentity::ServiceAccount(_) => "service_account",
            LibraryIdentity::VmAccount(_) => "vm_service_account",
            LibraryIdentity::Federated => "federated",
            LibraryIdentity::AccessToken(_) => "access_token",
            LibraryIdentity::Anonymous => "anonymous",
            LibraryIdentity::Prompt => "prompt",
            LibraryIdentity::Fails(_) => "error",
        }
    }

    /// The address, if there is one and it is known.
    pub(crate) fn account(&self) -> Option<&str> {
        match self {
            LibraryIdentity::User(account)
            | LibraryIdentity::ServiceAccount(account)
            | LibraryIdentity::VmAccount(account)
            | LibraryIdentity::AccessToken(account) => account.as_deref(),
            _ => None,
        }
    }

    /// Why it fails, if it does.
    pub(crate) fn problem(&self) -> Option<&LibraryProblem> {
        match self {
            LibraryIdentity::Fails(problem) => Some(problem),
            _ => None,
        }
    }

    /// Whether requests would be sent with a credential.
    pub(crate) fn has_credential(&self) -> bool {
        !matches!(self, LibraryIdentity::Fails(_) | LibraryIdentity::Prompt | LibraryIdentity::Anonymous)
    }

    /// Whether it is the profile's account, with a credential from this file. With no profile to compare with, any
    /// user account passes.
    pub(crate) fn is_of(&self, profile: &CurrentProfile, file: Option<&Path>) -> bool {
        if let Some(mine) = &profile.acting_as {
            return match self {
                LibraryIdentity::ServiceAccount(theirs) | LibraryIdentity::AccessToken(theirs) => {
                    theirs.as_ref() == Some(mine)
                }
                _ => false,
            };
        }
        let account = match self {
            LibraryIdentity::User(account) => account,
            LibraryIdentity::AccessToken(account) if account.is_some() => account,
            _ => return false,
        };
        match (&profile.account, account) {
            (Some(mine), Some(theirs)) => mine.eq_ignore_ascii_case(theirs),
            (Some(_), None) => profile.adc.is_some() && profile.adc.as_deref() == file,
            (None, _) => true,
        }
    }

    /// For people, to follow the library's name.
    pub(crate) fn describe(&self) -> String {
        match self {
            LibraryIdentity::User(Some(account)) => account.clone(),
            LibraryIdentity::User(None) => "an unknown user account".to_owned(),
            LibraryIdentity::ServiceAccount(Some(account)) => format!("the service account {account}"),
            LibraryIdentity::ServiceAccount(None) => "an unknown service account".to_owned(),
            LibraryIdentity::VmAccount(Some(account)) => format!("the VM's service account {account}"),
            LibraryIdentity::VmAccount(None) => "the VM's service account".to_owned(),
            LibraryIdentity::Federated => "an identity of another provider".to_owned(),
            LibraryIdentity::AccessToken(Some(account)) => format!("{account}, by an access token"),
            LibraryIdentity::AccessToken(None) => "an access token of an unknown account".to_owned(),
            LibraryIdentity::Anonymous => "no identity: sends requests without a credential".to_owned(),
            LibraryIdentity::Prompt => "no identity yet: starts its own sign-in".to_owned(),
            LibraryIdentity::Fails(problem) => format!("fails: {}", problem.describe()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(account: Option<&str>) -> LibraryIdentity {
        LibraryIdentity::User(account.map(str::to_owned))
    }

    #[test]
    fn without_a_profile_any_user_account_passes() {
        let profile = CurrentProfile::default();
        assert!(user(Some("bob@example.com")).is_of(&profile, None) && user(None).is_of(&profile, None));
        assert!(!LibraryIdentity::VmAccount(None).is_of(&profile, None));
        assert!(!LibraryIdentity::AccessToken(None).is_of(&profile, None));
    }

    #[test]
    fn a_profile_that_acts_as_a_service_account_is_that() {
        let profile = CurrentProfile {
            account: Some("ada@example.com".to_owned()),
            acting_as: Some("reader@p1.iam.gserviceaccount.com".to_owned()),
            ..CurrentProfile::default()
        };
        let acting_as =
            |account: &str| LibraryIdentity::ServiceAccount(Some(account.to_owned())).is_of(&profile, None);
        assert!(acting_as("reader@p1.iam.gserviceaccount.com"));
        assert!(!acting_as("vm@p1.iam.gserviceaccount.com"));
        assert!(!user(Some("ada@example.com")).is_of(&profile, None));
    }

    #[test]
    fn an_unknown_account_passes_with_the_profiles_own_file_only() {
        let profile = CurrentProfile {
            account: Some("ada@example.com".to_owned()),
            adc: Some("/d/adc.json".into()),
            ..CurrentProfile::default()
        };
        assert!(user(Some("Ada@example.com")).is_of(&profile, None));
        assert!(!user(Some("bob@example.com")).is_of(&profile, Some(Path::new("/d/adc.json"))));
        assert!(user(None).is_of(&profile, Some(Path::new("/d/adc.json"))));
        assert!(!user(None).is_of(&profile, Some(Path::new("/elsewhere.json"))));
    }
}
