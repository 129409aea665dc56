//! Secrets where none belongs: in an address, a `Referer`, or the body for another service.

use super::http::Request;
use super::world::{World, lock};

/// Notes each secret that this request shows where it must not.
pub fn inspect(world: &World, request: &Request) {
    if lock(&world.settings).tolerated.iter().any(|path| *path == request.path) {
        return;
    }
    let decoded = percent_decoded(&format!("{}?{}", request.path, request.query));
    let referer = percent_decoded(request.header("referer").unwrap_or_default());
    let body = percent_decoded(&request.text());
    let shows_code = ["/applicationdefaultauthcode.html", "/authcode.html"].contains(&request.path.as_str());
    let at_oauth = request.path.ends_with("/token")
        || request.path.ends_with("/revoke")
        || request.path.ends_with("/tokeninfo");
    let mut found = Vec::new();
    for (secret, what) in &lock(&world.grants).secrets {
        let is_code = *what == "an authorization code";
        if decoded.contains(secret.as_str()) && !(shows_code && is_code) {
            found.push(format!("{what} in the address of {} {}", request.method, request.path));
        }
        if referer.contains(secret.as_str()) {
            found.push(format!("{what} in the Referer of {} {}", request.method, request.path));
        }
        if !at_oauth && body.contains(secret.as_str()) {
            found.push(format!("{what} in the body of {} {}", request.method, request.path));
        }
    }
    lock(&world.log).leaks.append(&mut found);
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
