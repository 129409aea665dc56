//! Whether Google still accepts the credential.

use super::super::scene::{ADA, BOB, SCOPES, Scene};
use super::{Environment, guard, with};
use crate::common::Endpoint;
use crate::double::{CLIENT_ID, Script};
use serde_json::json;

/// All of this group.
pub const ALL: &[Environment] = &[
    ("an access token that lasts, of a grant that is over", |s| {
        let mut user = s.user(ADA);
        user["refresh_token"] = "1//0gone".into();
        user["token"] = s.google.access_token(ADA, CLIENT_ID, SCOPES).into();
        user["expiry"] = "2099-01-01T00:00:00Z".into();
        s.adc(&user);
        s.vm();
    }),
    ("an access token under the name that caches have for it", |s| {
        let token = s.google.access_token(BOB, CLIENT_ID, SCOPES);
        with(s, "access_token", json!(token));
    }),
    ("an access token that has ended", |s| {
        let mut user = s.user(ADA);
        user["token"] = "ya29.gone".into();
        user["expiry"] = "2001-01-01T00:00:00Z".into();
        s.adc(&user);
    }),
    ("a token-only file, on a VM", |s| {
        token_only(s, "2099-01-01T00:00:00Z");
        s.vm();
    }),
    ("a token-only file that is not renewed, on a VM", |s| {
        token_only(s, "2001-01-01T00:00:00Z");
        s.vm();
    }),
    ("a token-only file that is not renewed, on a VM, but there is a guard", |s| {
        token_only(s, "2001-01-01T00:00:00Z");
        s.vm();
        guard(s);
    }),
    ("a token-only file of a grant that is over, on a VM", |s| {
        token_only(s, "2099-01-01T00:00:00Z");
        s.google.revoke_grant(ADA);
        s.vm();
    }),
    ("what is left of a token-only file, on a VM", |s| {
        s.adc(&json!({"type": "bqcred: the renewing of this access token has stopped: no network"}));
        s.vm();
    }),
    ("revoked", |s| {
        s.adc(&s.user(ADA));
        s.google.revoke_grant(ADA);
    }),
    ("revoked on a VM", |s| {
        s.adc(&s.user(ADA));
        s.google.revoke_grant(ADA);
        s.vm();
    }),
    ("revoked on a VM, but there is a guard", |s| {
        s.adc(&s.user(ADA));
        s.google.revoke_grant(ADA);
        s.vm();
        guard(s);
    }),
    ("the organisation wants a new sign-in, on a VM", |s| {
        s.adc(&s.user(ADA));
        s.google.require_reauth(ADA);
        s.vm();
    }),
    ("the client was deleted, on a VM", |s| {
        s.adc(&s.user(ADA));
        s.google.refuse_client(CLIENT_ID, "deleted_client");
        s.vm();
    }),
    ("Google has a problem, on a VM", |s| {
        s.adc(&s.user(ADA));
        s.google.script_always(Endpoint::Token, Script::Status(503));
        s.vm();
    }),
    ("a captive portal, on a VM", |s| {
        s.adc(&s.user(ADA));
        s.google.script_always(Endpoint::Token, Script::Html200);
        s.vm();
    }),
];

/// What `bqcred export --token-only` writes.
fn token_only(s: &mut Scene, expiry: &str) {
    let words = "bqcred-hands-over-access-tokens-only";
    s.adc(&json!({
        "type": "authorized_user", "account": ADA, "client_id": words, "client_secret": "none",
        "refresh_token": words, "token": s.google.access_token(ADA, CLIENT_ID, SCOPES), "expiry": expiry,
    }));
}
