//! Why a file is not a user credential that bqcred can keep, and which tool is for such a file.

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
    /// A user or service account that impersonates a service account; which of them.
    Impersonated(SourceType),
    /// A service identity of Google Distributed Cloud.
    DistributedCloud,
    /// Anything else.
    Unknown,
}

/// What impersonates a service account: the `type` of `source_credentials`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SourceType {
    /// A user account, by a credential that can be imported.
    User,
    /// Anything else, or nothing.
    Other,
}

impl SourceType {
    pub(super) fn named(name: Option<&str>) -> SourceType {
        if name == Some("authorized_user") { SourceType::User } else { SourceType::Other }
    }
}

impl OtherType {
    pub(super) fn named(name: &str) -> OtherType {
        match name {
            "service_account" => OtherType::ServiceAccount,
            "external_account" => OtherType::ExternalAccount,
            "external_account_authorized_user" => OtherType::ExternalAccountAuthorizedUser,
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
            OtherType::Impersonated(SourceType::User) => {
                "acts as a service account, by means of the user credential in its `source_credentials`"
            }
            OtherType::Impersonated(SourceType::Other) => {
                "acts as a service account, and holds no user credential"
            }
            OtherType::DistributedCloud => {
                "is a service identity of Google Distributed Cloud, not a user credential"
            }
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
            NotAuthorizedUser::OtherType(OtherType::Impersonated(SourceType::User)) => {
                "to use BigQuery as yourself: `jq .source_credentials FILE | bqcred import -`\n\
                 to act as the service account, set GOOGLE_APPLICATION_CREDENTIALS to the file yourself; R can't \
                 use it. `gcloud auth application-default login --impersonate-service-account ACCOUNT` makes these"
            }
            NotAuthorizedUser::OtherType(OtherType::Impersonated(SourceType::Other)) => {
                "set GOOGLE_APPLICATION_CREDENTIALS to it yourself (R can't use it); \
                 `gcloud auth application-default login --impersonate-service-account ACCOUNT` makes one of your own"
            }
            NotAuthorizedUser::OtherType(OtherType::DistributedCloud) => {
                "set GOOGLE_APPLICATION_CREDENTIALS to it yourself; BigQuery of Google Cloud doesn't take it"
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
        let impersonated = |source| NotAuthorizedUser::OtherType(OtherType::Impersonated(source));
        assert_eq!(of_type("impersonated_service_account"), impersonated(SourceType::Other));
        let by_user =
            r#"{"type":"impersonated_service_account","source_credentials":{"type":"authorized_user"}}"#;
        assert_eq!(rejected(by_user), impersonated(SourceType::User));
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
            (r#"{"type":"impersonated_service_account"}"#, "--impersonate-service-account"),
            (
                r#"{"type":"impersonated_service_account","source_credentials":{"type":"authorized_user"}}"#,
                "jq .source_credentials FILE | bqcred import -",
            ),
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
