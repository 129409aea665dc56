//! A file that `bqcred export --token-only` wrote: Python takes its access token until that expires, other libraries
//! refresh at once.

use std::path::Path;

use crate::credential::token_only_file::TimeLeft;
use crate::doctor::facts::user_credential::ExportedToken;
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::problem::LibraryProblem;
use crate::doctor::prediction::steps::Steps;
use crate::system::clock::Time;

/// Whose an access token is: `export --as` writes those of service accounts.
pub(super) fn owner(account: Option<String>) -> LibraryIdentity {
    match account.as_ref().is_some_and(|account| account.ends_with(".gserviceaccount.com")) {
        true => LibraryIdentity::ServiceAccount(account),
        false => LibraryIdentity::User(account),
    }
}

/// A file without anything that a refresh takes: Google refuses the words in their place, and is not asked here.
pub(super) fn without_renewal(
    steps: &mut Steps,
    path: &Path,
    file: ExportedToken,
    is_python: bool,
) -> LibraryIdentity {
    let shown = path.display();
    let (what, problem) = match (is_python, file.until) {
        (true, Some(until)) => {
            let now = Time::now();
            let then = until.local(now);
            match TimeLeft::of(until, now) {
                TimeLeft::None => (
                    format!("{shown} holds an access token that expired at {then}"),
                    LibraryProblem::NotRenewed,
                ),
                _ => (
                    format!("{shown} holds an access token that expires at {then}"),
                    LibraryProblem::TokenExpiring,
                ),
            }
        }
        (true, None) => {
            (format!("{shown} holds an access token alone, without its expiry"), LibraryProblem::Incomplete)
        }
        (false, _) => (
            format!("{shown} holds an access token alone, and this library refreshes at once"),
            LibraryProblem::AccessTokenOnly,
        ),
    };
    steps.decided(what, LibraryIdentity::Fails(problem))
}
