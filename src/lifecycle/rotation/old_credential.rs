//! The old credential of a rotation: its revocation, and what has become of it.

use super::unchanged;
use crate::app::{App, Loaded};
use crate::credential::profile::Profile;
use crate::credential::profile_name::ProfileName;
use crate::credential::state::{CredentialState, PendingRotation, RevokedBy};
use crate::lifecycle::dependents::Dependents;
use crate::lifecycle::{grant, mark};
use crate::login::two_step;
use crate::oauth::Revoked;
use crate::output::error::{Error, Kind, Result};
use crate::output::notes::Notes;
use crate::system::clock::Time;

/// What has become of the old credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OldCredential {
    /// The rotation revoked it.
    Revoked,
    /// It had been revoked or had expired before.
    WasOver,
    /// It was not revoked, and may be valid at the server.
    NotRevoked,
}

/// Revokes the old grant. The profile's state says so before and after, so that any interruption is known.
/// `updated` are the siblings that will get the new credential.
pub(crate) fn revoke_old(
    app: &App,
    loaded: &Loaded,
    dependents: &Dependents,
    updated: &[ProfileName],
) -> Result<Notes> {
    let name = &loaded.name;
    let mut notes = mark::rotating(app, loaded).map_err(|error| unchanged(&error))?;
    let login = app.login_command(name);
    let revoked = grant::revoke(loaded, &login).map_err(|error| still_marked(app, loaded, error))?;
    // the mark stays if this fails: the next refresh that succeeds takes it back
    grant::prove_revoked(loaded, &login)?;
    let pending = |of: Option<&ProfileName>| PendingRotation { since: Time::now(), of: of.cloned() };
    let fingerprint = loaded.credential.fingerprint();
    let marked = mark::revoked(app, name, Some(&fingerprint), Some(pending(None)));
    // had it been revoked before, the others may be of a newer grant
    if revoked == Revoked::Now {
        let of_sibling = |sibling: &ProfileName| updated.contains(sibling).then(|| pending(Some(name)));
        notes.append(mark::siblings_revoked(app, &dependents.siblings, of_sibling));
    }
    // a disk that doesn't take this will not take the new credential either
    let account = loaded.profile.account.as_deref();
    notes.append(marked.map_err(|error| no_new_credential(app, name, account, &error))?);
    Ok(notes)
}

/// The revocation failed, so the profile is as it was; an error that says so if that could not be written down.
fn still_marked(app: &App, loaded: &Loaded, error: Error) -> Error {
    let Err(problem) = mark::restore(app, &loaded.name, &loaded.profile) else { return error };
    let what = format!(
        "{}; profile {} is still marked as being rotated, which could not be undone: {problem}",
        error.what(),
        loaded.name
    );
    error.hint_text().into_iter().fold(Error::new(error.kind(), what), Error::hint)
}

/// Why there is no new credential: the error of its sign-in, and what has become of the old one.
pub(crate) fn explain(
    app: &App,
    name: &ProfileName,
    account: Option<&str>,
    old: OldCredential,
    error: Error,
) -> Error {
    match old {
        OldCredential::Revoked => no_new_credential(app, name, account, &error),
        OldCredential::WasOver | OldCredential::NotRevoked => error,
    }
}

/// That a sign-in changed nothing is true of it, and misleading after the revocation.
fn no_new_credential(app: &App, name: &ProfileName, account: Option<&str>, error: &Error) -> Error {
    let what = error.what().trim_end_matches("; nothing was changed");
    let login = app.login_command(name);
    let account = account.map_or(String::new(), |account| format!(" {account}"));
    let hint = match two_step::waiting(app, name) {
        Some(_) => format!("`{} --finish -` again, or `{login}{account}`", app.command("rotate", name)),
        None => format!("`{login}{account}` signs in; the profile's settings stay"),
    };
    // what is wrong with the disk has to be fixed first
    let of_disk = error.hint_text().filter(|_| error.kind() == Kind::Store).unwrap_or_default();
    let first = of_disk.lines().filter(|line| !line.contains("bqcred login"));
    let hint = first.chain([hint.as_str()]).collect::<Vec<_>>().join("\n");
    Error::new(error.kind(), format!("the old credential is revoked, and there is no new one yet: {what}"))
        .hint(hint)
}

impl OldCredential {
    /// What a profile says of the credential that is to be replaced.
    pub(crate) fn of(profile: &Profile) -> OldCredential {
        let state = profile.state();
        match profile.rotation.is_some() && state == (CredentialState::Revoked { by: RevokedBy::Here }) {
            true => OldCredential::Revoked,
            false if state.is_over() => OldCredential::WasOver,
            false => OldCredential::NotRevoked,
        }
    }

    /// For people.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            OldCredential::Revoked => "the old one is revoked",
            OldCredential::WasOver => "the old one had been revoked or had expired before",
            OldCredential::NotRevoked => "the old one was not revoked: assume that it is still valid",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::state::StateRecord;

    #[test]
    fn only_a_completed_revocation_counts_as_revoked_by_the_rotation() {
        use CredentialState::{ClientDeleted, Expired, ReauthRequired, Revoked, Unknown, Valid};
        let [here, elsewhere] = [RevokedBy::Here, RevokedBy::Elsewhere].map(|by| Revoked { by });
        for (state, is_pending, expected) in [
            (here, true, OldCredential::Revoked),
            (here, false, OldCredential::WasOver),
            (elsewhere, false, OldCredential::WasOver),
            (Expired, false, OldCredential::WasOver),
            (Unknown, true, OldCredential::NotRevoked),
            (ReauthRequired, false, OldCredential::NotRevoked),
            (ClientDeleted, false, OldCredential::NotRevoked),
            (Valid, false, OldCredential::NotRevoked),
        ] {
            let now = Time::now();
            let rotation = is_pending.then_some(PendingRotation { since: now, of: None });
            let profile =
                Profile { state_record: StateRecord::new(state, now), rotation, ..Profile::default() };
            assert_eq!(OldCredential::of(&profile), expected, "{state:?}");
        }
    }
}
