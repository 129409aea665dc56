//! An answer of the token endpoint, of whatever status: tokens only from a complete one, and nothing of it in a
//! message.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::{CANARY, assert_discreet, assert_no_canary};
use crate::oauth::{Failure, Fresh, refreshed_by};
use crate::system::clock::Time;

/// The first byte chooses the status, and whether the rest is the body or the claims of an id_token in it.
const STATUSES: [u16; 8] = [200, 200, 200, 400, 401, 403, 429, 503];

pub(super) fn check(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let status = STATUSES.get(usize::from(first % 8)).copied().unwrap_or(200);
    let claims = format!(
        r#"{{"access_token":"{CANARY}","token_type":"Bearer","id_token":"x.{}.y"}}"#,
        BASE64_URL_SAFE_NO_PAD.encode(rest)
    );
    let body = if *first < 128 { rest } else { claims.as_bytes() };
    let now = Time::from_http_date("Mon, 21 Sep 2026 14:13:20 GMT").expect("a date");
    match refreshed_by(status, body, now) {
        Ok(fresh) => {
            assert_eq!(status, 200);
            check_fresh(&fresh, body, now);
        }
        Err(failure) => check_failure(failure, status),
    }
}

fn check_fresh(fresh: &Fresh, body: &[u8], now: Time) {
    // the library takes no notice of what follows
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<serde_json::Value>();
    let sent = values.next().and_then(Result::ok).expect("JSON");
    assert_eq!(sent.get("access_token").and_then(|token| token.as_str()), Some(fresh.access_token.expose()));
    let tokens = [Some(&fresh.access_token), fresh.refresh_token.as_ref()];
    for token in tokens.into_iter().flatten() {
        // it goes into a header, a file and onto stdout
        assert!(
            !token.expose().is_empty() && token.expose().bytes().all(|byte| (0x20..0x7f).contains(&byte))
        );
    }
    assert!(fresh.expires >= now && fresh.refresh_token_expires.is_none_or(|end| end >= now));
    // RFC 6749 section 3.3; messages show them
    let mut scopes = fresh.scopes.iter().flatten();
    assert!(scopes.all(|scope| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic())));
    let names = fresh.identity.iter().flat_map(|identity| [&identity.email, &identity.sub]);
    assert!(names.flatten().all(|name| !name.contains(char::is_control)));
    let public = format!("{:?} {:?}", fresh.scopes, fresh.identity);
    if !public.contains(CANARY) {
        assert_no_canary(&format!("{fresh:?}"));
    }
}

fn check_failure(failure: Failure, status: u16) {
    assert_no_canary(&format!("{failure:?}"));
    assert!(status != 429 && status < 500 || matches!(failure, Failure::Unreachable(_)), "{failure:?}");
    let error = failure.into_error("bqcred login");
    assert_discreet(&error);
    assert!(error.hint_text().is_some());
    assert!(!error.what().contains(char::is_control));
}
