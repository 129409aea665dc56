//! A grant, as Google sees it: what a user allowed to one Cloud project. Several profiles may share it, and it
//! is revoked as a whole (<https://developers.google.com/identity/protocols/oauth2/native-app#tokenrevoke>).

use std::time::Duration;

use crate::app::{App, Loaded};
use crate::credential::client;
use crate::credential::profile::{self, Profile};
use crate::credential::profile_name::ProfileName;
use crate::lifecycle::revocation::Revocation;
use crate::output::error::{Error, Result};
use crate::system::private_file::Lock;

/// Whether two clients belong to one Cloud project, so that one grant covers both.
pub(crate) fn same_project(one: &str, other: &str) -> bool {
    one == other
        || (client::is_googles(one)
            && client::is_googles(other)
            && client::project_number(one)
                .zip(client::project_number(other))
                .is_some_and(|(one, other)| one == other))
}

/// Whether two profiles are known to be of one user.
pub(crate) fn is_same_user(one: &Profile, other: &Profile) -> bool {
    match (&one.sub, &other.sub, &one.account, &other.account) {
        (Some(one), Some(other), ..) => one == other,
        (.., Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => false,
    }
}

/// Whether revoking the credential of one profile revokes that of the other.
fn is_shared(one: &Profile, other: &Profile) -> bool {
    if one.fingerprint.is_some() && one.fingerprint == other.fingerprint {
        return true;
    }
    let clients = one.client_id.as_deref().zip(other.client_id.as_deref());
    is_same_user(one, other)
        && clients.is_some_and(|(one, other)| same_project(one, other))
        && one.endpoints == other.endpoints
}

/// The other profiles here that share this one's grant.
pub(crate) fn siblings(app: &App, loaded: &Loaded) -> Vec<(ProfileName, Profile)> {
    let names = profile::names(&app.paths).unwrap_or_default();
    names
        .into_iter()
        .filter(|name| *name != loaded.name)
        .filter_map(|name| {
            let profile = app.known_profile(&name).ok()??;
            is_shared(&loaded.profile, &profile).then_some((name, profile))
        })
        .collect()
}

/// One process at a time revokes or replaces a profile's grant. Unlike other locks it is held while a user
/// signs in: others can still use the profile, but not rotate or revoke it.
pub(crate) fn claim(app: &App, name: &ProfileName) -> Result<Lock> {
    Lock::acquire_within(&app.paths.grant_lock(name), Duration::ZERO)?.ok_or_else(|| {
        Error::other(format!("another bqcred is rotating or revoking profile {name} at this moment"))
            .unchanged()
            .hint("wait until it is done, then look at `bqcred status`")
    })
}

/// Refuses a server at which nothing can be revoked, before the user is asked. `left` is what is known of the credential.
pub(crate) fn check_revocable(loaded: &Loaded, left: Revocation) -> Result<()> {
    if loaded.endpoints().revoke_uri.is_some() {
        return Ok(());
    }
    Err(Error::other(format!(
        "this credential's server has no revocation endpoint that bqcred knows of; the credential {}",
        left.describe()
    ))
    .hint(
        "revoke it on the server's own pages, then `bqcred forget`; or name a `revoke_uri` in the client file",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(account: &str, client: &str) -> Profile {
        Profile {
            account: Some(account.to_owned()),
            client_id: Some(client.to_owned()),
            ..Profile::default()
        }
    }

    #[test]
    fn profiles_of_one_account_and_one_cloud_project_share_a_grant() {
        let ada = profile("ada@example.com", "12-a.apps.googleusercontent.com");
        assert!(is_shared(&ada, &profile("Ada@Example.com", "12-b.apps.googleusercontent.com")));
        assert!(!is_shared(&ada, &profile("bob@example.com", "12-a.apps.googleusercontent.com")));
        assert!(!is_shared(&ada, &profile("ada@example.com", "13-a.apps.googleusercontent.com")));
        let unknown = Profile { account: None, ..ada.clone() };
        assert!(!is_shared(&unknown, &unknown));
    }

    #[test]
    fn the_permanent_identifier_takes_precedence_over_the_address() {
        let of = |sub: &str, account: &str| Profile { sub: Some(sub.to_owned()), ..profile(account, "c") };
        assert!(is_shared(&of("1", "ada@example.com"), &of("1", "ada.new@example.com")));
        assert!(!is_shared(&of("1", "ada@example.com"), &of("2", "ada@example.com")));
    }

    #[test]
    fn clients_of_other_servers_have_no_project_number() {
        assert!(same_project("x", "x") && !same_project("1-a", "1-b"));
    }
}
