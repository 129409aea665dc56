//! Failing TLS and proxies, with Google's host names behind a proxy: only the right server can read what is
//! sent.

use super::wire::{Step, Wire};
use super::{Google, Scene, send};
use crate::common::TlsFault;

const NO_TLS: &str = "no encrypted connection could be made";

/// A scene in which Google's host names are reached through the double's proxy, with a relay before it.
fn scene() -> (Scene, Wire) {
    let google = Google::start();
    let wire = Wire::to(google.proxy().trim_start_matches("http://").parse().unwrap());
    let mut env: Vec<(String, String)> = google.env();
    for (name, value) in &mut env {
        if name.eq_ignore_ascii_case("HTTPS_PROXY") {
            *value = format!("http://{}", wire.address);
        }
    }
    let client = google.google_client_json();
    (Scene::new(google, &client, env), wire)
}

/// What the proxy does to every connection; it must not see a secret.
#[track_caller]
fn fails_with(steps: &[Step], says: &str) {
    let (scene, wire) = scene();
    scene.google.take_requests();
    wire.set(Some(steps.to_vec()));
    scene.every_command_says(says);
    let heard = wire.heard();
    assert!(heard.contains("CONNECT oauth2.googleapis.com:443"), "{heard:?}");
    for secret in scene.google.secrets() {
        assert!(!heard.contains(&secret));
    }
    assert!(!heard.contains("POST") && !heard.contains("grant_type"), "{heard:?}");
    assert_eq!(scene.google.take_requests().len(), 0);
    wire.set(None);
    scene.works_again();
}

/// A tunnel, and then these steps instead of a server's handshake.
fn tunnel(steps: &[Step]) -> Vec<Step> {
    let open = [Step::Request, send("HTTP/1.1 200 Connection established\r\n\r\n"), Step::Something];
    [&open, steps].concat()
}

#[test]
fn invalid_certificates_are_refused() {
    for (fault, says) in [
        (TlsFault::WrongName, "is for another host"),
        (TlsFault::Expired, "not valid at the time"),
        (TlsFault::Untrusted, "an authority that this system does not trust"),
    ] {
        let (scene, _wire) = scene();
        scene.google.take_requests();
        scene.google.break_tls(Some(fault));
        scene.every_command_says(says);
        assert_eq!(scene.google.take_requests().len(), 0, "{fault:?}");
        scene.google.break_tls(None);
        scene.works_again();
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
        fails_with(&tunnel(&[server_hello(version)]), NO_TLS);
    }
    // "protocol_version", the alert of a server that knows older ones only
    fails_with(&tunnel(&[Step::Send(vec![0x15, 3, 1, 0, 2, 2, 70])]), NO_TLS);
}

#[test]
fn answer_without_tls_is_reported() {
    fails_with(&tunnel(&[send("HTTP/1.1 400 Bad Request\r\n\r\nYou speak TLS to a plain port")]), NO_TLS);
    fails_with(&tunnel(&[send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")]), NO_TLS);
    fails_with(&tunnel(&[Step::Flood(b"SSH-2.0-OpenSSH_9.6\r\n")]), NO_TLS);
}

#[test]
fn interrupted_handshake_is_reported() {
    fails_with(&tunnel(&[]), NO_TLS);
}

#[test]
fn stalled_handshake_times_out() {
    std::thread::scope(|scope| {
        // commands of one profile, which wait for each other: not for long either
        for steps in [tunnel(&[Step::Hold]), vec![Step::Request, Step::Hold]] {
            scope.spawn(move || fails_with(&steps, "did not answer in time"));
        }
    });
}

#[test]
fn proxy_that_requires_a_password_is_reported() {
    let page = "<html>Who are you?";
    let wanted = format!(
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\
         Content-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}",
        page.len()
    );
    fails_with(&[Step::Request, send(&wanted)], "wants a user name and a password (407)");
}

#[test]
fn server_that_is_not_a_proxy_is_reported() {
    let not_through = "the proxy can't be reached, or did not let the request through";
    let page = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>";
    fails_with(&[Step::Request, send(page)], not_through);
    fails_with(
        &[Step::Request, send("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n\r\n")],
        not_through,
    );
    fails_with(&[Step::Request, send("<html>Welcome</html>")], not_through);
    fails_with(&[Step::Request], not_through);
    fails_with(&[Step::Request, Step::Flood(b"X-Filler: xxxxxxxxxxxxxxxxxxxxx\r\n")], not_through);
}

#[test]
fn unreachable_proxy_is_reported() {
    let (mut scene, _wire) = scene();
    let before = scene.env.clone();
    // RFC 6761 section 6.4: this name never exists
    for (proxy, says) in
        [("http://proxy.invalid:3128", "name can't be found"), ("http://127.0.0.1:9", "check HTTPS_PROXY")]
    {
        for (_, value) in scene.env.iter_mut().filter(|(name, _)| name.eq_ignore_ascii_case("HTTPS_PROXY")) {
            proxy.clone_into(value);
        }
        scene.every_command_says(says);
    }
    scene.env = before;
    scene.works_again();
}

#[test]
fn unknown_host_is_reported() {
    let google = Google::start();
    let client = google.client_json();
    let scene = Scene::new(google, &client, Vec::new());
    // RFC 6761 section 6.4: this name never exists
    let places = [
        scene.sandbox.data("default").join("profile.json"),
        scene.sandbox.home().join(".local/state/bqcred/new.login"),
    ];
    let before = places.each_ref().map(|path| std::fs::read_to_string(path).unwrap());
    for (path, text) in places.iter().zip(&before) {
        let text =
            text.replace(&format!("{}/token", scene.google.http_base()), "https://oauth.invalid/token");
        let text =
            text.replace(&format!("{}/revoke", scene.google.http_base()), "https://oauth.invalid/revoke");
        std::fs::write(path, text).unwrap();
    }
    scene.every_command_says("name can't be found");
    for (path, text) in places.iter().zip(before) {
        std::fs::write(path, text).unwrap();
    }
    scene.works_again();
}
