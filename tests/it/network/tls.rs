//! Failing TLS: only the right server can read what is sent.

use super::wire::{Step, Wire};
use super::{Google, ROUTES, Route, Scene, moved, send};
use crate::common::TlsFault;

const NO_TLS: &str = "no encrypted connection could be made";

/// A scene with TLS, with a relay before the server, or before the proxy.
pub(super) fn scene(route: Route) -> (Scene, Wire) {
    let google = Google::start();
    let address = |base: &str| base.split_once("://").unwrap().1.parse().unwrap();
    if route == Route::Direct {
        let wire = Wire::to(address(&google.https_base()));
        let wired = format!("https://{}", wire.address);
        let client = moved(&google.client_json(), &google.http_base(), &wired);
        let env = vec![("SSL_CERT_FILE".to_owned(), google.ca_file().to_str().unwrap().to_owned())];
        return (Scene::new(google, &client, env), wire);
    }
    let wire = Wire::to(address(&google.proxy()));
    let mut env: Vec<(String, String)> = google.env();
    for (name, value) in &mut env {
        if name.eq_ignore_ascii_case("HTTPS_PROXY") {
            *value = format!("http://{}", wire.address);
        }
    }
    let client = google.google_client_json();
    (Scene::new(google, &client, env), wire)
}

/// What happens to every connection, directly or inside of a proxy's tunnel; it must not see a secret.
#[track_caller]
fn fails_with(steps: &[Step], says: &str) {
    for route in ROUTES {
        route_fails(route, &within(route, steps), says);
    }
}

/// What the relay does to every connection.
#[track_caller]
pub(super) fn route_fails(route: Route, steps: &[Step], says: &str) {
    let (scene, wire) = scene(route);
    scene.google.take_requests();
    wire.set(Some(steps.to_vec()));
    scene.every_command_says(says);
    let heard = wire.heard();
    assert_eq!(heard.contains("CONNECT oauth2.googleapis.com:443"), route == Route::Proxy, "{heard:?}");
    for secret in scene.google.secrets() {
        assert!(!heard.contains(&secret));
    }
    assert!(!heard.contains("POST") && !heard.contains("grant_type"), "{heard:?}");
    assert_eq!(scene.google.take_requests().len(), 0);
    wire.set(None);
    scene.works_again();
}

/// These steps instead of a server's handshake.
fn within(route: Route, steps: &[Step]) -> Vec<Step> {
    let open = [Step::Request, send("HTTP/1.1 200 Connection established\r\n\r\n")];
    let before = if route == Route::Proxy { &open[..] } else { &[] };
    [before, &[Step::Something], steps].concat()
}

#[test]
fn invalid_certificates_are_refused_at_once() {
    for (fault, says) in [
        (TlsFault::WrongName, "is for another host"),
        (TlsFault::Expired, "it has expired"),
        (TlsFault::NotYetValid, "it is valid only later"),
        (TlsFault::Untrusted, "an authority that this system does not trust"),
    ] {
        for route in ROUTES {
            let (scene, wire) = scene(route);
            scene.google.take_requests();
            scene.google.break_tls(Some(fault));
            let before = wire.connections();
            scene.every_command_says(says);
            assert_eq!(wire.connections() - before, super::COMMANDS.len(), "{fault:?} {route:?}: retried");
            assert_eq!(scene.google.take_requests().len(), 0, "{fault:?}");
            scene.google.break_tls(None);
            scene.works_again();
        }
    }
}

/// A server's answer in an old version of TLS (RFC 4346 section 7.4.1.3): the record and the ServerHello.
fn server_hello(version: [u8; 2]) -> Step {
    let mut hello = vec![0x02, 0, 0, 38, version[0], version[1]];
    hello.extend([7; 32]); // its random bytes
    hello.extend([0, 0x00, 0x2f, 0]); // no session, RSA with AES-128, no compression
    let mut record = vec![0x16, version[0], version[1], 0, 42];
    record.extend(hello);
    Step::Send(record)
}

#[test]
fn old_tls_versions_are_refused() {
    for version in [[3, 0], [3, 1], [3, 2]] {
        fails_with(&[server_hello(version)], NO_TLS);
    }
    // "protocol_version", the alert of a server that knows older ones only
    fails_with(&[Step::Send(vec![0x15, 3, 1, 0, 2, 2, 70])], NO_TLS);
}

#[test]
fn answer_without_tls_is_reported() {
    fails_with(&[send("HTTP/1.1 400 Bad Request\r\n\r\nYou speak TLS to a plain port")], NO_TLS);
    fails_with(&[send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")], NO_TLS);
    fails_with(&[Step::Flood(b"SSH-2.0-OpenSSH_9.6\r\n")], NO_TLS);
}

#[test]
fn interrupted_handshake_is_reported() {
    fails_with(&[], NO_TLS);
}

#[test]
fn stalled_handshake_times_out() {
    std::thread::scope(|scope| {
        // commands of one profile, which wait for each other: not for long either
        for route in ROUTES {
            scope.spawn(move || route_fails(route, &within(route, &[Step::Hold]), "did not answer in time"));
        }
        let mute_proxy = [Step::Request, Step::Hold];
        scope.spawn(move || route_fails(Route::Proxy, &mute_proxy, "did not answer in time"));
    });
}
