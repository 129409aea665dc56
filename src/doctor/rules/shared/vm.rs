//! The VM's service account, which most libraries take where they find no file.

use crate::doctor::facts::Facts;
use crate::doctor::facts::metadata_server;
use crate::doctor::prediction::identity::LibraryIdentity;
use crate::doctor::prediction::problem::LibraryProblem;
use crate::doctor::prediction::steps::Steps;

/// The metadata server's address where a variable that is set and not empty names it, else its usual name.
pub(crate) fn host(facts: &Facts, variable: &str) -> String {
    facts.environment.text(variable).unwrap_or_else(|| metadata_server::NAME.to_owned())
}

/// The metadata server answered, and the VM has this service account.
pub(crate) fn account(steps: &mut Steps, host: &str, account: String) -> LibraryIdentity {
    steps.decided(
        format!("the metadata server at {host} says that this is a Google VM"),
        LibraryIdentity::VmAccount(Some(account)),
    )
}

/// The library takes this machine for a VM, but `--offline` forbids to ask for the account.
pub(crate) fn not_asked(steps: &mut Steps) -> LibraryIdentity {
    let what = "the library takes this machine for a Google VM; its metadata server was not asked";
    steps.decided(what, LibraryIdentity::VmAccount(None))
}

/// The library takes this machine for a VM, but the metadata server has no account for it.
pub(crate) fn without_token(steps: &mut Steps, host: &str) -> LibraryIdentity {
    let what = format!("the library takes this machine for a Google VM, but {host} gives no token");
    steps.decided(what, LibraryIdentity::Fails(LibraryProblem::NoMetadata))
}

/// There is no VM's service account, and nothing else to try.
pub(crate) fn nothing_found(facts: &Facts, steps: &mut Steps, host: &str) -> LibraryIdentity {
    steps.decided(none(facts, host), LibraryIdentity::Fails(LibraryProblem::NothingFound))
}

/// A variable of the guard keeps the library from asking.
pub(crate) fn guarded(steps: &mut Steps, setting: &str) -> LibraryIdentity {
    let what = format!("{setting} keeps it from asking for the VM's service account");
    steps.decided(what, LibraryIdentity::Fails(LibraryProblem::NothingFound))
}

/// Why there is no VM's service account, in a sentence.
pub(crate) fn none(facts: &Facts, host: &str) -> String {
    match facts.offline {
        true => format!("{host} was not asked whether this is a Google VM"),
        false => format!("this is not a Google VM: no metadata server answers at {host}"),
    }
}
