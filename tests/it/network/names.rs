//! Names that can't be found, or not in time.

use std::time::Duration;

use super::{Google, Scene};
use crate::common::{self, find_program};

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

/// A name server that gets every question and answers none.
#[test]
fn silent_name_server_ends_within_the_connection_limit() {
    let google = Google::start();
    let (client, env) = (google.google_client_json(), google.env());
    let scene = Scene::new(google, &client, env);
    let (Ok(_silent), Some(unshare)) = (std::net::UdpSocket::bind("127.0.0.83:53"), find_program("unshare"))
    else {
        common::missing("unshare, and port 53");
        return;
    };
    let settings = "nameserver 127.0.0.83\noptions timeout:30 attempts:5\n";
    let settings = scene.sandbox.write("resolv.conf", settings);
    let inside = "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"";
    let bqcred = env!("CARGO_BIN_EXE_bqcred");
    let words =
        ["-m", "/bin/sh", "-c", inside, settings.to_str().unwrap(), bqcred, "token", "--min-ttl", "99999"];
    let direct = scene.env.iter().filter(|(name, _)| !name.to_lowercase().ends_with("_proxy")).cloned();
    let run = scene.sandbox.program(unshare, &words).env("PATH", "/usr/bin:/bin").envs(direct).run();
    let run = run.fails(5).says("the name server did not answer in time");
    assert!(run.time < Duration::from_secs(20), "{:?}", run.time);
}
