//! A credential by which a user acts as a service account, as `gcloud auth application-default login
//! --impersonate-service-account` writes it: the user's own lies inside.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::file::{AdcFile, check_universe, read};
use super::rejected::OtherType;
use super::{AuthorizedUser, NotAuthorizedUser, UnknownKeys};
use crate::oauth::{ActingAs, is_googles_token_uri};

/// The type of such a file.
pub(super) const TYPE: &str = "impersonated_service_account";

const SOURCE: &str = "source_credentials";
const URL: &str = "service_account_impersonation_url";
const DELEGATES: &str = "delegates";
const QUOTA_PROJECT: &str = "quota_project_id";

/// What is around a user's credential.
#[derive(Clone, Debug)]
pub(super) struct Impersonated {
    /// The service account.
    pub(super) acting_as: ActingAs,
    /// Address and delegates as they were read, and keys that bqcred doesn't know.
    keys: UnknownKeys,
}

/// The file as it is, before it is checked.
#[derive(Deserialize)]
struct ImpersonatedFile {
    source_credentials: Option<Map<String, Value>>,
    quota_project_id: Option<String>,
    universe_domain: Option<String>,
    #[serde(flatten)]
    keys: Map<String, Value>,
}

impl Impersonated {
    /// As gcloud writes it.
    pub(super) fn new(acting_as: ActingAs) -> Impersonated {
        let mut keys = UnknownKeys::default();
        keys.0.insert("type".to_owned(), TYPE.into());
        keys.0.insert(URL.to_owned(), acting_as.url().into());
        keys.0.insert(DELEGATES.to_owned(), acting_as.delegate_names().into());
        Impersonated { acting_as, keys }
    }

    /// Reads a file of this type.
    pub(super) fn parse(bytes: &[u8]) -> Result<AuthorizedUser, NotAuthorizedUser> {
        let file: ImpersonatedFile = read(bytes)?;
        check_universe(file.universe_domain.as_deref())?;
        if file.quota_project_id.iter().any(|project| project.chars().any(char::is_control)) {
            return Err(NotAuthorizedUser::Malformed("has a control character in a value".to_owned()));
        }
        let mut user = user(file.source_credentials.unwrap_or_default())?;
        let acting_as = acting_as(&file.keys)?;
        user.quota_project_id = file.quota_project_id.filter(|project| !project.is_empty());
        let mut keys = UnknownKeys::of(file.keys);
        keys.0.extend(file.universe_domain.map(|universe| ("universe_domain".to_owned(), universe.into())));
        user.impersonated = Some(Impersonated { acting_as, keys });
        Ok(user)
    }

    /// The file's content around a user's credential.
    pub(super) fn around(&self, user: Map<String, Value>) -> Map<String, Value> {
        let mut object = self.keys.0.clone();
        object.insert(SOURCE.to_owned(), user.into());
        object
    }
}

fn acting_as(keys: &Map<String, Value>) -> Result<ActingAs, NotAuthorizedUser> {
    let malformed = |key: &str| NotAuthorizedUser::Malformed(format!("has a `{key}` of another form"));
    let url = keys.get(URL).and_then(Value::as_str).ok_or(NotAuthorizedUser::MissingKeys(vec![URL]))?;
    let delegates = match keys.get(DELEGATES) {
        None | Some(Value::Null) => Vec::new(),
        Some(delegates) => Vec::deserialize(delegates).map_err(|_| malformed(DELEGATES))?,
    };
    ActingAs::named(url, &[]).ok_or(NotAuthorizedUser::ForeignAddress(URL))?;
    ActingAs::named(url, &delegates).ok_or_else(|| malformed(DELEGATES))
}

/// The user's own credential. A quota project in it is for the request of a token alone, and stays where it is.
fn user(mut source: Map<String, Value>) -> Result<AuthorizedUser, NotAuthorizedUser> {
    if source.get("type").and_then(Value::as_str) != Some("authorized_user") {
        return Err(NotAuthorizedUser::OtherType(OtherType::Impersonated));
    }
    if source.get("token_uri").and_then(Value::as_str).is_some_and(|uri| !is_googles_token_uri(uri)) {
        return Err(NotAuthorizedUser::ForeignAddress("token_uri"));
    }
    let quota_project = source.remove(QUOTA_PROJECT).filter(|project| !project.is_null());
    let file: AdcFile = serde_json::from_value(source.into())
        .map_err(|_| NotAuthorizedUser::Malformed(format!("has a value of another form in `{SOURCE}`")))?;
    file.check()?;
    let mut user = file.into_credential()?;
    user.unknown.0.extend(quota_project.map(|project| (QUOTA_PROJECT.to_owned(), project)));
    Ok(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GCLOUD: &str = r#"{
  "delegates": [],
  "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/reader@p1.iam.gserviceaccount.com:generateAccessToken",
  "source_credentials": {
    "account": "",
    "client_id": "1-a.apps.googleusercontent.com",
    "client_secret": "GOCSPX-b",
    "refresh_token": "1//0c",
    "type": "authorized_user",
    "universe_domain": "googleapis.com"
  },
  "type": "impersonated_service_account"
}"#;
    const READER: &str = "reader@p1.iam.gserviceaccount.com";

    fn parse(text: &str) -> Result<AuthorizedUser, NotAuthorizedUser> {
        let read = AuthorizedUser::parse(text.as_bytes());
        assert_eq!(read.is_ok(), AuthorizedUser::parse_to_import(text.as_bytes()).is_ok());
        read
    }

    fn written(user: &AuthorizedUser) -> String {
        String::from_utf8(user.to_adc_json().to_vec()).unwrap()
    }

    #[test]
    fn a_file_of_gclouds_is_written_byte_for_byte() {
        let user = parse(GCLOUD).unwrap();
        assert_eq!(user.refresh_token.expose(), "1//0c");
        assert_eq!(user.acting_as().unwrap().account.to_string(), READER);
        assert_eq!(written(&user), GCLOUD);
        // as a sign-in makes it again
        let mut again = user.clone();
        again.act_as(None);
        assert!(
            written(&again).contains("\"type\": \"authorized_user\"")
                && !written(&again).contains("delegates")
        );
        again.act_as(user.acting_as());
        assert_eq!(written(&again), GCLOUD);
    }

    #[test]
    fn delegates_unknown_keys_and_both_quota_projects_are_kept() {
        let text = GCLOUD
            .replace("[]", "[\n    \"a@p1.iam.gserviceaccount.com\"\n  ]")
            .replace("  \"service", "  \"quota_project_id\": \"outer\",\n  \"service")
            .replace("    \"refresh", "    \"quota_project_id\": \"inner\",\n    \"refresh")
            .replace("account\"\n}", "account\",\n  \"x\": 1\n}");
        let user = parse(&text).unwrap();
        assert_eq!(user.acting_as().unwrap().delegates[0].to_string(), "a@p1.iam.gserviceaccount.com");
        assert_eq!(user.quota_project_id.as_deref(), Some("outer"));
        assert_eq!(written(&user), text);
        let bare = GCLOUD.replace("  \"delegates\": [],\n", "");
        assert_eq!(written(&parse(&bare).unwrap()), bare);
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let refused = |from: &str, to: &str| parse(&GCLOUD.replace(from, to)).unwrap_err();
        for (from, to) in [
            ("https://iamcredentials.googleapis.com/", "https://evil.example/"),
            ("https://", "http://"),
            (READER, "ada@example.com"),
        ] {
            assert_eq!(refused(from, to), NotAuthorizedUser::ForeignAddress(URL), "{to}");
        }
        assert_eq!(
            refused("\"account\": \"\"", "\"token_uri\": \"https://evil.example/token\""),
            NotAuthorizedUser::ForeignAddress("token_uri")
        );
        assert!(
            parse(
                &GCLOUD
                    .replace("\"account\": \"\"", "\"token_uri\": \"https://oauth2.googleapis.com/token\"")
            )
            .is_ok()
        );
        let other = NotAuthorizedUser::OtherType(OtherType::Impersonated);
        assert_eq!(refused("authorized_user", "service_account"), other);
        assert_eq!(refused(SOURCE, "source"), other);
        assert_eq!(refused(URL, "url"), NotAuthorizedUser::MissingKeys(vec![URL]));
        assert_eq!(refused("refresh_token", "x"), NotAuthorizedUser::MissingKeys(vec!["refresh_token"]));
        for (from, to) in
            [("[]", "5"), ("[]", "[\"canary\"]"), ("\"GOCSPX-b\"", "5"), ("\"1//0c\"", "{\"canary\": 1}")]
        {
            let problem = refused(from, to).problem();
            assert!(problem.contains("of another form") && !problem.contains("canary"), "{problem}");
        }
        assert_eq!(
            refused("  \"type\"", "  \"universe_domain\": \"x.example\",\n  \"type\""),
            NotAuthorizedUser::OtherUniverse
        );
    }

    #[test]
    fn a_keyring_item_holds_its_own_keys_outside() {
        let user = parse(GCLOUD).unwrap();
        let token = crate::output::secret::Secret::new("ya29.x");
        let item = user.to_item_json("/data", Some((&token, crate::system::clock::Time::now())));
        assert_eq!(super::super::data_folder(&item).as_deref(), Some("/data"));
        assert_eq!(super::super::cached_token(&item).unwrap().0.expose(), "ya29.x");
        assert_eq!(written(&AuthorizedUser::parse(&item).unwrap()), GCLOUD);
        assert!(!format!("{user:?}").contains("1//0c"));
    }
}
