//! Functions for the fuzz targets (feature `internals`): what must hold for any input from outside, which is files,
//! answers, requests, and pasted text.
//!
//! A property takes any bytes and panics if it doesn't hold. `cargo test` tries all of `fuzz/corpus` and some
//! random bytes, `fuzz/run` searches for more.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a property that doesn't hold has to end the search"
)]

mod adc;
mod broker;
mod client;
mod json;
mod jupyter_config;
mod kernel_edit;
mod loopback;
mod pasted;
mod pins;
mod profile;
#[cfg(test)]
mod replay;
mod settings;
mod token_answer;

use crate::oauth::Endpoints;
use crate::output::error::Error;

/// Declares a public function for each property, and their list for the tests.
macro_rules! properties {
    ($($(#[$doc:meta])* $name:ident => $module:ident,)*) => {
        $($(#[$doc])*
        ///
        /// # Panics
        ///
        /// If the property doesn't hold for these bytes.
        pub fn $name(data: &[u8]) {
            $module::check(data);
        })*

        #[cfg(test)]
        const TARGETS: &[(&str, fn(&[u8]))] = &[$((stringify!($module), $name)),*];
    };
}

properties! {
    /// An ADC file, as bqcred or another tool wrote it.
    fuzz_adc => adc,
    /// A request to the broker of `exec --token-only`.
    fuzz_broker => broker,
    /// An OAuth client's file.
    fuzz_client => client,
    /// A Jupyter server's configuration file.
    fuzz_jupyter_config => jupyter_config,
    /// JSON as Python's parser takes it.
    fuzz_json => json,
    /// A `kernel.json` that is changed, and changed back.
    fuzz_kernel_edit => kernel_edit,
    /// A request to the listener of a sign-in.
    fuzz_loopback => loopback,
    /// What a user pastes at a sign-in.
    fuzz_pasted => pasted,
    /// The list of allowed `.bqcred` files, and such a file.
    fuzz_pins => pins,
    /// A profile's settings.
    fuzz_profile => profile,
    /// The user's settings.
    fuzz_settings => settings,
    /// A token endpoint's answer.
    fuzz_token_answer => token_answer,
}

/// Stands for every secret in the corpus and the dictionaries, and so may get into any input. It can't be
/// part of a host's name, which messages show.
const CANARY: &str = "1//0canary";

/// No part of a message holds a secret.
fn assert_discreet(error: &Error) {
    assert_no_canary(error.what());
    assert_no_canary(error.hint_text().unwrap_or_default());
    assert_no_canary(&format!("{error:?}"));
}

fn assert_no_canary(text: &str) {
    assert!(!text.contains(CANARY), "{text}");
}

/// Secrets may be sent to all of these: encrypted or on this machine, to Google only or to others only. Kept and
/// read again, they are the same.
fn assert_safe(endpoints: &Endpoints) {
    let named = [Some(&endpoints.auth_uri), Some(&endpoints.token_uri)];
    let named = named.into_iter().chain([endpoints.revoke_uri.as_ref(), endpoints.tokeninfo_uri.as_ref()]);
    let mut googles = Vec::new();
    for uri in named.flatten() {
        let url = url::Url::parse(uri).expect("an address");
        assert!(url.username().is_empty() && url.password().is_none(), "{uri}");
        let host = url.host_str().expect("a host");
        let here = host == "localhost" || host.starts_with("127.") || host == "[::1]";
        assert!(url.scheme() == "https" || (here && url.scheme() == "http"), "{uri}");
        if !here {
            let name = format!(".{}", host.trim_end_matches('.'));
            let is_googles = name.ends_with(".google.com") || name.ends_with(".googleapis.com");
            assert_eq!(is_googles, host.contains("google"), "{uri}");
            googles.push(is_googles);
        }
    }
    googles.dedup();
    assert!(googles.len() <= 1, "{endpoints:?}");
    let kept = serde_json::to_string(endpoints).expect("JSON");
    let read: Endpoints = serde_json::from_str(&kept).expect("endpoints");
    assert_eq!(read.checked().as_ref(), Ok(endpoints));
}

/// Reading what was written, and writing it again, changes nothing.
fn assert_stable<T: serde::Serialize>(value: &T, read: impl Fn(&[u8]) -> T) {
    let once = serde_json::to_vec_pretty(value).expect("JSON");
    let twice = serde_json::to_vec_pretty(&read(&once)).expect("JSON");
    assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice));
}
