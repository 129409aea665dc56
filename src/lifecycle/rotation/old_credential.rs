//! The old credential of a rotation: its revocation, and the errors that come after it.

use crate::app::{App, Loaded};
use crate::credential::profile_name::ProfileName;
use crate::credential::state::PendingRotation;
use crate::credential::waiting::StartedBy;
use crate::lifecycle::dependents::Dependents;
use crate::lifecycle::mark;
use crate::lifecycle::revocation::{self, NotRevoked, Revocation};
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::system::clock::Time;

/// The old credential, of which nothing is left at the server.
pub(crate) struct OldRevoked {
    /// Whether this run revoked it.
    pub(crate) left: Revocation,
    /// The siblings that are marked as revoked with it, and get the new credential.
    pub(crate) siblings: Vec<ProfileName>,
    /// What the user should know of it.
    pub(crate) notes: Notes,
}

/// Revokes the old grant. The profile's state says so before and after, so that any interruption is known.
/// `wanted` are the siblings that are to get the new credential; `heard` is what the server said in this run.
pub(crate) fn revoke_old(
    app: &App,
    loaded: &Loaded,
    dependents: &Dependents,
    wanted: Vec<ProfileName>,
    heard: Revocation,
) -> Result<OldRevoked> {
    let name = &loaded.name;
    let mut notes = mark::rotating(app, loaded).map_err(Error::unchanged)?;
    let left = revocation::revoke(app, loaded, heard).map_err(|failed| unmark(app, loaded, failed))?;
    let pending = |of: Option<&ProfileName>| PendingRotation { since: Time::now(), of: of.cloned() };
    let fingerprint = loaded.credential.fingerprint();
    let marked = mark::revoked(app, name, Some(&fingerprint), Some(pending(None)));
    // had it been revoked before, the others may be of a newer grant
    let siblings = if left == Revocation::Done { wanted } else { Vec::new() };
    if left == Revocation::Done {
        let of_sibling = |sibling: &ProfileName| siblings.contains(sibling).then(|| pending(Some(name)));
        notes.append(mark::siblings_revoked(app, &dependents.siblings, of_sibling));
    }
    // a disk that doesn't take this will not take the new credential either
    let account = loaded.profile.account.as_deref();
    notes.append(marked.map_err(|error| no_new_credential(app, name, account, left, &error))?);
    Ok(OldRevoked { left, siblings, notes })
}

/// The siblings of an earlier run of this rotation, which revoked them and brought nothing new.
pub(crate) fn waiting_siblings(app: &App, name: &ProfileName, dependents: &Dependents) -> Vec<ProfileName> {
    let is_waiting = |sibling: &ProfileName| {
        let profile = app.known_profile(sibling).ok().flatten();
        profile
            .and_then(|profile| profile.rotation)
            .is_some_and(|rotation| rotation.of.as_ref() == Some(name))
    };
    let siblings = dependents.siblings.iter().map(|(sibling, _)| sibling);
    siblings.filter(|sibling| is_waiting(sibling)).cloned().collect()
}

/// Takes the mark back where the credential is known not to be revoked. Else it stays: the next refresh that succeeds
/// takes it back.
fn unmark(app: &App, loaded: &Loaded, failed: NotRevoked) -> Error {
    let NotRevoked { may_be_done, error } = failed;
    if may_be_done {
        return error;
    }
    let Err(problem) = mark::restore(app, &loaded.name, &loaded.profile) else { return error };
    let what = format!(
        "{}; profile {} is still marked as being rotated, which could not be undone: {problem}",
        error.what(),
        loaded.name
    );
    error.hint_text().into_iter().fold(Error::new(error.kind(), what), Error::hint)
}

/// Why there is no new credential: the error of its sign-in, and what is left of the old one.
pub(crate) fn explain(
    app: &App,
    name: &ProfileName,
    account: Option<&str>,
    old: Revocation,
    error: Error,
) -> Error {
    if old.is_by_rotation() { no_new_credential(app, name, account, old, &error) } else { error }
}

/// After the revocation, that a sign-in changed nothing is misleading, and other commands help.
fn no_new_credential(
    app: &App,
    name: &ProfileName,
    account: Option<&str>,
    old: Revocation,
    error: &Error,
) -> Error {
    let login = app.login_command(name);
    let account = account.map_or(String::new(), |account| format!(" {account}"));
    let next = match app.waiting(name, None) {
        Some(waiting) => {
            let finish = app.finish_command(name, waiting.started_by());
            let how = if waiting.started_by() == StartedBy::Rotate {
                "again, or"
            } else {
                "completes it; or start again:"
            };
            format!("`{finish}` {how} `{login}{account}`")
        }
        None => format!("`{login}{account}` signs in; the profile's settings stay"),
    };
    let what =
        format!("the old credential {}, and there is no new one yet: {}", old.describe(), error.what());
    let explained = Error::new(error.kind(), what);
    // what is wrong with the disk has to be fixed first
    match error.hint_text().filter(|_| error.kind() == Kind::Store) {
        Some(hint) => explained.hint(hint).then(next),
        None => explained.hint(next),
    }
}
