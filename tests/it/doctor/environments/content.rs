//! Contents of the file that the variable names.

use super::super::scene::ADA;
use super::{Environment, broken, with, without};
use serde_json::{Value, json};

/// All of this group.
pub const ALL: &[Environment] = &[
    ("no JSON on a VM", |s| broken(s, b"{\"type\":")),
    ("an empty file on a VM", |s| broken(s, b"")),
    ("a list on a VM", |s| broken(s, b"[]")),
    ("a text in quotes on a VM", |s| broken(s, b"\"authorized_user\"")),
    ("an object with nothing in it on a VM", |s| broken(s, b"{}")),
    ("a byte order mark on a VM", |s| {
        let text = format!("\u{feff}{}", s.user(ADA));
        broken(s, text.as_bytes());
    }),
    ("UTF-16 on a VM", |s| {
        let bytes: Vec<u8> = s.user(ADA).to_string().encode_utf16().flat_map(u16::to_le_bytes).collect();
        broken(s, &[&[0xff, 0xfe], &bytes[..]].concat());
    }),
    ("no refresh token on a VM", |s| {
        without(s, "refresh_token");
    }),
    ("no client secret", |s| {
        without(s, "client_secret");
    }),
    ("no type on a VM", |s| {
        without(s, "type");
        s.vm();
    }),
    ("a refresh token that is null", |s| {
        with(s, "refresh_token", Value::Null);
    }),
    ("a refresh token that is empty on a VM", |s| {
        with(s, "refresh_token", json!(""));
        s.vm();
    }),
    ("a type that nobody knows", |s| {
        with(s, "type", json!("something_new"));
    }),
    ("an OAuth client's file on a VM", |s| {
        let client = s.google.google_client_json();
        broken(s, client.as_bytes());
    }),
    ("a service account's key", |s| {
        let key = s.service_account();
        s.adc(&key);
    }),
    ("a service account's key on a VM", |s| {
        let key = s.service_account();
        s.adc(&key);
        s.vm();
    }),
    ("a service account's key without its private part on a VM", |s| {
        let mut key = s.service_account();
        key.as_object_mut().unwrap().remove("private_key");
        s.adc(&key);
        s.vm();
    }),
    ("another universe on a VM", |s| {
        with(s, "universe_domain", json!("example.goog"));
        s.vm();
    }),
    ("a universe that is null", |s| {
        with(s, "universe_domain", Value::Null);
    }),
    ("scopes that were not granted on a VM", |s| {
        with(s, "scopes", json!(["https://www.googleapis.com/auth/drive"]));
        s.vm();
    }),
    ("scopes that were granted", |s| {
        with(s, "scopes", json!("https://www.googleapis.com/auth/bigquery openid"));
    }),
];
