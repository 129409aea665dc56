//! The content of an ADC file, as it is read and checked.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::impersonated::{self, Impersonated};
use super::rejected::{NotAuthorizedUser, OtherType, encoding_problem};
use super::{AuthorizedUser, HOME_KEY, UNIVERSE, UnknownKeys};
use crate::credential::token_only_file;
use crate::output::error::json_problem;
use crate::output::secret::Secret;

/// Keys of the libraries' own caches, which don't belong in a credential file: `scopes` would be sent with
/// every refresh, and a stale `token` would be used.
const CACHE_KEYS: [&str; 5] = ["token", "expiry", "scopes", "token_uri", "id_token"];

/// The file as it is, before it is checked.
#[derive(Deserialize)]
pub(super) struct AdcFile {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) account: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<Secret>,
    pub(super) refresh_token: Option<Secret>,
    pub(super) quota_project_id: Option<String>,
    pub(super) universe_domain: Option<String>,
    #[serde(flatten)]
    pub(super) unknown: Map<String, Value>,
}

pub(super) fn read<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, NotAuthorizedUser> {
    if let Some(problem) = encoding_problem(bytes) {
        return Err(NotAuthorizedUser::Malformed(problem.to_owned()));
    }
    serde_json::from_slice(bytes).map_err(|error| NotAuthorizedUser::Malformed(json_problem(&error)))
}

impl AdcFile {
    /// A credential from a file's content; the file itself if it is of the type that impersonates a service account.
    pub(super) fn into_checked(self, bytes: &[u8]) -> Result<AuthorizedUser, NotAuthorizedUser> {
        if self.kind.as_deref() == Some(impersonated::TYPE) {
            return Impersonated::parse(bytes);
        }
        self.check()?;
        self.into_credential()
    }

    /// Refuses what the libraries would refuse or ignore.
    pub(super) fn check(&self) -> Result<(), NotAuthorizedUser> {
        match self.kind.as_deref() {
            Some("authorized_user") => {}
            None if self.unknown.contains_key("installed") || self.unknown.contains_key("web") => {
                return Err(NotAuthorizedUser::ClientFile);
            }
            None => return Err(NotAuthorizedUser::MissingKeys(vec!["type"])),
            Some(other) => {
                return Err(NotAuthorizedUser::OtherType(OtherType::named(
                    other,
                    self.unknown.contains_key("bqcred"),
                )));
            }
        }
        if self.client_id.as_deref().is_some_and(token_only_file::is_client) {
            return Err(NotAuthorizedUser::OtherType(OtherType::ExportedToken));
        }
        check_universe(self.universe_domain.as_deref())?;
        let texts = [&self.account, &self.client_id, &self.quota_project_id];
        if texts.into_iter().flatten().any(|text| text.chars().any(char::is_control)) {
            return Err(NotAuthorizedUser::Malformed("has a control character in a value".to_owned()));
        }
        Ok(())
    }

    pub(super) fn into_credential(self) -> Result<AuthorizedUser, NotAuthorizedUser> {
        let client_id = self.client_id.filter(|id| !id.is_empty());
        let refresh_token = self.refresh_token.filter(|token| !token.expose().is_empty());
        let missing = [
            ("client_id", client_id.is_none()),
            ("client_secret", self.client_secret.is_none()),
            ("refresh_token", refresh_token.is_none()),
        ];
        let (Some(client_id), Some(client_secret), Some(refresh_token)) =
            (client_id, self.client_secret, refresh_token)
        else {
            return Err(NotAuthorizedUser::MissingKeys(
                missing.into_iter().filter_map(|(key, is_missing)| is_missing.then_some(key)).collect(),
            ));
        };
        Ok(AuthorizedUser {
            account: self.account.unwrap_or_default(),
            client_id,
            client_secret,
            refresh_token,
            quota_project_id: self.quota_project_id.filter(|project| !project.is_empty()),
            unknown: UnknownKeys::of(self.unknown),
            impersonated: None,
        })
    }
}

/// The libraries refresh user credentials in one universe alone.
pub(super) fn check_universe(universe: Option<&str>) -> Result<(), NotAuthorizedUser> {
    match universe {
        None | Some("" | UNIVERSE) => Ok(()),
        Some(_) => Err(NotAuthorizedUser::OtherUniverse),
    }
}

impl UnknownKeys {
    /// Those of a file that may be kept.
    pub(super) fn of(keys: Map<String, Value>) -> UnknownKeys {
        let is_kept = |(key, _): &(String, Value)| key != HOME_KEY && !CACHE_KEYS.contains(&key.as_str());
        UnknownKeys(keys.into_iter().filter(is_kept).collect())
    }
}
