//! Phrases and their claims. In each list the first that occurs in a clause counts.

use super::sentences::Claim;

/// What is left of a credential at its server: `lifecycle/revocation.rs` is the home of most.
pub const STATE: &[(&str, Claim)] = &[
    ("the server says that the credential is revoked, but it is still valid", Claim::Valid),
    ("may still be valid", Claim::MayBeValid),
    ("still valid at google", Claim::Valid),
    ("is still valid", Claim::Valid),
    ("credential  valid", Claim::Valid), // a row of `status`
    ("may be revoked", Claim::MayBeRevoked),
    ("may have been revoked", Claim::MayBeRevoked),
    ("had been revoked", Claim::RevokedBefore),
    ("was not revoked", Claim::NotRevoked),
    ("nothing was revoked", Claim::NotRevoked),
    ("is not revoked", Claim::NotRevoked),
    ("revoked at google", Claim::Revoked),
    ("is revoked", Claim::Revoked),
    ("was revoked", Claim::Revoked),
    ("has expired", Claim::Revoked),
    ("no longer works", Claim::Revoked),
    ("needs a new sign-in", Claim::NeedsSignIn),
    ("wants you to sign in again", Claim::NeedsSignIn),
];

/// What was done, and what the server answered.
pub const DONE: &[(&str, Claim)] = &[
    ("nothing was sent", Claim::NothingSent),
    ("nothing was changed", Claim::NothingChanged),
    ("nothing stored changed", Claim::NothingChanged),
    ("nothing was saved", Claim::NothingChanged),
    ("nothing was removed", Claim::NothingRemoved),
    ("is removed here", Claim::Removed),
    ("google could not be asked", Claim::Unreachable),
    ("the server can't be reached", Claim::Unreachable),
    ("a page came instead of google's answer", Claim::Unreachable),
    ("google has a problem of its own", Claim::Unreachable),
];

/// Who programs are.
pub const WHO: &[(&str, Claim)] = &[
    ("you signed in as", Claim::Neutral), // "not as"
    ("was interrupted", Claim::Neutral),
    ("signed in as", Claim::SignedIn),
    ("runs as", Claim::SignedIn),
];

/// Announcements, hints and questions: nothing about what is so.
pub const NEUTRAL: &[(&str, Claim)] = &[
    ("revoke, and sign in again?", Claim::Neutral),
    ("an access token of", Claim::Neutral), // the token, not the credential
    ("bqcred revoke", Claim::Neutral),
    ("waits for its answer", Claim::Neutral),
    ("a sign-in was started", Claim::Neutral),
    ("not signed in", Claim::Neutral),
    ("(not confirmed by google)", Claim::Neutral),
    ("revoke_uri", Claim::Neutral),
    ("when it is revoked, or when your organisation", Claim::Neutral),
    ("rotating revokes everything", Claim::Neutral),
    ("are revoked with it", Claim::Neutral),
    ("revoking ends everything", Claim::Neutral),
    ("can't be undone", Claim::Neutral),
    ("revoke it at https", Claim::Neutral),
    ("can revoke it", Claim::Neutral),
    ("is rotating or revoking", Claim::Neutral),
    ("as the account of this credential", Claim::Neutral),
    ("started the sign-in that waits", Claim::Neutral),
    ("with no, it stays revoked", Claim::Neutral),
    ("can do that at https", Claim::Neutral),
    ("revoke it on the server's own pages", Claim::Neutral),
    ("open this address", Claim::Neutral),
    ("after the sign-in the browser ends", Claim::Neutral),
    ("which is not google", Claim::Neutral),
    ("all that is left is a new sign-in", Claim::Neutral),
    ("the sign-in brings the new one", Claim::Neutral),
    ("no sign-in of profile", Claim::Neutral),
    ("is not completed", Claim::Neutral), // a first sign-in
    ("starts another sign-in", Claim::Neutral),
    ("this replaces the sign-in of profile", Claim::Neutral),
    ("the sign-in was cancelled", Claim::Neutral),
    ("choose that account on google's page", Claim::Neutral),
    ("ask its owner to enable it", Claim::Neutral),
    ("google removes those unused", Claim::Neutral),
    ("access tokens are valid for", Claim::Neutral),
    ("google granted it for a limited time", Claim::Neutral),
    ("google says that the client was", Claim::Neutral),
    ("signed in   ", Claim::Neutral),
    ("credential  refused by google", Claim::Neutral),
    ("nothing was pasted", Claim::Neutral),
    ("if google has issued a credential, it was not saved", Claim::Neutral),
    ("gcloud did not complete the sign-in", Claim::Neutral),
];
