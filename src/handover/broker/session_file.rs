//! The ADC file by which libraries find the broker: of type `external_account_authorized_user`, because its
//! `token_url` may be any address, and every current library reads it
//! (<https://google.aip.dev/auth/4117>).

use serde::Serialize;

use super::requests::TOKEN_PATH;
use crate::output::secret::SecretBytes;

/// The type that libraries know such a file by.
pub(crate) const TYPE: &str = "external_account_authorized_user";

/// The content of a session file, which holds a handle of the broker's where others hold a refresh token.
#[derive(Serialize)]
pub(crate) struct SessionFile {
    #[serde(rename = "type")]
    kind: String,
    /// There is no such pool. google-auth searches in it for a name, logs an error if there is none, and otherwise
    /// asks Google in the background where that pool may be used from, and ignores that it doesn't exist.
    audience: String,
    client_id: String,
    client_secret: String,
    refresh_token: String,
    token_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota_project_id: Option<String>,
    universe_domain: String,
    /// For bqcred itself.
    pub(crate) bqcred: About,
}

/// What `doctor` and `status` say of a session file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct About {
    /// The profile.
    pub(crate) profile: String,
    /// The signed-in account.
    pub(crate) account: String,
    /// The service account that it acts as, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acting_as: Option<String>,
    /// What the tokens allow.
    pub(crate) scopes: Vec<String>,
    /// The process that answers.
    pub(crate) broker: u32,
}

impl SessionFile {
    /// The file for a broker.
    pub(crate) fn new(broker: &super::Broker, quota_project: Option<&str>, about: About) -> SessionFile {
        SessionFile {
            kind: TYPE.to_owned(),
            audience: "//iam.googleapis.com/locations/global/workforcePools/bqcred/providers/token-only"
                .to_owned(),
            client_id: "bqcred".to_owned(),
            client_secret: "none".to_owned(),
            refresh_token: broker.secrets().handle.expose().to_owned(),
            token_url: format!("http://127.0.0.1:{}{TOKEN_PATH}", broker.port()),
            quota_project_id: quota_project.map(str::to_owned),
            universe_domain: "googleapis.com".to_owned(),
            bqcred: about,
        }
    }

    /// As a file.
    pub(crate) fn to_json(&self) -> SecretBytes {
        // a struct of texts always becomes JSON
        SecretBytes::new(serde_json::to_vec_pretty(self).unwrap_or_default())
    }
}
