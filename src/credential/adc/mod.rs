//! A user's application-default credential (ADC), as gcloud writes it: the one reader and writer of
//! `authorized_user` JSON (<https://google.aip.dev/auth/4113>), by itself or as what a service account is
//! impersonated with.

mod ascii_json;
mod file;
mod impersonated;
mod item;
mod rejected;

use crate::system::hash;
use serde_json::{Map, Value};

use crate::oauth::ActingAs;
use crate::output::secret::{Secret, SecretBytes};
use crate::system::clock::Time;
use ascii_json::AsciiJson;
use file::{AdcFile, read};
use impersonated::Impersonated;

pub(crate) use item::{cached_token, data_folder};
pub(crate) use rejected::{NotAuthorizedUser, STUB, encoding_problem};

/// The universe that Google's libraries refresh user credentials in; they refuse others.
const UNIVERSE: &str = "googleapis.com";

/// The key of a keyring item that names the data folder whose profile it belongs to. Only in the keyring.
const HOME_KEY: &str = "bqcred_data_folder";

/// One user's grant, as an ADC file holds it.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizedUser {
    /// The address that the file names; empty in a file that gcloud wrote without one.
    pub(crate) account: String,
    /// The OAuth client that the grant was given to.
    pub(crate) client_id: String,
    /// The client's secret; empty for a public client.
    pub(crate) client_secret: Secret,
    /// What new access tokens are requested with.
    pub(crate) refresh_token: Secret,
    /// The project that requests count against, where the user asked for one.
    pub(crate) quota_project_id: Option<String>,
    /// Keys that bqcred doesn't know; they are kept.
    unknown: UnknownKeys,
    /// The service account that the user acts as by this credential, if any.
    impersonated: Option<Impersonated>,
}

/// Keys that bqcred doesn't know. Their values may be secret, so `Debug` leaves them out.
#[derive(Clone, Default)]
struct UnknownKeys(Map<String, Value>);

impl std::fmt::Debug for UnknownKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl AuthorizedUser {
    /// A new credential, as a sign-in makes it.
    pub(crate) fn new(account: &str, client_id: &str, client_secret: Secret, refresh_token: Secret) -> Self {
        AuthorizedUser {
            account: account.to_owned(),
            client_id: client_id.to_owned(),
            client_secret,
            refresh_token,
            quota_project_id: None,
            unknown: UnknownKeys::default(),
            impersonated: None,
        }
    }

    /// Reads the content of an ADC file.
    pub(crate) fn parse(bytes: &[u8]) -> Result<AuthorizedUser, NotAuthorizedUser> {
        read::<AdcFile>(bytes)?.into_checked(bytes)
    }

    /// Reads a credential to import: the content of an ADC file, or what google-auth's `Credentials.to_json` writes
    /// (`token.json` in Google's examples), which has no `type`. Libraries don't take that one for an ADC file. The second
    /// value is the address that the file says its tokens come from, which is not kept.
    pub(crate) fn parse_to_import(
        bytes: &[u8],
    ) -> Result<(AuthorizedUser, Option<String>), NotAuthorizedUser> {
        let file: AdcFile = read(bytes)?;
        let token_uri = file.unknown.get("token_uri").and_then(Value::as_str).filter(|uri| !uri.is_empty());
        let token_uri = token_uri.map(str::to_owned);
        let is_google_auths = file.refresh_token.is_some() && file.client_id.is_some();
        let kind = file.kind.clone().or_else(|| is_google_auths.then(|| "authorized_user".to_owned()));
        AdcFile { kind, ..file }.into_checked(bytes).map(|credential| (credential, token_uri))
    }

    /// The service account that the user acts as by this credential, if any.
    pub(crate) fn acting_as(&self) -> Option<&ActingAs> {
        self.impersonated.as_ref().map(|impersonated| &impersonated.acting_as)
    }

    /// Whose it is, for people: the account, and the service account that it acts as; `None` for an unknown account.
    pub(crate) fn who(&self) -> Option<String> {
        let account = Some(&self.account).filter(|account| !account.is_empty())?;
        Some(match self.acting_as() {
            Some(acting_as) => format!("{account} acting as {}", acting_as.account),
            None => account.clone(),
        })
    }

    /// The same credential by which the user acts as this service account, or, with `None`, as no other.
    pub(crate) fn act_as(&mut self, acting_as: Option<&ActingAs>) {
        if self.acting_as() != acting_as {
            self.impersonated = acting_as.cloned().map(Impersonated::new);
        }
    }

    /// The content of an ADC file, byte for byte as gcloud writes one: sorted keys, two spaces,
    /// ASCII only, no final newline.
    pub(crate) fn to_adc_json(&self) -> SecretBytes {
        self.to_json(None, None)
    }

    /// The content of a keyring item: the same, with the data folder that it belongs to, and an access token under the
    /// keys of google-auth's own caches (`Credentials.to_json`). [`AuthorizedUser::parse`] leaves both out again.
    pub(crate) fn to_item_json(&self, data_folder: &str, token: Option<(&Secret, Time)>) -> SecretBytes {
        self.to_json(Some(data_folder), token)
    }

    fn to_json(&self, data_folder: Option<&str>, token: Option<(&Secret, Time)>) -> SecretBytes {
        let mut object = match &self.impersonated {
            Some(impersonated) => impersonated.around(self.to_object()),
            None => self.to_object(),
        };
        let mut set = |key: &str, value: &str| object.insert(key.to_owned(), Value::from(value));
        if let Some(project) = &self.quota_project_id {
            set("quota_project_id", project);
        }
        if let Some(folder) = data_folder {
            set(HOME_KEY, folder);
        }
        if let Some((token, expires)) = token {
            set("token", token.expose());
            set("expiry", &expires.to_string());
        }
        let mut bytes = SecretBytes::new(Vec::with_capacity(1024));
        let mut serializer = serde_json::Serializer::with_formatter(&mut *bytes, AsciiJson::default());
        // writing a JSON value to memory can't fail
        let _ = serde::Serialize::serialize(&object, &mut serializer);
        wipe(&mut object);
        bytes
    }

    /// The user's credential, without a quota project.
    fn to_object(&self) -> Map<String, Value> {
        let mut object = self.unknown.0.clone(); // sorted: serde_json's map is a BTreeMap
        let mut set = |key: &str, value: &str| object.insert(key.to_owned(), Value::from(value));
        set("account", &self.account);
        set("client_id", &self.client_id);
        set("client_secret", self.client_secret.expose());
        set("refresh_token", self.refresh_token.expose());
        set("type", "authorized_user");
        set("universe_domain", UNIVERSE);
        object
    }

    /// Identifies the refresh token without revealing anything of it, so that a cached access token or
    /// `profile.json` can name the credential that it belongs to.
    pub(crate) fn fingerprint(&self) -> String {
        hash::fingerprint(self.refresh_token.expose().as_bytes())
    }
}

/// Overwrites the secrets that a JSON object holds a copy of.
pub(crate) fn wipe(object: &mut Map<String, Value>) {
    for value in object.values_mut() {
        match value.take() {
            Value::String(text) => drop(Secret::new(text)),
            Value::Object(mut object) => wipe(&mut object),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GCLOUD: &str = r#"{
  "account": "",
  "client_id": "1-a.apps.googleusercontent.com",
  "client_secret": "GOCSPX-b",
  "quota_project_id": "p1",
  "refresh_token": "1//0c",
  "type": "authorized_user",
  "universe_domain": "googleapis.com"
}"#;

    /// Files hold it: another one would invalidate all cached tokens and what is known of the profiles.
    #[test]
    fn the_fingerprint_is_half_of_the_sha_256() {
        let credential = AuthorizedUser::new("", "1-a", Secret::new(""), Secret::new("1//0abc"));
        assert_eq!(credential.fingerprint(), "64d49aec1429760eb4a0b7a0a9518abf");
    }

    #[test]
    fn a_file_of_gclouds_is_written_byte_for_byte() {
        let user = AuthorizedUser::parse(GCLOUD.as_bytes()).unwrap();
        assert_eq!(std::str::from_utf8(&user.to_adc_json()).unwrap(), GCLOUD);
    }

    #[test]
    fn empty_quota_project_is_none() {
        let user = AuthorizedUser::parse(GCLOUD.replace("p1", "").as_bytes()).unwrap();
        assert_eq!(user.quota_project_id, None);
        assert!(!String::from_utf8_lossy(&user.to_adc_json()).contains("quota_project_id"));
    }

    #[test]
    fn token_json_of_google_auth_is_for_import_only() {
        let text = r#"{"token": "ya29.a", "refresh_token": "1//0c", "token_uri": "https://oauth2.googleapis.com/token",
            "client_id": "1-a", "client_secret": "b", "scopes": ["openid"], "universe_domain": "googleapis.com",
            "account": "", "expiry": "2026-01-01T00:00:00Z"}"#;
        let (user, token_uri) = AuthorizedUser::parse_to_import(text.as_bytes()).unwrap();
        assert_eq!(token_uri.as_deref(), Some("https://oauth2.googleapis.com/token"));
        assert_eq!((user.client_id.as_str(), user.refresh_token.expose()), ("1-a", "1//0c"));
        assert!(user.unknown.0.is_empty());
        let missing = NotAuthorizedUser::MissingKeys(vec!["type"]);
        assert_eq!(AuthorizedUser::parse(text.as_bytes()).unwrap_err(), missing);
        let no_refresh_token = text.replace("\"refresh_token\"", "\"other\"");
        assert_eq!(AuthorizedUser::parse_to_import(no_refresh_token.as_bytes()).unwrap_err(), missing);
        let secret = NotAuthorizedUser::MissingKeys(vec!["client_secret"]);
        let no_secret = text.replace("\"client_secret\"", "\"other\"");
        assert_eq!(AuthorizedUser::parse_to_import(no_secret.as_bytes()).unwrap_err(), secret);
        assert_eq!(
            AuthorizedUser::parse_to_import(GCLOUD.as_bytes()).unwrap().0.refresh_token.expose(),
            "1//0c"
        );
    }

    /// With and without what its constructor and `strip` leave out.
    #[test]
    fn token_json_of_google_auth_has_many_forms() {
        let required = r#""refresh_token": "1//0c", "client_id": "1-a", "client_secret": "b""#;
        for more in [
            "",
            r#", "token": "ya29.a", "token_uri": "https://oauth2.googleapis.com/token""#,
            r#", "expiry": "2026-01-01T00:00:00Z", "universe_domain": "googleapis.com", "account": """#,
            r#", "scopes": ["openid"], "rapt_token": "r", "account": "ada@example.com""#,
            r#", "scopes": "openid email", "universe_domain": null, "token": null, "quota_project_id": null"#,
        ] {
            let (user, _) =
                AuthorizedUser::parse_to_import(format!("{{{required}{more}}}").as_bytes()).unwrap();
            let kept: Vec<&str> = user.unknown.0.keys().map(String::as_str).collect();
            assert!(kept.is_empty() || kept == ["rapt_token"], "{more}: {kept:?}");
            assert_eq!((user.refresh_token.expose(), &user.quota_project_id), ("1//0c", &None), "{more}");
        }
    }

    #[test]
    fn cache_keys_are_dropped_and_unknown_keys_are_kept() {
        let text = r#"{"type":"authorized_user","client_id":"a","client_secret":"b","refresh_token":"c",
            "token":"t","expiry":"e","scopes":["s"],"token_uri":"u","id_token":"i","x":{"y":[1,{}]},"é":"ü😀"}"#;
        let json = AuthorizedUser::parse(text.as_bytes()).unwrap().to_adc_json();
        let text = std::str::from_utf8(&json).unwrap();
        let value: Value = serde_json::from_str(text).unwrap();
        let keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            ["account", "client_id", "client_secret", "refresh_token", "type", "universe_domain", "x", "é"]
        );
        assert!(text.is_ascii() && text.contains(r#""\u00fc\ud83d\ude00""#));
    }

    #[test]
    fn debug_shows_no_secret() {
        let text = r#"{"type":"authorized_user","client_id":"a","client_secret":"canary","refresh_token":"canary",
            "rapt_token":"canary"}"#;
        let user = AuthorizedUser::parse(text.as_bytes()).unwrap();
        assert!(!format!("{user:?}").contains("canary"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = AuthorizedUser::parse(&bytes);
        }

        #[test]
        fn a_value_of_the_wrong_type_is_never_quoted(key in "account|client_id|refresh_token|type|universe_domain", number in 100_000_u32..) {
            let text = format!(r#"{{"{key}": {number}}}"#);
            let problem = AuthorizedUser::parse(text.as_bytes()).unwrap_err().problem();
            prop_assert!(!problem.contains(&number.to_string()), "{}", problem);
        }

        #[test]
        fn values_survive_a_round_trip(account in "\\PC*", secret in "\\PC*", token in "\\PC+") {
            let user = AuthorizedUser::new(&account, "id", Secret::new(secret.clone()), Secret::new(token.clone()));
            let back = AuthorizedUser::parse(&user.to_adc_json()).unwrap();
            prop_assert_eq!(back.account, account);
            prop_assert_eq!(back.client_secret.expose(), secret);
            prop_assert_eq!(back.refresh_token.expose(), token);
        }
    }
}
