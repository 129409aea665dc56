//! A server with wrong answers, without TLS or with TLS that ends before it, so that the test decides about each byte.

use std::time::Duration;

use super::wire::{Step, Wire};
use super::{ADA, COMMANDS, Google, ROUTES, Route, Sandbox, Scene, moved, send};
use crate::common::{Endpoint, Script};

const BROKEN: &str = "broke off before the answer was complete";
const PAGE: &str = "a page came instead of Google's answer";
const CUT: &str = "the answer was cut off, or is not Google's";
const LATE: &str = "did not answer in time";

/// A scene in which everything but the browser goes through a relay: directly, or as what a proxy's tunnel leads to.
pub(super) fn scene(route: Route) -> (Scene, Wire) {
    let google = Google::start();
    let server = google.http_base().trim_start_matches("http://").parse().unwrap();
    let wire = match route {
        Route::Direct => Wire::to(server),
        Route::Proxy => Wire::to(google.plain_tunnel_end()),
    };
    let scene = match route {
        Route::Direct => {
            let client =
                moved(&google.client_json(), &google.http_base(), &format!("http://{}", wire.address));
            Scene::new(google, &client, Vec::new())
        }
        Route::Proxy => {
            google.end_tunnels_at(wire.address);
            let (client, env) = (google.google_client_json(), google.env());
            Scene::new(google, &client, env)
        }
    };
    (scene, wire)
}

#[track_caller]
fn fails_with(steps: &[Step], says: &str) {
    for route in ROUTES {
        commands_fail(route, &COMMANDS, steps, says);
    }
}

#[track_caller]
fn commands_fail(route: Route, commands: &[&[&str]], steps: &[Step], says: &str) {
    let (scene, wire) = scene(route);
    wire.set(Some(steps.to_vec()));
    scene.commands_say(commands, says);
    wire.set(None);
    scene.works_again();
}

/// An answer with a body of this type.
fn answer(status: &str, headers: &str, body: &str) -> [Step; 2] {
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
    [Step::Request, Step::Send(text.into_bytes())]
}

#[test]
fn dropped_reset_and_truncated_connections_are_reported() {
    let json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    fails_with(&[], BROKEN);
    fails_with(&[Step::Reset], BROKEN);
    fails_with(&[Step::Request, send("HTTP/1.1 200 OK\r\nContent-Ty")], BROKEN);
    fails_with(
        &[Step::Request, send(&format!("{json}Content-Length: 900\r\n\r\n{{\"access_token\": \"ya29.x"))],
        BROKEN,
    );
    fails_with(
        &[Step::Request, send(&format!("{json}Transfer-Encoding: chunked\r\n\r\n20\r\n{{\"access_"))],
        BROKEN,
    );
    fails_with(
        &[Step::Request, send(&format!("{json}Transfer-Encoding: chunked\r\n\r\nno length\r\n"))],
        BROKEN,
    );
}

#[test]
fn invalid_http_is_reported() {
    fails_with(&[Step::Request, send("\u{16}\u{3}\u{1} SSH-2.0-nonsense\r\n\r\n")], BROKEN);
    fails_with(&[Step::Request, send("HTTP/1.1 abc\r\n\r\n")], BROKEN);
    fails_with(&[Step::Request, send("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}")], BROKEN);
    fails_with(&[Step::Request, Step::Flood(b"X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n")], BROKEN);
}

#[test]
fn html_and_empty_answers_are_reported() {
    let html = "Content-Type: text/html\r\n";
    let page = "<!DOCTYPE html><p>Sign in to the guest network";
    fails_with(&answer("200 OK", html, page), PAGE);
    fails_with(&answer("200 OK", "Content-Type: application/json\r\n", page), PAGE);
    fails_with(&answer("511 Network Authentication Required", html, page), "a problem of its own (511)");
    fails_with(&answer("404 Not Found", html, page), PAGE);
    fails_with(&answer("403 Forbidden", html, page), PAGE);
}

#[test]
fn redirects_are_not_followed() {
    for (status, route) in
        [301, 302, 303, 307, 308].into_iter().flat_map(|status| ROUTES.map(|route| (status, route)))
    {
        let (scene, wire) = scene(route);
        let trap = Wire::nowhere();
        let to = format!("Location: http://localhost:{}/token\r\n", trap.address.port());
        wire.set(Some(answer(&format!("{status} Moved"), &to, "").to_vec()));
        scene.every_command_says(PAGE);
        assert_eq!(trap.connections(), 0, "{status}: {}", trap.heard());
        wire.set(None);
        scene.works_again();
    }
}

#[test]
fn oversized_answers_are_cut_off() {
    let large = format!("{{\"filler\": \"{}\"}}", "x".repeat(10 << 20));
    fails_with(&answer("200 OK", "Content-Type: application/json\r\n", &large), CUT);
    // as fast as it is read, and endless
    let head =
        send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    fails_with(&[Step::Request, head, Step::Flood(b"10\r\n                \r\n")], CUT);
}

#[test]
fn gzip_bomb_is_not_unpacked() {
    let bomb = std::process::Command::new("sh")
        .args(["-c", "(printf '{\"filler\": \"'; head -c 100000000 /dev/zero | tr '\\0' x) | gzip -9"])
        .output()
        .unwrap()
        .stdout;
    assert!(bomb.starts_with(&[0x1f, 0x8b]) && bomb.len() < 200_000);
    let mut text = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        bomb.len()
    )
    .into_bytes();
    text.extend(bomb);
    fails_with(&[Step::Request, Step::Send(text)], PAGE);
}

#[test]
fn endless_answers_time_out() {
    let head =
        send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    let slow_head = send("HTTP/1.1 200 OK\r\nX-Slow: ");
    let cases: [&[Step]; 4] = [
        &[Step::Request, Step::Hold],
        &[Step::Request, head, Step::Drip(b"1\r\n \r\n")],
        &[Step::Request, slow_head, Step::Drip(b"x")],
        // interim responses
        &[Step::Request, Step::Drip(b"HTTP/1.1 100 Continue\r\n\r\n")],
    ];
    std::thread::scope(|scope| {
        // each command with its own profile: otherwise they would wait for each other
        for (steps, command) in cases.iter().flat_map(|steps| COMMANDS.map(|command| (steps, command))) {
            for route in ROUTES {
                scope.spawn(move || commands_fail(route, &[command], steps, LATE));
            }
        }
    });
}

#[test]
fn late_answer_times_out() {
    let (google, sandbox) = (Google::start(), Sandbox::new());
    sandbox.login(&google, ADA, &[]).success();
    google.script_always(Endpoint::Token, Script::Slow(Duration::from_secs(100)));
    let run = sandbox.bqcred(&["token", "--min-ttl", "99999"]).fails(5);
    assert!(run.time < Duration::from_secs(60), "{:?}", run.time);
    run.says(LATE).says("the credential was not touched: try again");
    google.clear_scripts();
}

#[test]
fn code_with_a_lost_answer_is_reported_as_used() {
    for route in ROUTES {
        let (scene, _wire) = scene(route);
        let finish = ["login", "--profile", "new", "--finish", "-"];
        scene.google.fail_token(Script::Truncated);
        scene.run(&finish).fails(5).says(BROKEN);
        // the server has used the code, which is valid once; bqcred can't know that
        scene.run(&finish).fails(4).says("used already").says("start again");
    }
}
