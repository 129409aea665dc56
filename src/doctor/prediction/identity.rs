//! As whom a library would act, and why it would not act at all.

/// As whom a library would send its requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// A person; `None` where the address is not known.
    Person(Option<String>),
    /// A service account whose key or impersonation a file holds.
    ServiceAccount(Option<String>),
    /// The service account of the VM that this runs on.
    VmAccount(Option<String>),
    /// An identity of another provider (workload or workforce identity federation).
    Federated,
    /// Whoever an access token in the environment belongs to.
    AccessToken(Option<String>),
    /// Nobody: requests go out without a credential.
    Anonymous,
    /// It asks for a sign-in of its own, and fails where nobody can answer.
    Prompt,
    /// It fails.
    Fails(Problem),
}

/// Why a library finds no usable credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It looked everywhere.
    NothingFound,
    /// The file that the environment names is not there.
    FileMissing,
    /// There is something else than a file.
    NotAFile,
    /// The file may not be read.
    Unreadable,
    /// The file is not JSON.
    NotJson,
    /// The file is JSON, but no object, which the library does not expect.
    NotAnObject,
    /// The file is of a type that the library does not know.
    UnknownType,
    /// The file lacks something that its type needs.
    Incomplete,
    /// The credential is of another universe than googleapis.com.
    OtherUniverse,
    /// Google refused the credential; the reason, as a word for programs.
    Refused(String),
    /// The file asks for scopes that were not granted.
    ScopesNotGranted,
    /// Google has a problem of its own.
    ServerTrouble,
    /// Google can't be reached.
    Unreachable,
    /// A page came instead of Google's answer.
    NotGoogle,
    /// This looks like a Google VM, but its metadata server gives no token.
    NoMetadata,
    /// The library can't use a person's credential at all.
    Unsupported,
    /// gcloud keeps no credential of the account that is set.
    NoAccount,
}

impl Identity {
    /// A word for programs.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Identity::Person(_) => "person",
            Identity::ServiceAccount(_) => "service_account",
            Identity::VmAccount(_) => "vm_service_account",
            Identity::Federated => "federated",
            Identity::AccessToken(_) => "access_token",
            Identity::Anonymous => "anonymous",
            Identity::Prompt => "prompt",
            Identity::Fails(_) => "error",
        }
    }

    /// The address, if there is one and it is known.
    pub(crate) fn account(&self) -> Option<&str> {
        match self {
            Identity::Person(account)
            | Identity::ServiceAccount(account)
            | Identity::VmAccount(account)
            | Identity::AccessToken(account) => account.as_deref(),
            _ => None,
        }
    }

    /// Why it fails, if it does.
    pub(crate) fn problem(&self) -> Option<&Problem> {
        match self {
            Identity::Fails(problem) => Some(problem),
            _ => None,
        }
    }

    /// The verdict, to follow the library's name.
    pub(crate) fn words(&self) -> String {
        let named = |what: &str, account: &Option<String>| match account {
            Some(account) => format!("{what} {account}"),
            None => format!("{what} of an unknown address"),
        };
        match self {
            Identity::Person(Some(account)) => account.clone(),
            Identity::Person(None) => "a person of an unknown address".to_owned(),
            Identity::ServiceAccount(account) => named("the service account", account),
            Identity::VmAccount(Some(account)) => format!("the VM's service account {account}"),
            Identity::VmAccount(None) => "the VM's service account".to_owned(),
            Identity::Federated => "an identity of another provider".to_owned(),
            Identity::AccessToken(Some(account)) => format!("{account}, by an access token"),
            Identity::AccessToken(None) => "whoever an access token belongs to".to_owned(),
            Identity::Anonymous => "nobody: it asks without a credential".to_owned(),
            Identity::Prompt => "nobody yet: it asks for a sign-in of its own".to_owned(),
            Identity::Fails(problem) => format!("fails: {}", problem.words()),
        }
    }
}

impl Problem {
    /// A word for programs.
    pub(crate) fn code(&self) -> &str {
        match self {
            Problem::NothingFound => "nothing_found",
            Problem::FileMissing => "file_missing",
            Problem::NotAFile => "not_a_file",
            Problem::Unreadable => "unreadable",
            Problem::NotJson => "not_json",
            Problem::NotAnObject => "not_an_object",
            Problem::UnknownType => "unknown_type",
            Problem::Incomplete => "incomplete",
            Problem::OtherUniverse => "other_universe",
            Problem::Refused(code) => code,
            Problem::ScopesNotGranted => "scopes_not_granted",
            Problem::ServerTrouble => "server_trouble",
            Problem::Unreachable => "unreachable",
            Problem::NotGoogle => "not_google",
            Problem::NoMetadata => "no_metadata",
            Problem::Unsupported => "unsupported",
            Problem::NoAccount => "no_account",
        }
    }

    /// In words, to follow "it fails:".
    pub(crate) fn words(&self) -> &'static str {
        match self {
            Problem::NothingFound => "it finds no credential",
            Problem::FileMissing => "the file that it is told to use does not exist",
            Problem::NotAFile => "what it is told to use is no file",
            Problem::Unreadable => "the file may not be read",
            Problem::NotJson => "the file is not JSON",
            Problem::NotAnObject => "the file holds no JSON object, and the library crashes on that",
            Problem::UnknownType => "the file is of a type that it does not know",
            Problem::Incomplete => "something is missing from the file",
            Problem::OtherUniverse => "the credential is of another universe than googleapis.com",
            Problem::Refused(_) => "Google refuses the credential",
            Problem::ScopesNotGranted => "the file asks for scopes that were not granted",
            Problem::ServerTrouble => "Google has a problem of its own",
            Problem::Unreachable => "Google can't be reached",
            Problem::NotGoogle => "a page came instead of Google's answer: a captive portal or a proxy",
            Problem::NoMetadata => "this looks like a Google VM, but its metadata server gives no token",
            Problem::Unsupported => "it can't use a person's credential, only a service account's key",
            Problem::NoAccount => "gcloud has no credential for its account",
        }
    }
}
