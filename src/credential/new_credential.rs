//! A credential that a sign-in or an import has just brought, and what came with it. Nothing of it is saved
//! yet: `lifecycle::save` does that.

use crate::credential::adc::AuthorizedUser;
use crate::credential::profile::{Origin, StoreKind};
use crate::oauth::{Endpoints, Identity};
use crate::system::clock::Time;

/// A credential to be saved.
#[derive(Clone)]
pub(crate) struct NewCredential {
    /// The credential.
    pub(crate) credential: AuthorizedUser,
    /// The account, as the server said; `None` if it could not be asked.
    pub(crate) identity: Option<Identity>,
    /// The scopes that were granted; empty if they are not known.
    pub(crate) scopes: Vec<String>,
    /// The scopes that the sign-in asked for and that were not granted.
    pub(crate) refused_scopes: Vec<String>,
    /// The project to use; `None` leaves the profile's as it is.
    pub(crate) project: Option<String>,
    /// The quota project to use; `None` leaves the profile's as it is.
    pub(crate) quota_project: Option<String>,
    /// Where to keep it.
    pub(crate) store: StoreKind,
    /// The server's addresses; `None` for Google's.
    pub(crate) endpoints: Option<Endpoints>,
    /// Where it comes from.
    pub(crate) origin: Origin,
    /// When its user signed in, if that was now.
    pub(crate) signed_in: Option<Time>,
    /// When the refresh token expires, if the server said so.
    pub(crate) refresh_token_expires: Option<Time>,
}
