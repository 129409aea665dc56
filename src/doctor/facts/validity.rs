//! Whether Google accepts a credential: each is asked about once, at the server that the libraries would ask.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::app::{App, Loaded};
use crate::credential::profile::{self, Profile};
use crate::credential::state::CredentialState;
use crate::doctor::facts::user_credential::UserCredential;
use crate::lifecycle::refresh;
use crate::oauth::{Endpoints, Failure, Fresh, Google, Identity, Reason, Transport};
use crate::output::notes::Notes;
use crate::output::secret::Secret;
use crate::system::clock::Time;
use crate::system::hash;

/// What Google says of a user credential.
#[derive(Clone, Debug)]
pub(crate) enum Validity {
    /// It was not asked (`--offline`), or can't be.
    NotAsked,
    /// It gives access tokens for it.
    Valid {
        /// The user's address, if Google says it.
        account: Option<String>,
        /// The granted scopes, if Google says them.
        scopes: Option<Vec<String>>,
    },
    /// It refuses it.
    Refused(Reason),
    /// The credential is of this other server. Libraries would send it to Google all the same.
    OtherServer(String),
    /// It could not be asked.
    Unreachable(Transport),
}

impl Validity {
    /// The credential's state.
    pub(crate) fn state(&self) -> CredentialState {
        match self {
            Validity::Valid { .. } => CredentialState::Valid,
            Validity::Refused(reason) => {
                CredentialState::after_refusal(reason, None, Time::now()).unwrap_or_default()
            }
            Validity::NotAsked | Validity::OtherServer(_) | Validity::Unreachable(_) => {
                CredentialState::Unknown
            }
        }
    }

    /// Whether only another sign-in helps.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self, Validity::Refused(_) | Validity::OtherServer(_))
    }
}

/// What Google says of an access token.
#[derive(Clone, Debug)]
pub(crate) enum TokenValidity {
    /// It accepts it, or could not be asked; the account, if Google says it.
    Accepted(Option<String>),
    /// It does not know it, or it has expired.
    Refused,
}

/// The answers so far.
#[derive(Default)]
pub(crate) struct Validities {
    offline: bool,
    /// By the fingerprint of the refresh token.
    known: RefCell<BTreeMap<String, Validity>>,
    /// By the fingerprint of the access token.
    known_tokens: RefCell<BTreeMap<String, TokenValidity>>,
    clock_offset: Cell<Option<i64>>,
    /// What could not be saved of the answers.
    notes: RefCell<Notes>,
}

impl Validities {
    /// No answers yet. Nothing is asked where `offline` is set.
    pub(crate) fn new(offline: bool) -> Validities {
        Validities { offline, ..Validities::default() }
    }

    /// How far Google's clock is ahead, in seconds, if it was asked.
    pub(crate) fn clock_offset(&self) -> Option<i64> {
        self.clock_offset.get()
    }

    /// Keeps what is to be said of a request.
    pub(crate) fn add_notes(&self, notes: Notes) {
        self.notes.borrow_mut().append(notes);
    }

    /// What is to be said of the requests.
    pub(crate) fn take_notes(&self) -> Notes {
        self.notes.take()
    }

    /// Why Google could not be asked, if it was tried.
    pub(crate) fn unreachable(&self) -> Option<Transport> {
        self.known.borrow().values().find_map(|validity| match validity {
            Validity::Unreachable(transport) => Some(transport.clone()),
            _ => None,
        })
    }

    /// What is known of the credential with this fingerprint.
    pub(crate) fn known(&self, fingerprint: &str) -> Option<Validity> {
        self.known.borrow().get(fingerprint).cloned()
    }

    /// Asks about a profile's credential, and keeps the answer with the profile. A refresh token of another server
    /// is not sent to Google: it would be refused, and Google must not learn it.
    pub(crate) fn of_profile(&self, app: &App, loaded: &mut Loaded) {
        let fingerprint = loaded.credential.fingerprint();
        let endpoints = loaded.endpoints();
        let validity = if let Some(host) = endpoints.foreign_host().filter(|host| !is_loopback(host)) {
            Validity::OtherServer(host)
        } else if self.offline {
            Validity::NotAsked
        } else {
            let answer = refresh::refresh(app, loaded);
            let known = loaded.profile.account.clone();
            self.add_notes(answer.notes);
            let validity = self.validity_of(&Google::at(&endpoints), answer.result, known);
            if let Validity::Valid { account, .. } = &validity {
                loaded.profile.account.clone_from(account);
            }
            validity
        };
        self.known.borrow_mut().insert(fingerprint, validity);
    }

    /// Keeps in mind the credentials of other servers that profiles have: they are not sent to Google.
    pub(crate) fn of_other_servers(&self, app: &App) {
        for name in profile::names(&app.paths).unwrap_or_default() {
            let Ok(Some(profile)) = Profile::load(&app.paths, &name) else { continue };
            let host = profile.endpoints.as_ref().and_then(Endpoints::foreign_host);
            if let (Some(host), Some(fingerprint)) = (host, profile.fingerprint) {
                self.known.borrow_mut().entry(fingerprint).or_insert(Validity::OtherServer(host));
            }
        }
    }

    /// Asks about a credential that another tool keeps. Libraries always ask Google, whatever `token_uri` a file
    /// names.
    pub(crate) fn of(&self, user: &UserCredential) -> Validity {
        if user.exported.is_some() {
            return Validity::NotAsked; // there is nothing to ask with
        }
        let (Some(id), Some(secret), Some(token), Some(fingerprint)) =
            (&user.client_id, &user.client_secret, &user.refresh_token, user.fingerprint())
        else {
            return Validity::NotAsked;
        };
        if let Some(validity) = self.known(&fingerprint) {
            return validity;
        }
        let validity = self.without_asking().unwrap_or_else(|| {
            let endpoints = Endpoints::google();
            let google = Google::at(&endpoints);
            self.validity_of(&google, google.refresh(id, secret, token), None)
        });
        self.known.borrow_mut().insert(fingerprint, validity.clone());
        validity
    }

    /// The answer where none is asked for: one time-out is enough.
    fn without_asking(&self) -> Option<Validity> {
        if self.offline { Some(Validity::NotAsked) } else { self.unreachable().map(Validity::Unreachable) }
    }

    fn validity_of(
        &self,
        google: &Google<'_>,
        answer: Result<Fresh, Failure>,
        known_account: Option<String>,
    ) -> Validity {
        let fresh = match answer {
            Ok(fresh) => fresh,
            Err(Failure::Refused(reason)) => return Validity::Refused(reason),
            Err(Failure::Unreachable(transport)) => return Validity::Unreachable(transport),
        };
        self.clock_offset.set(fresh.clock_offset.or(self.clock_offset.get()));
        let mut account = fresh.identity.and_then(|identity| identity.email).or(known_account);
        let mut scopes = fresh.scopes;
        if account.is_none() || scopes.is_none() {
            let identified = google.identify(&fresh.access_token).ok().flatten();
            let Identity { email, scopes: granted, .. } = identified.unwrap_or_default();
            account = account.or(email);
            scopes = scopes.or(granted);
        }
        Validity::Valid { account, scopes }
    }

    /// What Google says of an access token.
    pub(crate) fn of_token(&self, token: &Secret) -> TokenValidity {
        if self.offline {
            return TokenValidity::Accepted(None);
        }
        let fingerprint = hash::fingerprint(token.expose().as_bytes());
        let known = self.known_tokens.borrow().get(&fingerprint).cloned();
        known.unwrap_or_else(|| {
            let validity = match Google::at(&Endpoints::google()).identify(token) {
                Ok(identity) => TokenValidity::Accepted(identity.and_then(|identity| identity.email)),
                Err(Failure::Refused(_)) => TokenValidity::Refused,
                Err(Failure::Unreachable(_)) => TokenValidity::Accepted(None),
            };
            self.known_tokens.borrow_mut().insert(fingerprint, validity.clone());
            validity
        })
    }

    /// The account of an access token, if Google says it.
    pub(crate) fn account_of_token(&self, token: &Secret) -> Option<String> {
        match self.of_token(token) {
            TokenValidity::Accepted(account) => account,
            TokenValidity::Refused => None,
        }
    }
}

/// A server on this machine stands in for Google: the libraries reach it under Google's name.
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_by_a_policy_leaves_the_state_unknown() {
        let state = |reason| Validity::Refused(reason).state().name();
        assert_eq!(state(Reason::GrantEnded), "revoked");
        assert_eq!(state(Reason::SignInAgain), "reauth_required");
        assert_eq!(state(Reason::ClientDeleted), "client_deleted");
        assert_eq!(state(Reason::AdminPolicy), "unknown");
        assert!(Validity::Refused(Reason::AdminPolicy).is_refused());
    }

    #[test]
    fn a_server_on_this_machine_stands_in_for_google() {
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        assert!(!is_loopback("sts.example.com"));
    }
}
