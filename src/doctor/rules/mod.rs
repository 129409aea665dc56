//! What each library does to find a credential: one file a library.

pub(crate) mod connectorx;
pub(crate) mod dbt;
pub(crate) mod gargle;
pub(crate) mod gcloud;
pub(crate) mod go;
pub(crate) mod google_auth;
pub(crate) mod java;
pub(crate) mod node;
pub(crate) mod pydata;
pub(crate) mod shared;
