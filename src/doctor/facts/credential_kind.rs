//! The kinds of credential that a file can hold, and which parts of each the libraries need.

use std::path::PathBuf;

use crate::doctor::facts::json::{Json, JsonParser, Members};
use crate::doctor::facts::private_key::{PemReader, PrivateKey};
use crate::doctor::facts::user_credential::{self, Expiry, UserCredential};
use crate::handover::broker::session_file;
use crate::handover::stub;

/// The kinds of credential, by the file's `type`.
#[derive(Debug)]
pub(crate) enum CredentialKind {
    /// A user account's.
    User(UserCredential),
    /// A service account key.
    ServiceAccount(ServiceAccountKey),
    /// Impersonates a service account by another credential.
    Impersonated {
        /// The service account.
        account: Option<String>,
        /// The user credential that it does it with, if it is one.
        source: Option<Box<UserCredential>>,
        /// Whether it has every part that is needed.
        complete: bool,
    },
    /// Workload identity federation.
    External {
        /// The file with the other provider's token, if it is kept in one.
        token_file: Option<PathBuf>,
        /// Whether it has every part that is needed.
        complete: bool,
    },
    /// Workforce identity federation. `complete`: it has what a refresh takes.
    ExternalUser { complete: bool },
    /// Not a credential but a description of where users of a workforce pool sign in.
    WorkforceSignIn,
    /// A session file of `bqcred exec --token-only`.
    TokenOnly,
    /// A service account of Google Distributed Cloud, which BigQuery does not know.
    DistributedCloud,
    /// A file of bqcred's in place of a credential; the reason that it names.
    Stub(String),
    /// No `type`, or an unknown one.
    Unknown,
    /// Not a credential but the file of an OAuth client, which logins run under.
    OAuthClient,
}

/// A service account key.
#[derive(Debug)]
pub(crate) struct ServiceAccountKey {
    /// Its address.
    pub(crate) account: Option<String>,
    /// Its project.
    pub(crate) project: Option<String>,
    /// Whether it has every part that a key needs.
    pub(crate) complete: bool,
    /// What `private_key` is to the library.
    pub(crate) private_key: PrivateKey,
    /// Whether its universe is Google's own.
    pub(crate) google_universe: bool,
}

impl CredentialKind {
    /// From a file's content.
    pub(crate) fn of(members: &Members, parser: JsonParser) -> CredentialKind {
        let name = match members.get("type") {
            // R compares a list of one element as if it were that element
            Some(Json::Array(one)) if parser == JsonParser::R && one.len() == 1 => one.first(),
            value => value,
        };
        match name.map(Json::text) {
            Some(Some("authorized_user")) => CredentialKind::User(UserCredential::of(members, true)),
            Some(Some("service_account")) => {
                CredentialKind::ServiceAccount(ServiceAccountKey::of(members, parser))
            }
            Some(Some("impersonated_service_account")) => impersonated(members),
            Some(Some("external_account")) => external(members),
            Some(Some(session_file::TYPE)) if members.has("bqcred") => CredentialKind::TokenOnly,
            Some(Some("external_account_authorized_user")) => {
                CredentialKind::ExternalUser { complete: is_usable_by_workforce_user(members, parser) }
            }
            Some(Some("external_account_authorized_user_login_config")) => CredentialKind::WorkforceSignIn,
            Some(Some("gdch_service_account")) => CredentialKind::DistributedCloud,
            // old caches of pydata-google-auth and pandas-gbq have no type
            None if members.has("refresh_token") => CredentialKind::User(UserCredential::of(members, false)),
            None if members.has("installed") || members.has("web") => CredentialKind::OAuthClient,
            Some(Some(kind)) => stub::reason_in(kind)
                .map_or(CredentialKind::Unknown, |reason| CredentialKind::Stub(reason.to_owned())),
            _ => CredentialKind::Unknown,
        }
    }
}

impl ServiceAccountKey {
    fn of(members: &Members, parser: JsonParser) -> ServiceAccountKey {
        let reader = match parser {
            JsonParser::Python => PemReader::Cryptography,
            _ => PemReader::OpenSsl,
        };
        let key = members.secret("private_key");
        ServiceAccountKey {
            account: members.text("client_email"),
            project: members.text("project_id"),
            complete: has_all(members, &["client_email", "private_key"])
                && (parser == JsonParser::JavaScript || members.text("token_uri").is_some()),
            private_key: key.map_or(PrivateKey::Invalid, |key| PrivateKey::read(key.expose(), reader)),
            google_universe: user_credential::is_google_universe(members),
        }
    }
}

/// As google-auth's `impersonated_credentials` reads it.
fn impersonated(members: &Members) -> CredentialKind {
    let source = members.get("source_credentials").and_then(Json::members);
    let kind = source.and_then(|source| source.text("type"));
    let account =
        members.text("service_account_impersonation_url").and_then(|url| impersonated_account(&url));
    let known = ["authorized_user", "service_account", "external_account_authorized_user"];
    let has_source = kind.as_deref().is_some_and(|kind| known.contains(&kind));
    CredentialKind::Impersonated {
        source: source
            .filter(|_| kind.as_deref() == Some("authorized_user"))
            .map(|source| Box::new(UserCredential::of(source, true))),
        complete: has_source && account.is_some(),
        account,
    }
}

/// The account in `…/serviceAccounts/NAME:generateAccessToken`.
fn impersonated_account(url: &str) -> Option<String> {
    let (before, _) = url.split_once(":generateAccessToken")?;
    Some(before.rsplit_once('/')?.1.to_owned())
}

fn external(members: &Members) -> CredentialKind {
    let source = members.get("credential_source").and_then(Json::members);
    CredentialKind::External {
        token_file: source.and_then(|source| source.text("file")).map(PathBuf::from),
        complete: has_all(members, &["audience", "subject_token_type", "token_url"]) && source.is_some(),
    }
}

/// It can be refreshed, or, for google-auth, has an access token that counts as valid.
fn is_usable_by_workforce_user(members: &Members, parser: JsonParser) -> bool {
    let is_valid = || !members.has("expiry") || Expiry::of(members.get("expiry")) == Expiry::Future;
    has_all(members, &["refresh_token", "token_url", "client_id", "client_secret"])
        || (parser == JsonParser::Python && members.text("token").is_some() && is_valid())
}

fn has_all(members: &Members, keys: &[&str]) -> bool {
    keys.iter().all(|key| members.text(key).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::facts::json;

    fn kind(text: &str) -> CredentialKind {
        let json = json::parse(text.as_bytes(), JsonParser::Python).unwrap();
        CredentialKind::of(json.members().unwrap(), JsonParser::Python)
    }

    #[test]
    fn the_impersonated_account_is_read_from_the_url() {
        let text = r#"{"type":"impersonated_service_account","source_credentials":{"type":"authorized_user"},
            "service_account_impersonation_url":
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/sa@p.iam.gserviceaccount.com:generateAccessToken"}"#;
        let CredentialKind::Impersonated { account, complete, .. } = kind(text) else { panic!() };
        assert_eq!((account.as_deref(), complete), (Some("sa@p.iam.gserviceaccount.com"), true));
    }

    #[test]
    fn a_workforce_credential_needs_what_a_refresh_sends_or_a_token() {
        let complete = |keys: &str| {
            let text = format!(r#"{{"type":"external_account_authorized_user"{keys}}}"#);
            matches!(kind(&text), CredentialKind::ExternalUser { complete: true })
        };
        assert!(complete(r#","refresh_token":"r","token_url":"u","client_id":"i","client_secret":"s""#));
        assert!(!complete(r#","refresh_token":"r","token_url":"u""#));
        assert!(complete(r#","token":"t""#) && complete(r#","token":"t","expiry":"2999-01-01T00:00:00Z""#));
        assert!(!complete(r#","token":"t","expiry":"2001-01-01T00:00:00Z""#));
        let sign_in = r#"{"type":"external_account_authorized_user_login_config"}"#;
        assert!(matches!(kind(sign_in), CredentialKind::WorkforceSignIn));
    }

    #[test]
    fn the_file_of_an_oauth_client_is_not_a_credential() {
        assert!(matches!(kind(r#"{"installed":{"client_id":"x"}}"#), CredentialKind::OAuthClient));
    }
}
