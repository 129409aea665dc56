//! Secrets in the wrong place: in a URL, a `Referer`, or the body for another service.

use super::request::Request;
use super::world::{World, lock};

/// Records each secret of this request that is in the wrong place.
pub fn inspect(world: &World, request: &Request) {
    if lock(&world.settings).tolerated.contains(&request.path) {
        return;
    }
    let place = format!("{} {}", request.method, request.path);
    let address = format!("{}?{}", request.path, request.query);
    let shows_code = ["/applicationdefaultauthcode.html", "/authcode.html"].contains(&request.path.as_str());
    let at_oauth = ["/token", "/revoke", "/tokeninfo"].iter().any(|end| request.path.ends_with(end));
    let mut found = Vec::new();
    for what in secrets_in(world, &address) {
        if !(shows_code && what == "an authorization code") {
            found.push(format!("{what} in the address of {place}"));
        }
    }
    for what in secrets_in(world, request.header("referer").unwrap_or_default()) {
        found.push(format!("{what} in the Referer of {place}"));
    }
    if !at_oauth {
        found.extend(secrets_in(world, &request.text()).map(|what| format!("{what} in the body of {place}")));
    }
    lock(&world.log).leaks.append(&mut found);
}

/// The secrets in a text. Those of the double are marked and found anywhere in it; a client's own (a
/// verifier) where it stands between other characters than its own.
fn secrets_in(world: &World, text: &str) -> impl Iterator<Item = &'static str> {
    let text = percent_decoded(text);
    let grants = lock(&world.grants);
    let mut found = Vec::new();
    if text.contains("canary") {
        found.extend(
            grants.secrets.iter().filter(|(secret, _)| text.contains(*secret)).map(|(_, what)| *what),
        );
    } else {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"-._~".contains(c));
        found.extend(words.filter_map(|word| grants.secrets.get(word)));
    }
    found.sort_unstable();
    found.dedup();
    found.into_iter()
}

/// Percent-decoded once, plus signs left alone, bad sequences kept.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
