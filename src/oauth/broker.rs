//! A token endpoint on this machine that another bqcred answers at (`exec --token-only`).

use serde::Deserialize;
use url::form_urlencoded;

use super::http;
use super::owner::stays_on_this_machine;
use crate::output::secret::Secret;
use crate::system::clock::Time;

/// An access token, and when it expires.
pub(crate) type HeldToken = (Secret, Time);

#[derive(Deserialize)]
struct Answer {
    access_token: Option<Secret>,
    #[serde(default)]
    expires_in: u64,
    error_description: Option<String>,
}

/// Asks with a handle for a token. `Err` is why there is none, in the broker's words; `None` if nothing like a broker
/// answers on this machine.
pub(crate) fn ask_broker(token_url: &str, handle: &Secret) -> Option<Result<HeldToken, String>> {
    if !stays_on_this_machine(token_url) {
        return None;
    }
    let form = [("grant_type", "refresh_token"), ("refresh_token", handle.expose())];
    let body = Secret::new(form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish());
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let before = Time::now();
    let answer = http::post(token_url, &headers, body.expose().as_bytes()).ok()?;
    let told: Answer = serde_json::from_slice(&answer.body).ok()?;
    match (told.access_token, told.error_description) {
        (Some(token), _) => Some(Ok((token, before.plus(told.expires_in)))),
        (None, why) => why.map(Err),
    }
}
