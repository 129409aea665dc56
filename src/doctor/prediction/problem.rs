//! Why a library finds no usable credential.

use crate::oauth::Reason;

/// Why a library fails. The names are the values of `problem` in the JSON of `doctor --json`; what is wrong with the
/// credential itself is in `state`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LibraryProblem {
    /// `nothing_found`: it looked everywhere, and there is no credential.
    NothingFound,
    /// `file_missing`: the file that is set does not exist.
    FileMissing,
    /// `not_a_file`: the path that is set is a folder, or anything else that is not a file.
    NotAFile,
    /// `unreadable`: the file can't be read.
    Unreadable,
    /// `not_json`: the file is not JSON.
    NotJson,
    /// `too_deep`: the file is JSON that is nested more deeply than the library can follow.
    TooDeep,
    /// `not_an_object`: the file is JSON, but not an object, which the library does not expect.
    NotAnObject,
    /// `unknown_type`: the file's `type` is unknown to the library.
    UnknownType,
    /// `incomplete`: the file lacks a key that its type needs.
    Incomplete,
    /// `invalid_value`: the library can't read a value in the file, a private key for example.
    InvalidValue,
    /// `crashing_value`: a value in the file is of a kind that the library does not expect.
    CrashingValue,
    /// `other_cloud`: the credential is for another product than Google Cloud.
    OtherCloud,
    /// `other_universe`: the credential belongs to another universe than googleapis.com.
    OtherUniverse,
    /// `other_server`: the credential is of another OAuth server than Google's, which the library asks.
    OtherServer,
    /// `refused`: Google refuses the credential; `reason` in the JSON is Google's reason.
    Refused(Reason),
    /// `token_refused`: Google does not accept the access token in the file, and it can't be renewed.
    TokenRefused,
    /// `not_renewed`: the file holds an access token alone, which has expired.
    NotRenewed,
    /// `token_expiring`: the file holds an access token alone, which expires too soon for the library to use it.
    TokenExpiring,
    /// `access_token_only`: the file holds an access token alone, which the library does not take.
    AccessTokenOnly,
    /// `scopes_not_granted`: the file asks for scopes that were not granted.
    ScopesNotGranted,
    /// `server_trouble`: Google answers with a server error.
    ServerTrouble,
    /// `unreachable`: Google can't be reached.
    Unreachable,
    /// `not_google`: a page came instead of Google's answer.
    NotGoogle,
    /// `refused_setting`: its own settings hold one that it does not accept.
    RefusedSetting,
    /// `strict_mtls`: a variable asks for TLS with a client certificate, which is not there, or for something unknown.
    StrictMtls,
    /// `no_metadata`: this looks like a Google VM, but its metadata server gives no token.
    NoMetadata,
    /// `unsupported`: the library can't use a user account's credential at all.
    Unsupported,
    /// `no_token`: bqcred, which started the program with `exec --token-only`, gives it no token.
    NoToken,
    /// `no_account`: gcloud has no account, or no credential of its account.
    NoAccount,
}

impl LibraryProblem {
    /// The word for programs, in JSON.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            LibraryProblem::NothingFound => "nothing_found",
            LibraryProblem::FileMissing => "file_missing",
            LibraryProblem::NotAFile => "not_a_file",
            LibraryProblem::Unreadable => "unreadable",
            LibraryProblem::NotJson => "not_json",
            LibraryProblem::TooDeep => "too_deep",
            LibraryProblem::NotAnObject => "not_an_object",
            LibraryProblem::UnknownType => "unknown_type",
            LibraryProblem::Incomplete => "incomplete",
            LibraryProblem::InvalidValue => "invalid_value",
            LibraryProblem::CrashingValue => "crashing_value",
            LibraryProblem::OtherCloud => "other_cloud",
            LibraryProblem::OtherUniverse => "other_universe",
            LibraryProblem::OtherServer => "other_server",
            LibraryProblem::Refused(_) => "refused",
            LibraryProblem::TokenRefused => "token_refused",
            LibraryProblem::NotRenewed => "not_renewed",
            LibraryProblem::TokenExpiring => "token_expiring",
            LibraryProblem::AccessTokenOnly => "access_token_only",
            LibraryProblem::ScopesNotGranted => "scopes_not_granted",
            LibraryProblem::ServerTrouble => "server_trouble",
            LibraryProblem::Unreachable => "unreachable",
            LibraryProblem::NotGoogle => "not_google",
            LibraryProblem::RefusedSetting => "refused_setting",
            LibraryProblem::StrictMtls => "strict_mtls",
            LibraryProblem::NoMetadata => "no_metadata",
            LibraryProblem::Unsupported => "unsupported",
            LibraryProblem::NoToken => "no_token",
            LibraryProblem::NoAccount => "no_account",
        }
    }

    /// Google's reason for refusing the credential, as [`Reason::code`] names it.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            LibraryProblem::Refused(reason) => Some(reason.code()),
            _ => None,
        }
    }

    /// Whether nothing on this machine can fix it: Google is not reached, or has an error of its own.
    pub(crate) fn is_elsewhere(&self) -> bool {
        matches!(
            self,
            LibraryProblem::Unreachable | LibraryProblem::NotGoogle | LibraryProblem::ServerTrouble
        )
    }

    /// For people, to follow "fails:".
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            LibraryProblem::NothingFound => "no credential found",
            LibraryProblem::FileMissing => "the file that is set does not exist",
            LibraryProblem::NotAFile => "the path that is set is not a file",
            LibraryProblem::Unreadable => "the file can't be read",
            LibraryProblem::NotJson => "the file is not JSON",
            LibraryProblem::TooDeep => "the file is nested too deeply, and the library crashes on that",
            LibraryProblem::NotAnObject => "the file is not a JSON object, and the library crashes on that",
            LibraryProblem::UnknownType => "the library does not know the file's type",
            LibraryProblem::Incomplete => "the file is incomplete",
            LibraryProblem::InvalidValue => "the library can't read a value in the file",
            LibraryProblem::CrashingValue => "the library crashes on a value in the file",
            LibraryProblem::OtherCloud => "the credential is not for Google Cloud",
            LibraryProblem::OtherUniverse => "the credential belongs to another universe than googleapis.com",
            LibraryProblem::OtherServer => "the credential is of another server, and the library asks Google",
            LibraryProblem::Refused(_) => "Google refuses the credential",
            LibraryProblem::TokenRefused => {
                "Google refuses the access token in the file, which can't be renewed"
            }
            LibraryProblem::NotRenewed => "the access token in the file has expired",
            LibraryProblem::TokenExpiring => {
                "the access token in the file expires within 225 s, and Python's libraries use none of those"
            }
            LibraryProblem::AccessTokenOnly => {
                "the file holds an access token alone, which only Python takes"
            }
            LibraryProblem::ScopesNotGranted => "the file asks for scopes that were not granted",
            LibraryProblem::ServerTrouble => "Google answers with a server error",
            LibraryProblem::Unreachable => "Google can't be reached",
            LibraryProblem::NotGoogle => {
                "a page came instead of Google's answer: a captive portal or a proxy"
            }
            LibraryProblem::RefusedSetting => "it does not accept one of its own settings",
            LibraryProblem::StrictMtls => "a setting asks for a client certificate that is not there",
            LibraryProblem::NoMetadata => {
                "this looks like a Google VM, but its metadata server gives no token"
            }
            LibraryProblem::Unsupported => {
                "takes only a service account key, not a user account's credential"
            }
            LibraryProblem::NoToken => "bqcred gives it no access token",
            LibraryProblem::NoAccount => "gcloud has no credential for its account",
        }
    }
}
