//! Why a server refused: its error codes as types, in words, and with the command that helps.
//!
//! Google's description of an error is looked at, never shown: it could repeat what was sent.

/// Why the server refused (RFC 6749 section 5.2, and Google's additions to it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// `invalid_grant`: the refresh token was revoked, has expired, or was never valid.
    GrantEnded,
    /// `invalid_grant` for a code: it was used already, has expired, or was copied incompletely.
    BadCode,
    /// `invalid_rapt`, `rapt_required`: the organisation limits how long a sign-in lasts (Google Cloud session
    /// control).
    SignInAgain,
    /// `deleted_client`.
    ClientDeleted,
    /// `disabled_client`.
    ClientDisabled,
    /// `invalid_client`: the client's id and secret don't belong together, or there is no such client.
    ClientInvalid,
    /// `unauthorized_client`: the client may not use this flow.
    ClientUnauthorized,
    /// `admin_policy_enforced`: the organisation's administrator blocks this client or these scopes.
    AdminPolicy,
    /// `org_internal`: the client is for members of its own organisation only.
    OrganisationInternal,
    /// `access_denied`, "account restricted": context-aware access forbids this device or network.
    AccountRestricted,
    /// `access_denied`: the user clicked "Cancel", or may not use the client.
    AccessDenied,
    /// `invalid_scope`: a scope that does not exist or was not granted.
    InvalidScope,
    /// `redirect_uri_mismatch`: the client has not registered the address of the answer.
    RedirectMismatch,
    /// The answer's token is of another user than the one whose credential was sent.
    OtherUser,
    /// Another error code of the server's, if it looks like one.
    Other(String),
}

impl Reason {
    /// From an error answer's `error`, `error_subtype` and `error_description`.
    pub(crate) fn of(error: &str, subtype: Option<&str>, description: Option<&str>) -> Reason {
        let says = |words: &str| description.is_some_and(|text| text.to_lowercase().contains(words));
        let codes = [Some(error), subtype];
        if codes.iter().flatten().any(|code| matches!(*code, "invalid_rapt" | "rapt_required")) {
            return Reason::SignInAgain;
        }
        match error {
            "access_denied" | "invalid_grant" if says("account restricted") => Reason::AccountRestricted,
            "invalid_grant" if says("auth code") || says("authorization code") || says("code_verifier") => {
                Reason::BadCode
            }
            "invalid_grant" if says("reauth") => Reason::SignInAgain,
            // only without a subtype it says that nothing is left of the grant
            "invalid_grant" => match subtype.filter(|subtype| !subtype.is_empty()) {
                Some(subtype) => Reason::Other(printable_code(subtype)),
                None => Reason::GrantEnded,
            },
            "deleted_client" => Reason::ClientDeleted,
            "disabled_client" => Reason::ClientDisabled,
            "invalid_client" if says("deleted") => Reason::ClientDeleted,
            "invalid_client" if says("disabled") => Reason::ClientDisabled,
            "invalid_client" => Reason::ClientInvalid,
            "unauthorized_client" => Reason::ClientUnauthorized,
            "admin_policy_enforced" => Reason::AdminPolicy,
            "org_internal" => Reason::OrganisationInternal,
            "access_denied" => Reason::AccessDenied,
            "invalid_scope" => Reason::InvalidScope,
            "redirect_uri_mismatch" => Reason::RedirectMismatch,
            other => Reason::Other(printable_code(other)),
        }
    }

    /// A word for programs.
    pub(crate) fn code(&self) -> &str {
        match self {
            Reason::GrantEnded => "revoked_or_expired",
            Reason::BadCode => "bad_code",
            Reason::SignInAgain => "reauthentication_required",
            Reason::ClientDeleted => "client_deleted",
            Reason::ClientDisabled => "client_disabled",
            Reason::ClientInvalid => "client_invalid",
            Reason::ClientUnauthorized => "client_unauthorized",
            Reason::AdminPolicy => "admin_policy",
            Reason::OrganisationInternal => "org_internal",
            Reason::AccountRestricted => "account_restricted",
            Reason::AccessDenied => "access_denied",
            Reason::InvalidScope => "invalid_scope",
            Reason::RedirectMismatch => "redirect_uri_mismatch",
            Reason::OtherUser => "other_user",
            Reason::Other(code) => code,
        }
    }

    /// What happened, as a message.
    pub(super) fn message(&self) -> String {
        let message = match self {
            Reason::GrantEnded => "Google says that this credential was revoked or has expired",
            Reason::BadCode => {
                "Google did not accept the code: it was used already, has expired, or was copied incompletely"
            }
            Reason::SignInAgain => {
                "your organisation wants you to sign in again: it limits how long a sign-in lasts"
            }
            Reason::ClientDeleted => {
                "the OAuth client of this credential was deleted (Google removes those unused for six months)"
            }
            Reason::ClientDisabled => "the OAuth client of this credential was disabled",
            Reason::ClientInvalid => "Google does not know this OAuth client, or its secret was changed",
            Reason::ClientUnauthorized => {
                "this OAuth client may not sign people in this way: it is not a \"Desktop app\", or the \
                 credential is another client's"
            }
            Reason::AdminPolicy => {
                "your organisation's administrator does not allow this OAuth client, or one of its scopes"
            }
            Reason::OrganisationInternal => "this OAuth client is for members of its own organisation only",
            Reason::AccountRestricted => {
                "your organisation does not allow access from this device or network (context-aware access)"
            }
            Reason::AccessDenied => "the sign-in was cancelled, or this account may not use the OAuth client",
            Reason::InvalidScope => "Google does not grant one of the scopes that were requested",
            Reason::RedirectMismatch => {
                "Google does not let this OAuth client send its answer to this machine: it is not a \
                 \"Desktop app\""
            }
            Reason::OtherUser => {
                "the server answered with a token of another user than this credential's, so it is not used"
            }
            Reason::Other(code) => return format!("Google refused ({code})"),
        };
        message.to_owned()
    }

    /// What helps. `login` is the command that signs in to this profile again.
    pub(super) fn hint(&self, login: &str) -> String {
        let hint = match self {
            Reason::GrantEnded => {
                return format!(
                    "`{login}`\nif this happens every seven days: the OAuth client is in Testing; publish it"
                );
            }
            Reason::BadCode => return format!("start again: `{login}`"),
            Reason::SignInAgain => return format!("`{login}` (nothing was revoked)"),
            Reason::ClientDeleted => {
                return format!("`bqcred client guide` shows how to make or restore one, then `{login}`");
            }
            Reason::ClientDisabled => "ask its owner to enable it in the Google Cloud console",
            Reason::ClientInvalid => {
                return format!("download its file again, `bqcred client set FILE`, then `{login}`");
            }
            Reason::ClientUnauthorized | Reason::RedirectMismatch => {
                "`bqcred client guide` shows how to make a Desktop app client"
            }
            Reason::AdminPolicy => {
                "ask the administrator to trust the client id that `bqcred client show` prints"
            }
            Reason::OrganisationInternal => {
                "sign in with an account of that organisation, or use another client: `bqcred client guide`"
            }
            Reason::AccountRestricted => {
                "connect as your organisation asks for (its VPN, a managed device), then try again"
            }
            Reason::AccessDenied => {
                return format!(
                    "`{login}` starts again; while a client is in Testing, its owner lists who may use it"
                );
            }
            Reason::OtherUser => {
                return format!("this should never happen; `{login}` makes a new credential");
            }
            Reason::InvalidScope => "check --scopes; `bqcred login --help` lists the presets",
            Reason::Other(_) => return format!("`{login}`, or `bqcred doctor`"),
        };
        hint.to_owned()
    }
}

/// The server's error code, if it is one and not something that was sent to it.
fn printable_code(code: &str) -> String {
    let good =
        !code.is_empty() && code.len() <= 40 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if good { code.to_owned() } else { "an error without a name".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_codes_and_descriptions_become_reasons() {
        let cases = [
            ("invalid_grant", None, Some("Token has been expired or revoked."), Reason::GrantEnded),
            ("invalid_grant", None, Some("Bad Request"), Reason::GrantEnded),
            ("invalid_grant", Some("invalid_rapt"), Some("reauth related error"), Reason::SignInAgain),
            ("invalid_grant", Some("rapt_required"), None, Reason::SignInAgain),
            ("rapt_required", None, None, Reason::SignInAgain),
            ("invalid_grant", None, Some("reauth related error (invalid_rapt)"), Reason::SignInAgain),
            ("invalid_grant", None, Some("Invalid code_verifier."), Reason::BadCode),
            ("invalid_grant", None, Some("The authorization code is invalid."), Reason::BadCode),
            ("invalid_grant", None, Some("Malformed auth code."), Reason::BadCode),
            ("access_denied", None, Some("Account restricted"), Reason::AccountRestricted),
            ("access_denied", None, None, Reason::AccessDenied),
            ("deleted_client", None, None, Reason::ClientDeleted),
            ("invalid_client", None, Some("The OAuth client was deleted."), Reason::ClientDeleted),
            ("invalid_client", None, Some("The OAuth client was disabled."), Reason::ClientDisabled),
            ("disabled_client", None, None, Reason::ClientDisabled),
            ("invalid_client", None, Some("The OAuth client was not found."), Reason::ClientInvalid),
            ("unauthorized_client", None, None, Reason::ClientUnauthorized),
            ("admin_policy_enforced", None, None, Reason::AdminPolicy),
            ("org_internal", None, None, Reason::OrganisationInternal),
            ("invalid_scope", None, None, Reason::InvalidScope),
            ("redirect_uri_mismatch", None, None, Reason::RedirectMismatch),
            ("invalid_grant", Some("new_rule"), None, Reason::Other("new_rule".to_owned())),
            ("invalid_grant", Some(""), None, Reason::GrantEnded),
            ("internal_failure", None, None, Reason::Other("internal_failure".to_owned())),
        ];
        for (error, subtype, description, reason) in cases {
            assert_eq!(
                Reason::of(error, subtype, description),
                reason,
                "{error} {subtype:?} {description:?}"
            );
        }
    }

    #[test]
    fn only_what_looks_like_an_error_code_is_shown() {
        let shown = |error: &str| Reason::of(error, None, None).code().to_owned();
        let longest = "a".repeat(40);
        assert_eq!(shown(&longest), longest);
        for other in ["", "Some text.", "UPPER", "a1", &"a".repeat(41)] {
            assert_eq!(shown(other), "an error without a name");
        }
    }
}
