//! Phrases and their claims; the first that occurs in a clause counts.

use super::sentences::Claim;

pub const PHRASES: &[(&str, Claim)] = &[
    ("the old credential is revoked", Claim::Revoked),
    ("bqcred revoke", Claim::Neutral),
    ("waits for its answer", Claim::Neutral),
    ("a sign-in was started", Claim::Neutral),
    ("not signed in", Claim::Neutral),
    ("(not confirmed by google)", Claim::Neutral),
    ("revoke_uri", Claim::Neutral),
    ("it could not be revoked", Claim::Unreachable),
    // what will be, and what one can do
    ("when it is revoked, or when your organisation", Claim::Neutral),
    ("rotating revokes everything", Claim::Neutral),
    ("revoking ends everything", Claim::Neutral),
    ("can't be undone", Claim::Neutral),
    ("revoke it at https", Claim::Neutral),
    ("can do that at https", Claim::Neutral),
    ("revoke it on the server's own pages", Claim::Neutral),
    ("open this address", Claim::Neutral),
    ("after the sign-in the browser ends", Claim::Neutral),
    ("which is not google", Claim::Neutral),
    ("all that is left is a new sign-in", Claim::Neutral),
    ("the sign-in brings the new one", Claim::Neutral),
    ("no sign-in of profile", Claim::Neutral),
    ("you signed in as", Claim::Neutral), // "not as"
    ("the sign-in was cancelled", Claim::Neutral),
    ("choose that account on google's page", Claim::Neutral),
    ("ask its owner to enable it", Claim::Neutral),
    ("google removes those unused", Claim::Neutral),
    ("access tokens are valid for", Claim::Neutral),
    ("google granted it for a limited time", Claim::Neutral),
    ("google says that the client was", Claim::Neutral),
    ("signed in   ", Claim::Neutral), // a row of `status`
    ("credential  refused by google", Claim::Neutral),
    ("nothing was pasted", Claim::Neutral),
    // the server gave no answer
    ("google could not be asked", Claim::Unreachable),
    ("the server can't be reached", Claim::Unreachable),
    ("a page came instead of google's answer", Claim::Unreachable),
    ("google has a problem of its own", Claim::Unreachable),
    // nothing happened
    ("nothing was sent", Claim::NothingSent),
    ("nothing was changed", Claim::NothingChanged),
    ("nothing stored changed", Claim::NothingChanged),
    ("nothing was saved", Claim::NothingChanged),
    ("nothing was removed", Claim::NothingRemoved),
    ("nothing was revoked", Claim::NotRevoked),
    ("was not revoked", Claim::NotRevoked),
    // it is over
    ("the server says that the credential is revoked, but it is still valid", Claim::Valid),
    ("may be revoked as well", Claim::MayBeRevoked),
    ("may have been revoked", Claim::MayBeRevoked),
    ("had been revoked", Claim::RevokedBefore),
    ("was revoked or has expired", Claim::Revoked),
    ("is revoked", Claim::Revoked),
    ("was revoked", Claim::Revoked),
    ("has expired", Claim::Revoked),
    ("no longer works", Claim::Revoked),
    // it is not
    ("assume that it is still valid", Claim::MayBeValid),
    ("assume that the credential is still valid", Claim::MayBeValid),
    ("may still be valid", Claim::MayBeValid),
    ("is still valid at google", Claim::Valid),
    ("the credential is still valid", Claim::Valid),
    // who
    ("signed in as", Claim::SignedIn),
    ("runs as", Claim::SignedIn),
    ("needs a new sign-in", Claim::NeedsSignIn),
    ("wants you to sign in again", Claim::NeedsSignIn),
    // stores
    ("credential  valid", Claim::Valid),
    ("is removed here", Claim::Removed),
];
