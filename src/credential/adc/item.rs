//! What a keyring item holds beside the credential.

use serde::Deserialize;

use crate::output::secret::Secret;
use crate::system::clock::Time;

/// The access token that is kept with a credential, and when it expires, if there is one.
pub(crate) fn cached_token(bytes: &[u8]) -> Option<(Secret, Time)> {
    #[derive(Deserialize)]
    struct Cached {
        token: Secret,
        expiry: Time,
    }
    serde_json::from_slice(bytes).ok().map(|cached: Cached| (cached.token, cached.expiry))
}

/// The data folder that a keyring item belongs to, if it names one.
pub(crate) fn data_folder(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Item {
        bqcred_data_folder: String,
    }
    serde_json::from_slice(bytes).ok().map(|item: Item| item.bqcred_data_folder)
}
