//! Why a file is not a user credential that bqcred can keep, and which tool is for such a file.

/// How the `type` of a stub begins, which is a sentence: libraries show it without saying where it comes from.
pub(crate) const STUB: &str = "bqcred: ";

/// Why a text is not a user credential. None of these quotes the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotAuthorizedUser {
    /// Not JSON of the right form; says where.
    Malformed(String),
    /// A credential of another kind, by its `type`.
    OtherType(OtherType),
    /// An OAuth client file ("installed" or "web").
    ClientFile,
    /// These keys are missing or empty.
    MissingKeys(Vec<&'static str>),
    /// A credential of another universe, which the libraries can't refresh.
    OtherUniverse,
    /// The address under this key is not Google's: what is sent there could go to anybody.
    ForeignAddress(&'static str),
}

/// Credentials that are not a user account's (<https://google.aip.dev/auth/4110>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtherType {
    /// A service account key.
    ServiceAccount,
    /// Workload identity federation.
    ExternalAccount,
    /// Workforce identity federation: a user of another identity provider.
    ExternalAccountAuthorizedUser,
    /// Something other than a user account that impersonates a service account.
    Impersonated,
    /// Not a credential but a description of where users of a workforce pool sign in.
    WorkforceSignIn,
    /// A service identity of Google Distributed Cloud.
    DistributedCloud,
    /// What bqcred gives a program that it hands access tokens to.
    SessionFile,
    /// An access token alone, which bqcred exported for other machines.
    ExportedToken,
    /// What bqcred leaves in the place of a credential that can't be had.
    Stub,
    /// Anything else.
    Unknown,
}

impl OtherType {
    /// By the file's `type`. `is_ours`: it has a key of bqcred's own.
    pub(super) fn named(name: &str, is_ours: bool) -> OtherType {
        match name {
            "external_account_authorized_user" if is_ours => OtherType::SessionFile,
            "service_account" => OtherType::ServiceAccount,
            "external_account" => OtherType::ExternalAccount,
            "external_account_authorized_user" => OtherType::ExternalAccountAuthorizedUser,
            "external_account_authorized_user_login_config" => OtherType::WorkforceSignIn,
            _ if name.starts_with(STUB) => OtherType::Stub,
            "gdch_service_account" => OtherType::DistributedCloud,
            _ => OtherType::Unknown,
        }
    }

    fn problem(self) -> &'static str {
        match self {
            OtherType::ServiceAccount => "is a service account key, not a user credential",
            OtherType::ExternalAccount => "is a workload identity federation file, not a user credential",
            OtherType::ExternalAccountAuthorizedUser => {
                "is a workforce identity credential (a user of your organisation's identity provider), which \
                 bqcred doesn't keep"
            }
            OtherType::Impersonated => "acts as a service account, and holds no user credential",
            OtherType::DistributedCloud => {
                "is a service identity of Google Distributed Cloud, not a user credential"
            }
            OtherType::WorkforceSignIn => {
                "says where users of a workforce pool (your organisation's identity provider) sign in, and holds no \
                 credential"
            }
            OtherType::SessionFile => {
                "is what `bqcred exec --token-only` gives a program: it holds no credential, and means nothing once \
                 that program has ended"
            }
            OtherType::ExportedToken => {
                "is what `bqcred export --token-only` writes: an access token, and nothing to get another one with"
            }
            OtherType::Stub => "is what bqcred left in the place of a credential that it could not hand over",
            OtherType::Unknown => "is not of type authorized_user, so it is not a user credential",
        }
    }
}

impl NotAuthorizedUser {
    /// What is wrong, to follow a file's name and a colon.
    pub(crate) fn problem(&self) -> String {
        match self {
            NotAuthorizedUser::Malformed(problem) => problem.clone(),
            NotAuthorizedUser::OtherType(kind) => kind.problem().to_owned(),
            NotAuthorizedUser::ClientFile => {
                "is an OAuth client file: it identifies an app, not an account".to_owned()
            }
            NotAuthorizedUser::MissingKeys(keys) => {
                format!("is not a user credential: {} missing", keys.join(" and "))
            }
            NotAuthorizedUser::OtherUniverse => {
                "belongs to another universe than googleapis.com, where the libraries can't refresh a user \
                 credential"
                    .to_owned()
            }
            NotAuthorizedUser::ForeignAddress(key) => {
                format!("has a `{key}` that is not Google's, and what is sent there could go to anybody")
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
                "set GOOGLE_APPLICATION_CREDENTIALS to it yourself (Python, Node.js, Go and Java; R can't use it); \
                 `gcloud auth application-default login --login-config FILE` renews it"
            }
            NotAuthorizedUser::OtherType(OtherType::WorkforceSignIn) => {
                "`gcloud auth application-default login --login-config FILE` signs in there; the libraries use what it \
                 writes (Python, Node.js, Go and Java; R can't use it)"
            }
            NotAuthorizedUser::OtherType(
                OtherType::SessionFile | OtherType::ExportedToken | OtherType::Stub,
            ) => {
                "`bqcred list` shows the profiles here; `bqcred export FILE` writes a credential that can be imported \
                 elsewhere"
            }
            NotAuthorizedUser::OtherType(OtherType::Impersonated) => {
                "set GOOGLE_APPLICATION_CREDENTIALS to it yourself (R can't use it); \
                 `gcloud auth application-default login --impersonate-service-account ACCOUNT` makes one of your own"
            }
            NotAuthorizedUser::OtherType(OtherType::DistributedCloud) => {
                "set GOOGLE_APPLICATION_CREDENTIALS to it yourself; BigQuery of Google Cloud doesn't take it"
            }
            NotAuthorizedUser::ForeignAddress(_) => {
                "`gcloud auth application-default login --impersonate-service-account ACCOUNT` makes one at Google"
            }
            NotAuthorizedUser::ClientFile => "`bqcred client set FILE`, then `bqcred login`",
            _ => "`bqcred login` makes a new credential",
        }
    }
}

/// What an editor, or a copy by mail, may have done to a text file; the libraries fail on these.
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

#[cfg(test)]
mod tests {
    use super::super::AuthorizedUser;
    use super::*;

    fn rejected(text: &str) -> NotAuthorizedUser {
        AuthorizedUser::parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn each_kind_of_file_is_recognised() {
        let of_type = |name: &str| rejected(&format!(r#"{{"type":"{name}"}}"#));
        assert_eq!(of_type("service_account"), NotAuthorizedUser::OtherType(OtherType::ServiceAccount));
        assert_eq!(
            of_type("gdch_service_account"),
            NotAuthorizedUser::OtherType(OtherType::DistributedCloud)
        );
        assert_eq!(rejected(r#"{"installed":{}}"#), NotAuthorizedUser::ClientFile);
        assert_eq!(rejected("{}"), NotAuthorizedUser::MissingKeys(vec!["type"]));
        assert_eq!(
            rejected(r#"{"type":"authorized_user","client_id":"","client_secret":null}"#),
            NotAuthorizedUser::MissingKeys(vec!["client_id", "client_secret", "refresh_token"])
        );
        assert_eq!(rejected(" \n"), NotAuthorizedUser::Malformed("is empty".to_owned()));
    }

    #[test]
    fn hints_name_the_tool_for_each_kind_of_file() {
        for (text, tool) in [
            (r#"{"type":"service_account"}"#, "activate-service-account"),
            (r#"{"type":"external_account"}"#, "--cred-file"),
            (r#"{"type":"external_account_authorized_user"}"#, "--login-config"),
            (r#"{"type":"external_account_authorized_user_login_config"}"#, "--login-config FILE` signs in"),
            (r#"{"type":"external_account_authorized_user","bqcred":{}}"#, "bqcred export"),
            (
                r#"{"type":"authorized_user","client_id":"bqcred-hands-over-access-tokens-only"}"#,
                "`bqcred export FILE` writes",
            ),
            (r#"{"type":"bqcred: the keyring is locked"}"#, "bqcred list"),
            (r#"{"type":"gdch_service_account"}"#, "GOOGLE_APPLICATION_CREDENTIALS"),
            (r#"{"installed":{}}"#, "bqcred client set"),
            (r#"{"web":{}}"#, "bqcred client set"),
            (r#"{"type":"another"}"#, "`bqcred login` makes"),
            ("{}", "`bqcred login` makes"),
        ] {
            let hint = rejected(text).hint();
            assert!(hint.contains(tool), "{text}: {hint}");
        }
    }

    #[test]
    fn encoding_problems_are_reported() {
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
}
