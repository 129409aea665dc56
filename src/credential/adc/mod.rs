//! The application-default credential of a person, as gcloud writes it: the one reader and writer
//! of `authorized_user` JSON (<https://google.aip.dev/auth/4113>).

use std::io;

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::output::error::json_problem;
use crate::output::secret::{Secret, SecretBytes};
use crate::system::clock::Time;

/// The universe that Google's libraries refresh user credentials in; they refuse others.
const UNIVERSE: &str = "googleapis.com";

/// Keys that don't belong into a credential file: what libraries' own caches hold for a while.
/// `scopes` would be sent with every refresh, and a stale `token` would be used.
const PASSING: [&str; 5] = ["token", "expiry", "scopes", "token_uri", "id_token"];

/// One person's grant, as an ADC file holds it.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizedUser {
    /// The address that the file names; empty in a file that gcloud wrote without one.
    pub(crate) account: String,
    /// The OAuth client that the grant was given to.
    pub(crate) client_id: String,
    /// Its secret; empty for a public client.
    pub(crate) client_secret: Secret,
    /// What new access tokens are asked for with.
    pub(crate) refresh_token: Secret,
    /// The project that requests count against, where one was asked for.
    pub(crate) quota_project_id: Option<String>,
    /// Keys that bqcred doesn't know; they survive.
    unknown: Unknown,
}

/// Keys that bqcred doesn't know. Their values may be secret, so they are not shown.
#[derive(Clone, Default)]
struct Unknown(Map<String, Value>);

impl std::fmt::Debug for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// Why a text is no credential of a person. None of these quotes the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotAuthorizedUser {
    /// Not even JSON of the right form; says where.
    Malformed(String),
    /// A credential, but of another kind: its `type`.
    OtherType(OtherType),
    /// An OAuth client file ("installed" or "web"), no credential.
    ClientFile,
    /// These keys are missing or empty.
    MissingKeys(Vec<&'static str>),
    /// A credential of another universe, which the libraries can't refresh.
    OtherUniverse,
}

/// Credentials that are not a person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtherType {
    /// A robot's private key.
    ServiceAccount,
    /// Workload identity federation.
    ExternalAccount,
    /// Workforce identity federation: a person, but of another identity provider.
    ExternalAccountAuthorizedUser,
    /// A person or robot that acts as a service account.
    Impersonated,
    /// Anything else.
    Unknown,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "type")]
    kind: Option<String>,
    account: Option<String>,
    client_id: Option<String>,
    client_secret: Option<Secret>,
    refresh_token: Option<Secret>,
    quota_project_id: Option<String>,
    universe_domain: Option<String>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

impl AuthorizedUser {
    /// A new credential, as a login makes it.
    pub(crate) fn new(account: &str, client_id: &str, client_secret: Secret, refresh_token: Secret) -> Self {
        AuthorizedUser {
            account: account.to_owned(),
            client_id: client_id.to_owned(),
            client_secret,
            refresh_token,
            quota_project_id: None,
            unknown: Unknown::default(),
        }
    }

    /// Reads an ADC file's content. What the libraries would ignore or refuse is refused here with
    /// its reason.
    pub(crate) fn parse(bytes: &[u8]) -> Result<AuthorizedUser, NotAuthorizedUser> {
        if let Some(problem) = encoding_problem(bytes) {
            return Err(NotAuthorizedUser::Malformed(problem.to_owned()));
        }
        let wire: Wire = serde_json::from_slice(bytes)
            .map_err(|error| NotAuthorizedUser::Malformed(json_problem(&error)))?;
        match wire.kind.as_deref() {
            Some("authorized_user") => {}
            None if wire.unknown.contains_key("installed") || wire.unknown.contains_key("web") => {
                return Err(NotAuthorizedUser::ClientFile);
            }
            None => return Err(NotAuthorizedUser::MissingKeys(vec!["type"])),
            Some(other) => return Err(NotAuthorizedUser::OtherType(OtherType::named(other))),
        }
        if wire.universe_domain.is_some_and(|universe| !universe.is_empty() && universe != UNIVERSE) {
            return Err(NotAuthorizedUser::OtherUniverse);
        }
        let texts = [&wire.account, &wire.client_id, &wire.quota_project_id];
        if texts.into_iter().flatten().any(|text| text.chars().any(char::is_control)) {
            return Err(NotAuthorizedUser::Malformed(
                "holds a control character where none belongs".to_owned(),
            ));
        }
        let client_id = wire.client_id.filter(|id| !id.is_empty());
        let refresh_token = wire.refresh_token.filter(|token| !token.expose().is_empty());
        let (Some(client_id), Some(refresh_token), Some(client_secret)) =
            (&client_id, &refresh_token, &wire.client_secret)
        else {
            let missing = [
                ("client_id", client_id.is_none()),
                ("client_secret", wire.client_secret.is_none()),
                ("refresh_token", refresh_token.is_none()),
            ];
            return Err(NotAuthorizedUser::MissingKeys(
                missing.into_iter().filter_map(|(key, gone)| gone.then_some(key)).collect(),
            ));
        };
        let unknown = wire.unknown.into_iter().filter(|(key, _)| !PASSING.contains(&key.as_str())).collect();
        Ok(AuthorizedUser {
            account: wire.account.unwrap_or_default(),
            client_id: client_id.clone(),
            client_secret: client_secret.clone(),
            refresh_token: refresh_token.clone(),
            quota_project_id: wire.quota_project_id,
            unknown: Unknown(unknown),
        })
    }

    /// The content of an ADC file, byte for byte as gcloud writes one: sorted keys, two spaces,
    /// ASCII only, no final newline.
    pub(crate) fn to_adc_json(&self) -> SecretBytes {
        self.to_json(None)
    }

    /// The same with an access token, under the keys of google-auth's own caches (`Credentials.to_json`).
    /// For where the two lie together; [`AuthorizedUser::parse`] leaves the token out again.
    pub(crate) fn to_json_with_token(&self, token: &Secret, expires: Time) -> SecretBytes {
        self.to_json(Some((token, expires)))
    }

    fn to_json(&self, token: Option<(&Secret, Time)>) -> SecretBytes {
        let mut object = self.unknown.0.clone(); // sorted: serde_json's map is a BTreeMap
        let mut set = |key: &str, value: &str| object.insert(key.to_owned(), Value::from(value));
        set("account", &self.account);
        set("client_id", &self.client_id);
        set("client_secret", self.client_secret.expose());
        set("refresh_token", self.refresh_token.expose());
        set("type", "authorized_user");
        set("universe_domain", UNIVERSE);
        if let Some(project) = &self.quota_project_id {
            set("quota_project_id", project);
        }
        if let Some((token, expires)) = token {
            set("token", token.expose());
            set("expiry", &expires.to_string());
        }
        let mut bytes = SecretBytes::new(Vec::with_capacity(1024));
        let mut serializer = serde_json::Serializer::with_formatter(&mut *bytes, Ascii::default());
        // writing a JSON value to memory can't fail
        let _ = serde::Serialize::serialize(&object, &mut serializer);
        wipe(&mut object);
        bytes
    }

    /// Ties what is derived from this refresh token (a cached access token) to it, without telling
    /// anything about it.
    pub(crate) fn fingerprint(&self) -> String {
        let digest = Sha256::digest(self.refresh_token.expose().as_bytes());
        let digits = digest.iter().take(16).flat_map(|byte| [byte >> 4, byte & 15]);
        digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
    }
}

/// The access token that lies with a credential, and when it ends, if one does.
pub(crate) fn cached_token(bytes: &[u8]) -> Option<(Secret, Time)> {
    #[derive(Deserialize)]
    struct Cached {
        token: Secret,
        expiry: Time,
    }
    serde_json::from_slice(bytes).ok().map(|cached: Cached| (cached.token, cached.expiry))
}

impl OtherType {
    fn named(name: &str) -> OtherType {
        match name {
            "service_account" => OtherType::ServiceAccount,
            "external_account" => OtherType::ExternalAccount,
            "external_account_authorized_user" => OtherType::ExternalAccountAuthorizedUser,
            "impersonated_service_account" => OtherType::Impersonated,
            _ => OtherType::Unknown,
        }
    }
}

impl NotAuthorizedUser {
    /// What is wrong, to follow a file's name and a colon.
    pub(crate) fn problem(&self) -> String {
        match self {
            NotAuthorizedUser::Malformed(problem) => problem.clone(),
            NotAuthorizedUser::OtherType(OtherType::ServiceAccount) => {
                "is a service account's key, not a person's credential".to_owned()
            }
            NotAuthorizedUser::OtherType(OtherType::ExternalAccount) => {
                "is a workload identity federation file, not a person's credential".to_owned()
            }
            NotAuthorizedUser::OtherType(OtherType::ExternalAccountAuthorizedUser) => {
                "is a workforce identity federation credential, which R can't use and bqcred doesn't keep"
                    .to_owned()
            }
            NotAuthorizedUser::OtherType(OtherType::Impersonated) => {
                "is a credential that acts as a service account, not as the person".to_owned()
            }
            NotAuthorizedUser::OtherType(OtherType::Unknown) => {
                "is not of type authorized_user, so no person's credential".to_owned()
            }
            NotAuthorizedUser::ClientFile => {
                "is an OAuth client file: it says who asks, not who the person is".to_owned()
            }
            NotAuthorizedUser::MissingKeys(keys) => {
                format!("is no credential of a person: {} missing", keys.join(" and "))
            }
            NotAuthorizedUser::OtherUniverse => {
                "belongs to another universe than googleapis.com, where libraries can't refresh a person's \
                 credential"
                    .to_owned()
            }
        }
    }

    /// The tool or command that is for such a file.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            NotAuthorizedUser::OtherType(OtherType::ServiceAccount) => {
                "set GOOGLE_APPLICATION_CREDENTIALS to it yourself, or \
                 `gcloud auth activate-service-account --key-file FILE`"
            }
            NotAuthorizedUser::OtherType(OtherType::ExternalAccount) => {
                "set GOOGLE_APPLICATION_CREDENTIALS to it yourself, or `gcloud auth login --cred-file FILE`"
            }
            NotAuthorizedUser::OtherType(OtherType::ExternalAccountAuthorizedUser) => {
                "use it with `gcloud auth application-default login --login-config FILE`"
            }
            NotAuthorizedUser::OtherType(OtherType::Impersonated) => {
                "`gcloud auth application-default login --impersonate-service-account ACCOUNT` manages these"
            }
            NotAuthorizedUser::ClientFile => "`bqcred client set FILE`, then `bqcred login`",
            _ => "`bqcred login` makes a new credential",
        }
    }
}

/// What an editor or a copy by mail may have done to a text file; the libraries fail on these.
pub(crate) fn encoding_problem(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [] => Some("is empty"),
        [0xEF, 0xBB, 0xBF, ..] => Some("begins with a byte order mark, which JSON must not"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("is UTF-16 text; JSON here has to be UTF-8"),
        _ if std::str::from_utf8(bytes).is_err() => Some("is not text (no valid UTF-8)"),
        _ if bytes.iter().all(u8::is_ascii_whitespace) => Some("is empty"),
        _ => None,
    }
}

/// Overwrites the secrets that a JSON object holds a copy of.
pub(crate) fn wipe(object: &mut Map<String, Value>) {
    for value in object.values_mut() {
        if let Value::String(text) = value.take() {
            drop(Secret::new(text));
        }
    }
}

/// Two-space JSON in ASCII, as Python's `json.dumps(indent=2)` writes it.
#[derive(Default)]
struct Ascii(serde_json::ser::PrettyFormatter<'static>);

impl serde_json::ser::Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        let mut units = [0; 2];
        for c in text.chars() {
            if c.is_ascii() {
                writer.write_all(&[c as u8])?;
            } else {
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
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

    /// Files hold it: another one would end all cached tokens and forget what is known of the profiles.
    #[test]
    fn the_fingerprint_is_half_of_the_sha_256() {
        let credential = AuthorizedUser::new("", "1-a", Secret::new(""), Secret::new("1//0abc"));
        assert_eq!(credential.fingerprint(), "64d49aec1429760eb4a0b7a0a9518abf");
    }

    #[test]
    fn what_gcloud_wrote_comes_out_byte_for_byte() {
        let user = AuthorizedUser::parse(GCLOUD.as_bytes()).unwrap();
        assert_eq!(std::str::from_utf8(&user.to_adc_json()).unwrap(), GCLOUD);
    }

    #[test]
    fn passing_keys_go_and_unknown_ones_stay() {
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
    fn other_files_are_told_apart() {
        let problem = |text: &str| AuthorizedUser::parse(text.as_bytes()).unwrap_err();
        let other = |name: &str| problem(&format!(r#"{{"type":"{name}"}}"#));
        assert_eq!(other("service_account"), NotAuthorizedUser::OtherType(OtherType::ServiceAccount));
        assert_eq!(
            other("impersonated_service_account"),
            NotAuthorizedUser::OtherType(OtherType::Impersonated)
        );
        assert_eq!(problem(r#"{"installed":{}}"#), NotAuthorizedUser::ClientFile);
        assert_eq!(problem("{}"), NotAuthorizedUser::MissingKeys(vec!["type"]));
        assert_eq!(
            problem(r#"{"type":"authorized_user","client_id":"","client_secret":null}"#),
            NotAuthorizedUser::MissingKeys(vec!["client_id", "client_secret", "refresh_token"])
        );
        assert_eq!(problem(" \n"), NotAuthorizedUser::Malformed("is empty".to_owned()));
    }

    #[test]
    fn each_kind_of_file_has_the_tool_that_is_for_it() {
        let hint = |text: &str| AuthorizedUser::parse(text.as_bytes()).unwrap_err().hint();
        for (text, tool) in [
            (r#"{"type":"service_account"}"#, "activate-service-account"),
            (r#"{"type":"external_account"}"#, "--cred-file"),
            (r#"{"type":"external_account_authorized_user"}"#, "--login-config"),
            (r#"{"type":"impersonated_service_account"}"#, "--impersonate-service-account"),
            (r#"{"installed":{}}"#, "bqcred client set"),
            (r#"{"web":{}}"#, "bqcred client set"),
            (r#"{"type":"another"}"#, "`bqcred login` makes"),
            ("{}", "`bqcred login` makes"),
        ] {
            assert!(hint(text).contains(tool), "{text}: {}", hint(text));
        }
    }

    #[test]
    fn what_an_editor_did_to_a_file_is_told() {
        for (bytes, problem) in [
            (&b""[..], "is empty"),
            (b" \n", "is empty"),
            (b"\xef\xbb\xbf{}", "begins with a byte order mark, which JSON must not"),
            (b"\xff\xfe{\0}\0", "is UTF-16 text; JSON here has to be UTF-8"),
            (b"\xfe\xff\0{\0}", "is UTF-16 text; JSON here has to be UTF-8"),
            (b"{\"\xff\"}", "is not text (no valid UTF-8)"),
        ] {
            assert_eq!(encoding_problem(bytes), Some(problem));
        }
        assert_eq!(encoding_problem(b" {}"), None);
    }

    #[test]
    fn nothing_secret_is_shown_by_debug() {
        let text = r#"{"type":"authorized_user","client_id":"a","client_secret":"canary","refresh_token":"canary",
            "rapt_token":"canary"}"#;
        let user = AuthorizedUser::parse(text.as_bytes()).unwrap();
        assert!(!format!("{user:?}").contains("canary"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused_without_quoting(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = AuthorizedUser::parse(&bytes);
        }

        #[test]
        fn a_wrong_kind_of_value_is_never_quoted(key in "account|client_id|refresh_token|type|universe_domain", number in 100_000_u32..) {
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
