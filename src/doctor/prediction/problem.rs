//! Why a library finds no usable credential.

use crate::oauth::Reason;

/// Why a library fails. The names are the values of `problem` in the JSON of `doctor --json`; what is wrong with the
/// credential itself is in `state`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// `nothing_found`: it looked everywhere, and there is no credential.
    NothingFound,
    /// `file_missing`: the file that it is told to use does not exist.
    FileMissing,
    /// `not_a_file`: what it is told to use is a folder, say.
    NotAFile,
    /// `unreadable`: the file can't be read.
    Unreadable,
    /// `not_json`: the file is not JSON.
    NotJson,
    /// `not_an_object`: the file is JSON, but not an object, which the library does not expect.
    NotAnObject,
    /// `unknown_type`: the file's `type` is unknown to the library.
    UnknownType,
    /// `incomplete`: the file lacks a key that its type needs.
    Incomplete,
    /// `other_universe`: the credential belongs to another universe than googleapis.com.
    OtherUniverse,
    /// `other_server`: the credential is of another OAuth server than Google's, which the library asks.
    OtherServer,
    /// `refused`: Google refuses the credential; `reason` in the JSON is Google's reason.
    Refused(Reason),
    /// `scopes_not_granted`: the file asks for scopes that were not granted.
    ScopesNotGranted,
    /// `server_trouble`: Google answers with a server error.
    ServerTrouble,
    /// `unreachable`: Google can't be reached.
    Unreachable,
    /// `not_google`: a page came instead of Google's answer.
    NotGoogle,
    /// `no_metadata`: this looks like a Google VM, but its metadata server gives no token.
    NoMetadata,
    /// `unsupported`: the library can't use a user account's credential at all.
    Unsupported,
    /// `no_account`: gcloud has no account, or no credential of its account.
    NoAccount,
}

impl Problem {
    /// The word for programs, in JSON.
    pub(crate) fn name(&self) -> &'static str {
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
            Problem::OtherServer => "other_server",
            Problem::Refused(_) => "refused",
            Problem::ScopesNotGranted => "scopes_not_granted",
            Problem::ServerTrouble => "server_trouble",
            Problem::Unreachable => "unreachable",
            Problem::NotGoogle => "not_google",
            Problem::NoMetadata => "no_metadata",
            Problem::Unsupported => "unsupported",
            Problem::NoAccount => "no_account",
        }
    }

    /// Google's reason for refusing the credential, as [`Reason::code`] names it.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Problem::Refused(reason) => Some(reason.code()),
            _ => None,
        }
    }

    /// Whether nothing on this machine can fix it: Google is not reached, or has an error of its own.
    pub(crate) fn is_elsewhere(&self) -> bool {
        matches!(self, Problem::Unreachable | Problem::NotGoogle | Problem::ServerTrouble)
    }

    /// For people, to follow "fails:".
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Problem::NothingFound => "it finds no credential",
            Problem::FileMissing => "the file that it is told to use does not exist",
            Problem::NotAFile => "the path that it is told to use is not a file",
            Problem::Unreadable => "the file can't be read",
            Problem::NotJson => "the file is not JSON",
            Problem::NotAnObject => "the file is not a JSON object, and the library crashes on that",
            Problem::UnknownType => "the library does not know the file's type",
            Problem::Incomplete => "the file is incomplete",
            Problem::OtherUniverse => "the credential belongs to another universe than googleapis.com",
            Problem::OtherServer => "the credential is of another server, and the library asks Google",
            Problem::Refused(_) => "Google refuses the credential",
            Problem::ScopesNotGranted => "the file asks for scopes that were not granted",
            Problem::ServerTrouble => "Google answers with a server error",
            Problem::Unreachable => "Google can't be reached",
            Problem::NotGoogle => "a page came instead of Google's answer: a captive portal or a proxy",
            Problem::NoMetadata => "this looks like a Google VM, but its metadata server gives no token",
            Problem::Unsupported => "it can't use a user account's credential, only a service account key",
            Problem::NoAccount => "gcloud has no credential for its account",
        }
    }
}
