//! Why Google gave no token: the one place that turns what came over the wire into a kind, words
//! and the command that helps.
//!
//! Google's description of an error is looked at, never shown: it could repeat what was sent.

use super::http::Transport;
use crate::output::error::{Error, Kind};

/// A request that did not give what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server understood and said no.
    Refused(Reason),
    /// There was no answer, or none of the server's.
    Unreachable(Transport),
}

/// Why the server said no (RFC 6749 section 5.2, and Google's additions to it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The refresh token was revoked, has expired, or was never valid.
    GrantEnded,
    /// The authorization code was used already, is too old, or was copied incompletely.
    BadCode,
    /// The organisation limits how long a sign-in lasts (Google Cloud session control).
    SignInAgain,
    /// The OAuth client was deleted.
    ClientDeleted,
    /// The OAuth client was disabled.
    ClientDisabled,
    /// The client's id and secret don't belong together, or there is no such client.
    ClientInvalid,
    /// The client may not use this flow.
    ClientUnauthorized,
    /// The organisation's administrator blocks this app or these scopes.
    AdminPolicy,
    /// The client is for members of its own organisation only.
    OrganisationInternal,
    /// Context-aware access: not from this device or network.
    AccountRestricted,
    /// The person clicked "Cancel", or may not use the app.
    AccessDenied,
    /// A scope that does not exist or was not granted.
    InvalidScope,
    /// The answer's address is none that the client registered.
    RedirectMismatch,
    /// Something else; the code as the server spells it, if it is one.
    Other(String),
}

impl Reason {
    /// From an error answer's `error`, `error_subtype` and `error_description`.
    pub(crate) fn of(error: &str, subtype: Option<&str>, description: Option<&str>) -> Reason {
        let says = |words: &str| description.is_some_and(|text| text.to_lowercase().contains(words));
        let reauthentication = [Some(error), subtype];
        if reauthentication.iter().flatten().any(|word| matches!(*word, "invalid_rapt" | "rapt_required")) {
            return Reason::SignInAgain;
        }
        match error {
            "access_denied" | "invalid_grant" if says("account restricted") => Reason::AccountRestricted,
            "invalid_grant" if says("auth code") || says("authorization code") || says("code_verifier") => {
                Reason::BadCode
            }
            "invalid_grant" if says("reauth") => Reason::SignInAgain,
            "invalid_grant" => Reason::GrantEnded,
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

    /// Why, to follow "this credential".
    pub(crate) fn words(&self) -> String {
        match self {
            Reason::GrantEnded => "was revoked or has expired".to_owned(),
            Reason::SignInAgain => {
                "needs a new sign-in, which the organisation asks for from time to time".to_owned()
            }
            Reason::ClientDeleted => "belongs to an OAuth client that was deleted".to_owned(),
            other => format!("was refused ({})", other.code()),
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
            Reason::Other(code) => code,
        }
    }

    fn told(&self, login: &str) -> (String, String) {
        let (what, hint) = match self {
            Reason::GrantEnded => (
                "Google says that this credential was revoked or has expired",
                format!(
                    "`{login}`\nif this happens every seven days: the OAuth client is in Testing; publish it"
                ),
            ),
            Reason::BadCode => (
                "Google did not accept the code: it was used already, is too old, or was copied incompletely",
                format!("start again: `{login}`"),
            ),
            Reason::SignInAgain => (
                "your organisation wants you to sign in again: it limits how long a sign-in lasts",
                format!("`{login}` (nothing was revoked)"),
            ),
            Reason::ClientDeleted => (
                "the OAuth client of this credential was deleted (Google removes those unused for six months)",
                format!("`bqcred client guide` shows how to make or restore one, then `{login}`"),
            ),
            Reason::ClientDisabled => (
                "the OAuth client of this credential was disabled",
                "ask its owner to enable it in the Google Cloud console".to_owned(),
            ),
            Reason::ClientInvalid => (
                "Google does not know this OAuth client, or its secret was changed",
                format!("download its file again, `bqcred client set FILE`, then `{login}`"),
            ),
            Reason::ClientUnauthorized => (
                "this OAuth client may not sign people in this way: it is no \"Desktop app\", or the \
                 credential is another client's",
                "`bqcred client guide` shows how to make a Desktop app client".to_owned(),
            ),
            Reason::AdminPolicy => (
                "your organisation's administrator does not allow this OAuth client, or one of its scopes",
                "ask the administrator to trust the client id that `bqcred client show` prints".to_owned(),
            ),
            Reason::OrganisationInternal => (
                "this OAuth client is for members of its own organisation only",
                "sign in with an account of that organisation, or use another client: `bqcred client guide`"
                    .to_owned(),
            ),
            Reason::AccountRestricted => (
                "your organisation does not allow access from this device or network (context-aware access)",
                "connect as your organisation asks for (its VPN, a managed device), then try again"
                    .to_owned(),
            ),
            Reason::AccessDenied => (
                "the sign-in was cancelled, or this account may not use the OAuth client",
                format!(
                    "`{login}` starts again; while a client is in Testing, its owner lists who may use it"
                ),
            ),
            Reason::InvalidScope => (
                "Google does not grant one of the scopes that were asked for",
                "check --scopes; `bqcred login --help` lists the presets".to_owned(),
            ),
            Reason::RedirectMismatch => (
                "Google does not let this OAuth client send its answer to this machine: it is no \"Desktop app\"",
                "`bqcred client guide` shows how to make a Desktop app client".to_owned(),
            ),
            Reason::Other(code) => {
                return (format!("Google refused ({code})"), format!("`{login}`, or `bqcred doctor`"));
            }
        };
        (what.to_owned(), hint)
    }
}

/// The server's word for an error, if it is one and not something that it was sent.
fn printable_code(code: &str) -> String {
    let good =
        !code.is_empty() && code.len() <= 40 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if good { code.to_owned() } else { "an error without a name".to_owned() }
}

impl Failure {
    /// For people. `login` is the command that logs this profile in again.
    pub(crate) fn into_error(self, login: &str) -> Error {
        match self {
            Failure::Refused(reason) => {
                let (what, hint) = reason.told(login);
                Error::new(Kind::Refused, what).hint(hint)
            }
            Failure::Unreachable(transport) => {
                let (what, hint) = transport.told();
                Error::new(Kind::Network, what).hint(hint)
            }
        }
    }

    /// Whether the same request may succeed in a moment. Who was kept waiting until the time limit is not
    /// made to wait for two more.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Failure::Unreachable(Transport::NoConnection | Transport::Broken | Transport::Busy(_)))
    }
}

impl Transport {
    fn told(&self) -> (String, &'static str) {
        let retry = "the credential was not touched: try again";
        match self {
            Transport::Timeout => ("the server did not answer in time".to_owned(), retry),
            Transport::UnknownHost => (
                "the server's name can't be found".to_owned(),
                "is the network up? Behind a proxy, HTTPS_PROXY has to name it: http://HOST:PORT",
            ),
            Transport::NoConnection => (
                "the server can't be reached".to_owned(),
                "is the network up? Behind a proxy, HTTPS_PROXY has to name it: http://HOST:PORT",
            ),
            Transport::Broken => ("the connection broke off before the answer was whole".to_owned(), retry),
            Transport::UntrustedCertificate => (
                "the server's certificate is of an authority that this system does not trust".to_owned(),
                "where a company's proxy opens TLS, set SSL_CERT_FILE to its CA file",
            ),
            Transport::CertificateTime => (
                "the server's certificate is not valid at the time that this machine's clock shows"
                    .to_owned(),
                "check the clock: `date`",
            ),
            Transport::CertificateName => (
                "the server's certificate is for another host: this is not the server that was asked for"
                    .to_owned(),
                "a captive portal or a proxy may be in between; nothing was sent to it",
            ),
            Transport::Encryption => (
                "no encrypted connection could be made to the server".to_owned(),
                "a proxy or firewall may be in between; nothing was sent to it",
            ),
            Transport::NoAuthorities => (
                "no certificates of authorities could be read, so no server can be trusted".to_owned(),
                "install the package ca-certificates, or mend SSL_CERT_FILE and SSL_CERT_DIR",
            ),
            Transport::ProxyAuthentication => (
                "the proxy wants a user name and a password (407)".to_owned(),
                "put them into HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT",
            ),
            Transport::Proxy => (
                "the proxy can't be reached, or did not let the request through".to_owned(),
                "check HTTPS_PROXY and NO_PROXY",
            ),
            Transport::Busy(429) => {
                ("Google asks to slow down (429)".to_owned(), "wait a minute, then try again")
            }
            Transport::Busy(status) => (format!("Google has a problem of its own ({status})"), retry),
            Transport::NotTheServer(status) => (
                format!("a page came instead of Google's answer ({status}): a captive portal or a proxy"),
                "open a browser on this network and sign in to it, or check HTTPS_PROXY",
            ),
            Transport::Malformed => (
                "the answer was cut off, or is not Google's".to_owned(),
                "a proxy may be in between: check HTTPS_PROXY, then try again",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn googles_words_become_reasons() {
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
    fn what_a_server_repeats_of_a_secret_is_not_shown() {
        let reason = Reason::of("1//0canary", None, Some("1//0canary"));
        let error = Failure::Refused(reason).into_error("bqcred login");
        assert!(!format!("{error} {:?}", error.hint_text()).contains("canary"));
    }

    #[test]
    fn only_a_word_of_a_server_is_repeated() {
        let shown = |error: &str| Reason::of(error, None, None).code().to_owned();
        let longest = "a".repeat(40);
        assert_eq!(shown(&longest), longest);
        for other in ["", "Some text.", "UPPER", "a1", &"a".repeat(41)] {
            assert_eq!(shown(other), "an error without a name");
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for passes in [Transport::NoConnection, Transport::Broken, Transport::Busy(503)] {
            assert!(Failure::Unreachable(passes).may_pass());
        }
        for lasts in [Transport::Timeout, Transport::Malformed, Transport::CertificateName] {
            assert!(!Failure::Unreachable(lasts).may_pass());
        }
        assert!(!Failure::Refused(Reason::GrantEnded).may_pass());
    }

    /// Each of these has a message of its own.
    fn differ(failures: Vec<Failure>) {
        let count = failures.len();
        let errors: Vec<Error> =
            failures.into_iter().map(|failure| failure.into_error("bqcred login")).collect();
        let texts: BTreeSet<&str> = errors.iter().map(Error::what).collect();
        assert_eq!(texts.len(), count, "{texts:?}");
        assert!(errors.iter().all(|error| error.what().len() > 10 && error.hint_text().unwrap().len() > 10));
    }

    #[test]
    fn every_reason_has_words_of_its_own() {
        let reasons = [
            Reason::GrantEnded,
            Reason::BadCode,
            Reason::SignInAgain,
            Reason::ClientDeleted,
            Reason::ClientDisabled,
            Reason::ClientInvalid,
            Reason::ClientUnauthorized,
            Reason::AdminPolicy,
            Reason::OrganisationInternal,
            Reason::AccountRestricted,
            Reason::AccessDenied,
            Reason::InvalidScope,
            Reason::RedirectMismatch,
            Reason::Other("quota_exceeded".to_owned()),
        ];
        differ(reasons.map(Failure::Refused).into());
    }

    #[test]
    fn every_trouble_on_the_way_has_words_of_its_own() {
        let troubles = [
            Transport::Timeout,
            Transport::Broken,
            Transport::UntrustedCertificate,
            Transport::CertificateTime,
            Transport::CertificateName,
            Transport::Encryption,
            Transport::NoAuthorities,
            Transport::ProxyAuthentication,
            Transport::Proxy,
            Transport::UnknownHost,
            Transport::NoConnection,
            Transport::Busy(429),
            Transport::Busy(503),
            Transport::NotTheServer(302),
            Transport::Malformed,
        ];
        differ(troubles.map(Failure::Unreachable).into());
    }
}
