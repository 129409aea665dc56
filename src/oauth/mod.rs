//! Google's OAuth server, and others that a client file names: consent, tokens, revocation.
//!
//! The one home of `oauth2` and `reqwest`. Nothing here knows where credentials are kept.

mod answer;
mod bigquery;
mod endpoints;
mod failure;
mod http;
mod http_server;
mod sign_in_listener;
mod metadata;
pub(crate) mod scopes;
mod google;

pub(crate) use answer::Answer;
pub(crate) use bigquery::{BigQuery, Denied};
pub(crate) use endpoints::Endpoints;
pub(crate) use failure::{Failure, Reason};
pub(crate) use http::Transport;
pub(crate) use sign_in_listener::SignInListener;
#[cfg(any(test, feature = "internals"))]
pub(crate) use sign_in_listener::respond_to_sign_in;
pub(crate) use metadata::metadata;
#[cfg(any(test, feature = "internals"))]
pub(crate) use google::refreshed_by;
pub(crate) use google::{Consent, Fresh, Google, Identity, Revoked};
