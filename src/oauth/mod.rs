//! Google's OAuth server, and others that a client file names: consent, tokens, revocation.
//!
//! The only folder that uses `oauth2`, `reqwest`, `hyper-util` and `httparse`. Nothing here knows where credentials are kept.

mod answer;
mod bigquery;
mod broker;
mod endpoints;
mod error_response;
mod failure;
mod google;
mod http;
pub(crate) mod http_server;
mod identity;
mod impersonation;
mod metadata;
mod owner;
mod reason;
mod request;
mod revoke;
pub(crate) mod scopes;
mod sign_in_listener;
mod tokens;
mod transport;

pub(crate) use answer::{Answer, Shown};
pub(crate) use bigquery::{BigQuery, Denied};
pub(crate) use broker::ask_broker;
pub(crate) use endpoints::{Endpoints, is_googles_token_uri};
pub(crate) use failure::Failure;
#[cfg(any(test, feature = "internals"))]
pub(crate) use google::refreshed_by;
pub(crate) use google::{Consent, Google, random_secret};
pub(crate) use identity::Identity;
pub(crate) use impersonation::{
    ActingAs, NotImpersonated, ServiceAccount, token as token_of_service_account,
};
pub(crate) use metadata::metadata;
pub(crate) use reason::Reason;
pub(crate) use revoke::{RevokeFailure, Revoked};
pub(crate) use sign_in_listener::SignInListener;
#[cfg(any(test, feature = "internals"))]
pub(crate) use sign_in_listener::respond_to_sign_in;
pub(crate) use tokens::Fresh;
pub(crate) use transport::Transport;
