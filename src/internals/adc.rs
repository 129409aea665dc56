//! An ADC file: what is read is written again complete and exact, and no message shows it.

use serde_json::{Map, Value};

use super::{CANARY, assert_no_canary};
use crate::credential::adc::{AuthorizedUser, cached_token, data_folder};
use crate::output::secret::Secret;
use crate::system::clock::Time;

/// What must not get into a credential file: by the libraries' own documentation, and what only keyring items have.
const PASSING: [&str; 6] = ["token", "expiry", "scopes", "token_uri", "id_token", "bqcred_data_folder"];

pub(super) fn check(data: &[u8]) {
    let _ = cached_token(data);
    match AuthorizedUser::parse(data) {
        Ok(user) => check_user(&user, data),
        Err(problem) => {
            assert_no_canary(&problem.problem());
            assert_no_canary(problem.hint());
            assert_no_canary(&format!("{problem:?}"));
        }
    }
}

fn check_user(user: &AuthorizedUser, data: &[u8]) {
    assert!(!user.client_id.is_empty() && !user.refresh_token.expose().is_empty());
    let json = user.to_adc_json();
    assert!(json.is_ascii() && json.starts_with(b"{\n  \"") && json.ends_with(b"\n}"));
    let again = AuthorizedUser::parse(&json).expect("what was written can be read");
    assert_eq!(*again.to_adc_json(), *json);
    assert_eq!(again.account, user.account);
    assert_eq!(again.quota_project_id, user.quota_project_id);
    assert_eq!(again.client_secret.expose(), user.client_secret.expose());
    assert_eq!(again.refresh_token.expose(), user.refresh_token.expose());
    check_keys(data, &json);
    check_token(user, &json);

    let shown = format!("{user:?}");
    let public = [&user.account, &user.client_id, user.quota_project_id.as_ref().unwrap_or(&user.account)];
    let keys: Map<String, Value> = serde_json::from_slice(data).expect("an object");
    let inside = keys.get("source_credentials").and_then(Value::as_object);
    let mut names = keys.keys().chain(inside.into_iter().flat_map(Map::keys));
    if !public.iter().any(|text| text.contains(CANARY)) && !names.any(|key| key.contains(CANARY)) {
        assert_no_canary(&shown);
    }
}

/// Every key with a value is still there, except those that must not be.
fn check_keys(data: &[u8], json: &[u8]) {
    let before: Map<String, Value> = serde_json::from_slice(data).expect("an object");
    let after: Map<String, Value> = serde_json::from_slice(json).expect("an object");
    for (key, value) in &before {
        match key.as_str() {
            // what is inside is a credential of its own, and only its own keys are kept
            "source_credentials" => {}
            passing if PASSING.contains(&passing) => assert!(!after.contains_key(key), "{key}"),
            "account" | "quota_project_id" | "universe_domain" if value.is_null() || value == "" => {}
            _ => assert_eq!(after.get(key), Some(value), "{key}"),
        }
    }
}

/// A token beside the credential is found, and is not in the ADC file.
fn check_token(user: &AuthorizedUser, json: &[u8]) {
    let expires = Time::from_http_date("Mon, 21 Sep 2026 14:13:20 GMT").expect("a date");
    let both = user.to_item_json("/data", Some((&Secret::new("ya29.x"), expires)));
    let (token, end) = cached_token(&both).expect("the token");
    assert_eq!((token.expose(), end), ("ya29.x", expires));
    assert_eq!(data_folder(&both).as_deref(), Some("/data"));
    assert_eq!(*AuthorizedUser::parse(&both).expect("the credential").to_adc_json(), *json);
}
