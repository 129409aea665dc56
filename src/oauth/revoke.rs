//! The revocation of a grant (RFC 7009).

use super::error_response::{ErrorResponse, starts_with, unreadable};
use super::failure::Failure;
use super::google::Google;
use super::http::HttpAnswer;
use super::reason::Reason;
use super::request::{post_form, with_retries};
use super::transport::Transport;
use crate::output::secret::Secret;
use crate::system::effects::{self, Progress};

/// What the server answered to a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revoked {
    /// It revoked the grant: now, or at an earlier attempt whose answer was lost.
    Now,
    /// It knows no such token (any more).
    Before,
}

/// A revocation that the server did not confirm.
#[derive(Debug)]
pub(crate) struct RevokeFailure {
    /// Why, by the last attempt.
    pub(crate) failure: Failure,
    /// Whether the server can have received one of the attempts, and have carried it out.
    pub(crate) may_have_arrived: bool,
}

impl Google<'_> {
    /// Ends the whole grant that a token belongs to (RFC 7009; at Google: every token of every client
    /// of that Cloud project for that account).
    pub(crate) fn revoke(
        &self,
        client_id: &str,
        client_secret: &Secret,
        refresh_token: &Secret,
    ) -> Result<Revoked, RevokeFailure> {
        let Some(uri) = self.endpoints.revoke_uri.as_deref() else {
            let failure = Failure::Refused(Reason::Other("no_revocation_endpoint".to_owned()));
            return Err(RevokeFailure { failure, may_have_arrived: false });
        };
        let mut form = vec![("token", refresh_token.expose())];
        if self.endpoints.foreign_host().is_some() {
            // RFC 7009 section 2.1: the client names itself; Google wants the token alone
            form.push(("client_id", client_id));
            form.push(("client_secret", client_secret.expose()));
        }
        let mut may_have_arrived = false;
        effects::revocation(Progress::Sent);
        let revoked = with_retries(|| {
            let answer = post_form(uri, &form).and_then(|answer| revoked_by(&answer));
            match answer {
                Ok(Revoked::Before) if may_have_arrived => return Ok(Revoked::Now),
                Err(Failure::Unreachable(ref why)) => may_have_arrived |= why.may_have_arrived(),
                Ok(_) | Err(Failure::Refused(_)) => {}
            }
            answer
        });
        match &revoked {
            Ok(_) => effects::revocation(Progress::Done),
            Err(_) if may_have_arrived => {}
            Err(_) => effects::revocation(Progress::None),
        }
        revoked.map_err(|failure| RevokeFailure { failure, may_have_arrived })
    }
}

/// What an answer of the revocation endpoint means (RFC 7009 section 2.2).
fn revoked_by(answer: &HttpAnswer) -> Result<Revoked, Failure> {
    match (answer.status, ErrorResponse::read(answer)) {
        // the body of a success doesn't matter, but an HTML page is not a success
        (200, _) if starts_with(&answer.body, b'<') => {
            Err(Failure::Unreachable(Transport::NotTheServer(200)))
        }
        (200, _) => Ok(Revoked::Now),
        (_, Some(error)) if matches!(error.error.as_str(), "invalid_token" | "invalid_grant") => {
            Ok(Revoked::Before)
        }
        (status, Some(error)) => Err(error.into_failure(status)),
        (_, None) => Err(Failure::Unreachable(unreadable(answer))),
    }
}
