//! Whether a credential is alive, asked once of the server that would be asked.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::credential_file::UserFile;
use crate::app::{App, Loaded};
use crate::lifecycle::refresh;
use crate::oauth::{Endpoints, Failure, Fresh, Google, Identity, Transport};
use crate::output::notes::Notes;
use crate::output::secret::Secret;

/// Whether Google still takes a credential.
#[derive(Clone, Debug)]
pub(crate) enum Life {
    /// It wasn't asked (`--offline`), or can't be.
    NotAsked,
    /// It does.
    Alive {
        /// Whose it is.
        account: Option<String>,
        /// What was granted.
        scopes: Option<Vec<String>>,
    },
    /// It refuses it: a word for programs, and words that follow "this credential".
    Refused(String, String),
    /// It could not be asked.
    Unreachable(Transport),
}

/// The answers so far.
#[derive(Default)]
pub(super) struct Lives {
    /// Nobody is asked.
    offline: bool,
    known: RefCell<BTreeMap<String, Life>>,
    /// How far Google's clock is ahead, in seconds, where it was asked.
    clock_offset: Cell<Option<i64>>,
    /// What could not be saved of the answers.
    notes: RefCell<Notes>,
}

impl Lives {
    /// No answers yet.
    pub(super) fn new(offline: bool) -> Lives {
        Lives { offline, ..Lives::default() }
    }

    /// How far Google's clock is ahead, in seconds, where it was asked.
    pub(super) fn clock_offset(&self) -> Option<i64> {
        self.clock_offset.get()
    }

    /// Why Google could not be asked, where it was tried.
    pub(super) fn unreachable(&self) -> Option<Transport> {
        self.known.borrow().values().find_map(|life| match life {
            Life::Unreachable(transport) => Some(transport.clone()),
            _ => None,
        })
    }

    /// What is known of the credential with this fingerprint.
    pub(super) fn known(&self, fingerprint: &str) -> Option<Life> {
        self.known.borrow().get(fingerprint).cloned()
    }

    /// Asks about a profile's credential. What that teaches is kept with the profile.
    ///
    /// Libraries send a refresh token to Google, whatever server gave it. One that another server gave
    /// is of no use to them, and none of Google's business.
    pub(super) fn of_profile(&self, app: &App, loaded: &mut Loaded) {
        let fingerprint = loaded.credential.fingerprint();
        let endpoints = loaded.endpoints();
        let life = if let Some(host) = endpoints.foreign_host().filter(|host| !is_loopback(host)) {
            Life::Refused(
                "other_server".to_owned(),
                format!("is one of {host}, and libraries only ask Google"),
            )
        } else if self.offline {
            Life::NotAsked
        } else {
            let answer = refresh::refresh(app, loaded);
            self.add_notes(answer.notes);
            let known = loaded.profile.account.clone();
            let life = self.learned(&Google::at(&endpoints), answer.result, known);
            if let Life::Alive { account, .. } = &life {
                loaded.profile.account.clone_from(account);
            }
            life
        };
        self.known.borrow_mut().insert(fingerprint, life);
    }

    /// Asks about a credential that somebody else keeps. Libraries always ask Google, whatever
    /// `token_uri` a file names.
    pub(super) fn of(&self, user: &UserFile) -> Life {
        let (Some(id), Some(secret), Some(token), Some(fingerprint)) =
            (&user.client_id, &user.client_secret, &user.refresh_token, user.fingerprint())
        else {
            return Life::NotAsked;
        };
        if let Some(life) = self.known(&fingerprint) {
            return life;
        }
        let life = self.without_asking().unwrap_or_else(|| {
            let endpoints = Endpoints::google();
            let google = Google::at(&endpoints);
            self.learned(&google, google.refresh(id, secret, token), None)
        });
        self.known.borrow_mut().insert(fingerprint, life.clone());
        life
    }

    /// Keeps what the user should know of a request.
    pub(super) fn add_notes(&self, notes: Notes) {
        self.notes.borrow_mut().append(notes);
    }

    /// What the user should know of the requests.
    pub(super) fn take_notes(&self) -> Notes {
        self.notes.take()
    }

    /// Who waited once for nothing needn't wait again.
    fn without_asking(&self) -> Option<Life> {
        if self.offline { Some(Life::NotAsked) } else { self.unreachable().map(Life::Unreachable) }
    }

    fn learned(&self, google: &Google<'_>, answer: Result<Fresh, Failure>, known: Option<String>) -> Life {
        let fresh = match answer {
            Ok(fresh) => fresh,
            Err(Failure::Refused(reason)) => return Life::Refused(reason.code().to_owned(), reason.words()),
            Err(Failure::Unreachable(transport)) => return Life::Unreachable(transport),
        };
        self.clock_offset.set(fresh.clock_offset.or(self.clock_offset.get()));
        let mut account = fresh.identity.and_then(|identity| identity.email).or(known);
        let mut scopes = fresh.scopes;
        if account.is_none() || scopes.is_none() {
            let told = google.identify(&fresh.access_token).ok().flatten();
            let Identity { email, scopes: granted, .. } = told.unwrap_or_default();
            account = account.or(email);
            scopes = scopes.or(granted);
        }
        Life::Alive { account, scopes }
    }

    /// Whose an access token is, if Google says.
    pub(super) fn whose(&self, token: &Secret) -> Option<String> {
        if self.offline {
            return None;
        }
        Google::at(&Endpoints::google()).identify(token).ok().flatten()?.email
    }
}

/// A stand-in for Google on this machine, which the libraries are made to reach under Google's name.
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}
