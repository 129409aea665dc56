//! Proxies that fail, and settings of proxies: what is the proxy's is called the proxy's.

use super::tls::{route_fails, scene};
use super::wire::{Step, Wire};
use super::{Google, Route, Scene, send};

/// What the proxy does to every connection.
#[track_caller]
fn refused_with(steps: &[Step], says: &str) {
    route_fails(Route::Proxy, steps, says);
}

/// A scene with Google's host names, and with these variables in place of the double's proxy.
fn with_proxy(scene: &mut Scene, variables: &[(&str, &str)]) {
    let proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"];
    scene.env.retain(|(name, _)| !proxies.contains(&name.as_str()));
    scene.env.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
}

#[test]
fn proxy_that_requires_a_password_is_reported() {
    let page = "<html>Who are you?";
    let wanted = format!(
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\
         Content-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}",
        page.len()
    );
    refused_with(&[Step::Request, send(&wanted)], "wants a user name and a password (407)");
}

#[test]
fn server_that_is_not_a_proxy_is_reported() {
    let not_through = "the proxy did not let the request through";
    let page = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>";
    refused_with(&[Step::Request, send(page)], not_through);
    refused_with(
        &[Step::Request, send("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n\r\n")],
        not_through,
    );
    refused_with(&[Step::Request, send("<html>Welcome</html>")], not_through);
    refused_with(&[Step::Request], not_through);
    refused_with(&[Step::Request, Step::Flood(b"X-Filler: xxxxxxxxxxxxxxxxxxxxx\r\n")], not_through);
}

#[test]
fn unreachable_proxy_is_reported() {
    let (mut scene, _wire) = scene(Route::Proxy);
    let before = scene.env.clone();
    // RFC 6761 section 6.4: this name never exists
    for (proxy, says) in [
        ("http://proxy.invalid:3128", "the proxy can't be reached: its name can't be found"),
        ("socks5h://proxy.invalid:1080", "the proxy can't be reached: its name can't be found"),
        ("http://127.0.0.1:9", "the proxy can't be reached: nothing listens at its address"),
        ("socks5h://127.0.0.1:9", "the proxy can't be reached: nothing listens at its address"),
    ] {
        with_proxy(&mut scene, &[("HTTPS_PROXY", proxy)]);
        scene.every_command_says(says);
    }
    scene.env = before;
    scene.works_again();
}

#[test]
fn proxy_that_should_speak_tls_and_does_not_is_reported() {
    let (mut scene, _wire) = scene(Route::Proxy);
    let before = scene.env.clone();
    let plain = Wire::nowhere();
    plain.set(Some(vec![Step::Something, send("HTTP/1.1 400 Bad Request\r\n\r\n")]));
    let untrusted = scene.google.https_base();
    for proxy in [format!("https://{}", plain.address), untrusted] {
        with_proxy(&mut scene, &[("HTTPS_PROXY", &proxy)]);
        scene.env.retain(|(name, _)| name != "SSL_CERT_FILE");
        scene.every_command_says("no encrypted connection could be made to the proxy");
    }
    scene.env = before;
    scene.works_again();
}

#[test]
fn setting_that_is_no_address_names_its_variable_and_never_the_password() {
    let (mut scene, _wire) = scene(Route::Proxy);
    let before = scene.env.clone();
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        for value in [
            "http://CORP\\ada:canary@127.0.0.1:9",
            "http://ada:12#canary@127.0.0.1:9",
            "http://ada:12/canary@127.0.0.1:9",
            "http://127.0.0.1:9/ canary",
            "gopher://ada:canary@127.0.0.1:9",
        ] {
            with_proxy(&mut scene, &[(name, value)]);
            let run = scene.run(&["token", "--min-ttl", "99999"]).fails(5);
            let run = run.says(&format!("the value of {name} is not the address of a proxy")).says("%5C");
            assert!(!run.stderr.contains("canary") && !run.stderr.contains("CORP"), "{}", run.stderr);
        }
    }
    // where no proxy is used, its setting doesn't matter
    scene.google.take_requests();
    let bad = "http://CORP\\ada:canary@127.0.0.1:9";
    with_proxy(&mut scene, &[("HTTPS_PROXY", bad), ("NO_PROXY", "googleapis.com,google.com")]);
    let run = scene.run(&["token", "--min-ttl", "99999"]).fails(5);
    assert!(!run.stderr.contains("HTTPS_PROXY is"), "{}", run.stderr);
    scene.env = before;
    scene.works_again();
}

#[test]
fn empty_setting_is_none_and_hides_no_other() {
    let (mut scene, wire) = scene(Route::Proxy);
    let proxy = format!("http://{}", wire.address);
    for variables in [
        &[("HTTPS_PROXY", ""), ("https_proxy", proxy.as_str())][..],
        &[("HTTPS_PROXY", ""), ("https_proxy", ""), ("ALL_PROXY", &proxy)],
        &[("ALL_PROXY", ""), ("all_proxy", &proxy), ("NO_PROXY", ""), ("no_proxy", "127.0.0.1")],
        &[("HTTPS_PROXY", &proxy), ("ALL_PROXY", "http://127.0.0.1:9"), ("NO_PROXY", "apis.com")],
    ] {
        with_proxy(&mut scene, variables);
        let before = wire.connections();
        scene.invoke(&["token", "--min-ttl", "99999"]).may_print_secret().run().success();
        assert!(wire.connections() > before, "{variables:?}");
    }
}

#[test]
fn socks_proxy_is_used() {
    let google = Google::start();
    let (client, env) = (google.google_client_json(), google.env());
    let mut scene = Scene::new(google, &client, env);
    let socks = Wire::nowhere();
    // RFC 1928: version 5; the answer to it is "no method is acceptable"
    socks.set(Some(vec![Step::Something, Step::Send(vec![5, 0xff])]));
    with_proxy(&mut scene, &[("all_proxy", &format!("socks5h://{}", socks.address))]);
    scene.every_command_says("the proxy did not let the request through");
    assert!(socks.heard().starts_with('\u{5}'), "{:?}", socks.heard());
}
