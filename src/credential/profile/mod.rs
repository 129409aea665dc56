//! Profiles: a credential under a name, and what is known about it that is not secret.

mod condition;
mod description;
mod file;
mod list;
mod matching;
mod person;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::credential::profile_id::ProfileId;
use crate::credential::profile_name::ProfileName;
use crate::credential::state::{CredentialState, PendingRotation, StateRecord};
use crate::oauth::{ActingAs, Endpoints, scopes};
use crate::output::error::{Error, Kind, Result};
use crate::system::clock::Time;

pub(crate) use condition::Condition;
pub(crate) use list::{folders, ids, missing, names};
pub(crate) use person::{Person, another_account};

/// Where a profile's secret is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StoreKind {
    /// A file that only this user can read.
    #[default]
    File,
    /// The operating system's keyring.
    Keyring,
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StoreKind::File => "file",
            StoreKind::Keyring => "keyring",
        })
    }
}

/// How a credential came to bqcred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// A sign-in that bqcred ran, with an OAuth client of the user's.
    Login,
    /// A sign-in that gcloud ran, with its own OAuth client: for bqcred, or before, in a file of its own.
    Gcloud,
    /// A file that another tool made.
    Import,
}

/// What is known about a profile. Kept in `profile.json`; nothing in it is secret.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Profile {
    /// Names the keyring item and the session files. `None` until the profile is first saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<ProfileId>,
    /// The address that Google confirmed, or that an imported file claims (see `account_confirmed`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// The service account that the user acts as, by a credential for that; as the credential says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acting_as: Option<ActingAs>,
    /// Whether Google itself named the account.
    pub(crate) account_confirmed: bool,
    /// Google's permanent identifier of the account; addresses can change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    /// The scopes that Google granted. Empty: not known yet.
    pub(crate) scopes: Vec<String>,
    /// The scopes that the last sign-in asked for in vain: the next one asks for them again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) refused_scopes: Vec<String>,
    /// The project that jobs run in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project: Option<String>,
    /// The project that requests count against, where the user asked for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quota_project: Option<String>,
    /// Where the secret is kept.
    pub(crate) store: StoreKind,
    /// The other store, where a move or a login may have left a copy that has to be removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) leftover: Option<StoreKind>,
    /// The OAuth client that the credential belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    /// Endpoints that the client file named; `None` for Google's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoints: Option<Endpoints>,
    /// Whether others could have changed the endpoints: those of another server than Google's are refused until a new
    /// sign-in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) distrusted: bool,
    /// Which credential this describes ([`crate::credential::adc::AuthorizedUser::fingerprint`]). If the store holds another one,
    /// bqcred did not put it there, and what this says about the account doesn't apply to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<String>,
    /// How the credential came here; `None` if bqcred did not put it into the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<Origin>,
    /// When the user signed in, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signed_in: Option<Time>,
    /// When the refresh token itself expires, where Google said so (time-based access).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token_expires: Option<Time>,
    /// When bqcred last got an access token with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_refreshed: Option<Time>,
    /// How many refresh tokens of this account and client were made here since the last revocation.
    pub(crate) refresh_tokens: u32,
    /// What is known of its validity.
    #[serde(rename = "state")]
    pub(crate) state_record: StateRecord,
    /// A rotation that has not brought a new credential yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rotation: Option<PendingRotation>,
    /// Whether this describes the credential that would be used now, as far as it was looked at.
    #[serde(skip)]
    pub(crate) condition: Condition,
    /// What a newer bqcred keeps here; written back as it is.
    #[serde(flatten)]
    pub(crate) unknown: serde_json::Map<String, serde_json::Value>,
}

impl Profile {
    /// The server other than Google's that others could have put into `profile.json`: no secret is sent there.
    pub(crate) fn distrusted_host(&self) -> Option<String> {
        self.endpoints.as_ref().filter(|_| self.distrusted)?.foreign_host()
    }

    /// Whether the credential is valid, as far as is known here.
    pub(crate) fn state(&self) -> CredentialState {
        self.state_record.state
    }

    /// The scopes that a new sign-in asks for, if nobody names others: what was granted, and what was asked for in vain.
    pub(crate) fn scopes_to_ask(&self) -> Vec<String> {
        let refused = scopes::not_granted(&self.refused_scopes, &self.scopes);
        self.scopes.iter().cloned().chain(refused).collect()
    }

    /// Whether only a new sign-in makes the profile work, as far as is known. A rotation that is not
    /// completed counts: it may have revoked the credential.
    pub(crate) fn needs_sign_in(&self) -> bool {
        self.rotation.is_some() || self.state().needs_sign_in()
    }
}

/// "A profile without a credential": a sign-in that was not completed, or a file that was removed. `sign_in` is
/// the command that makes a new one.
pub(crate) fn without_credential(name: &ProfileName, profile: &Profile, sign_in: &str) -> Error {
    let why = profile.sign_in_reason().map_or(String::new(), |reason| format!(": it {reason}"));
    Error::new(Kind::Missing, format!("profile {name} has no credential{why}")).hint(format!("`{sign_in}`"))
}

/// Checks the id of a project. It is a plain word; anything else is a typing error that would come to light
/// much later.
pub(crate) fn check_project(project: &str) -> Result<()> {
    // "example.com:project" is the older form of an organisation's projects
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
    if !project.is_empty() && project.chars().all(is_plain) {
        return Ok(());
    }
    Err(Error::usage(format!("{project:?} is not a project id"))
        .hint("the id, not the name: https://console.cloud.google.com/cloud-resource-manager lists both"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::credential::paths::Paths;

    /// Paths below a folder of a test's own.
    pub(super) fn paths(root: &Path) -> Paths {
        let at = |name: &str| root.join(name);
        Paths {
            data: at("data"),
            config: at("config"),
            cache: at("cache"),
            state: at("state"),
            runtime: None,
            usual_runtime: at("run"),
            home: at("home"),
            system_client: at("etc"),
        }
    }

    /// A name that is known to be good.
    pub(super) fn named(name: &str) -> ProfileName {
        ProfileName::parse(name).unwrap()
    }

    #[test]
    fn a_project_id_is_a_plain_word() {
        for good in ["my-project-1", "example.com:project", "p_1"] {
            assert!(check_project(good).is_ok(), "{good}");
        }
        for bad in ["", "my project", "a/b", "é"] {
            assert!(check_project(bad).is_err(), "{bad}");
        }
    }
}
