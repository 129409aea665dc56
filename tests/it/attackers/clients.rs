//! Client files made by an attacker to get codes and tokens.

use std::net::TcpListener;

use super::machine::{Machine, own};
use crate::common::{Sandbox, set_mode};

/// `auth_uri`, `token_uri`, and the expected message.
const HOSTILE: &[(&str, &str, &str)] = &[
    ("http://accounts.google.com/o/oauth2/auth", GOOGLE, "is not https"),
    ("http://login.example/auth", "http://login.example/token", "is not https"),
    (
        "https://accounts.google.com.evil.example/auth",
        "https://evil.example/token",
        "looks like Google and is not",
    ),
    (
        "https://oauth2.googleapis.com.evil.example/a",
        "https://evil.example/token",
        "looks like Google and is not",
    ),
    ("https://accounts-google.com/auth", "https://accounts-google.com/token", "looks like Google and is not"),
    ("https://accounts.gооgle.com/auth", "https://accounts.gооgle.com/token", "looks like Google and is not"),
    ("https://xn--ggle-55da.com/auth", "https://xn--ggle-55da.com/token", "looks like Google and is not"),
    ("https://accounts.google.com@evil.example/auth", GOOGLE, "user name"),
    ("https://:pass@login.example/auth", "https://login.example/token", "user name"),
    ("https://accounts.google.com%2f@evil.example/", GOOGLE, "user name"),
    ("file:///etc/passwd", "file:///etc/passwd", "names no host"),
    ("file://localhost/etc/passwd", GOOGLE, "no"),
    ("javascript:alert(1)", GOOGLE, "names no host"),
    ("data:text/html,x", GOOGLE, "names no host"),
    ("ftp://login.example/", "https://login.example/token", "neither https"),
    ("ssh://login.example/", "https://login.example/token", "neither https"),
    ("https://accounts.google.com:8443/o/oauth2/auth", GOOGLE, "not where Google signs people in"),
    ("https://accounts.google.com./o/oauth2/auth", GOOGLE, "dot at the end"),
    ("https://login.example./auth", "https://login.example/token", "dot at the end"),
    (
        "https://accounts.google.com/o/oauth2/auth?redirect_uri=https://evil.example",
        GOOGLE,
        "not where Google",
    ),
    ("https://accounts.google.com/ServiceLogin", GOOGLE, "not where Google signs people in"),
    (AUTH, "https://script.google.com/macros/s/AKfy/exec", "not where Google signs people in"),
    (AUTH, "https://storage.googleapis.com/bucket/token", "not where Google signs people in"),
    (AUTH, "https://www.googleapis.com/upload/storage/v1/b/x/o", "not where Google signs people in"),
    (AUTH, "https://evil.example/token", "must not go to the other"),
    ("https://evil.example/auth", GOOGLE, "must not go to the other"),
    (AUTH, "http://127.0.0.1:9/token", "must not go to the other"),
    ("http://localhost:9/auth", GOOGLE, "must not go to the other"),
    ("http://127.0.0.1.evil.example/a", "http://127.0.0.1.evil.example/t", "is not https"),
    ("http://localhost.evil.example/a", "http://localhost.evil.example/t", "is not https"),
    ("http://[::ffff:127.0.0.1]/a", "http://[::ffff:127.0.0.1]/t", "is not https"),
    ("http://0.0.0.0:9/a", "http://0.0.0.0:9/t", "is not https"),
    ("http://169.254.169.254/a", "http://169.254.169.254/t", "is not https"),
    ("https://login.example/#@accounts.google.com", "https://login.example/t", "#fragment"),
    ("", "", "is not an address"),
    ("//accounts.google.com/o/oauth2/auth", GOOGLE, "is not an address"),
];

const AUTH: &str = "https://accounts.google.com/o/oauth2/v2/auth";
const GOOGLE: &str = "https://oauth2.googleapis.com/token";

fn file(auth: &str, token: &str) -> String {
    serde_json::json!({"installed": {"client_id": "1-x.apps.googleusercontent.com", "client_secret": "s",
        "auth_uri": auth, "token_uri": token}})
    .to_string()
}

#[test]
fn hostile_client_files_are_refused_before_sign_in() {
    let sandbox = Sandbox::new();
    for (auth, token, says) in HOSTILE {
        let client = sandbox.write("client.json", file(auth, token));
        let client = client.to_str().unwrap();
        let set = sandbox.bqcred(&["client", "set", client]);
        assert_eq!(set.code, Some(2), "{auth} {token}: {set:?}");
        assert!(set.stderr.contains(says), "{auth} {token}: {}", set.stderr);
        let login = sandbox.bqcred(&["login", "--start", "--client-id-file", client]);
        assert_eq!((login.code, login.stdout.as_str()), (Some(2), ""), "{auth} {token}");
        let login = sandbox.invoke(&["login", "--start"]).env("BQCRED_CLIENT_ID_FILE", client).run();
        assert_eq!((login.code, login.stdout.as_str()), (Some(2), ""), "{auth} {token}");
    }
    assert!(!sandbox.config().join("client.json").exists());
    // the two other addresses are checked as well
    for key in ["revoke_uri", "tokeninfo_uri"] {
        let mut value: serde_json::Value = serde_json::from_str(&file(AUTH, GOOGLE)).unwrap();
        value["installed"][key] = "https://evil.example/".into();
        let client = sandbox.write("client.json", value.to_string());
        sandbox
            .bqcred(&["client", "set", client.to_str().unwrap()])
            .fails(2)
            .says("must not go to the other");
    }
}

#[test]
fn login_names_a_server_that_is_not_google() {
    let sandbox = Sandbox::new();
    let client = sandbox.write("client.json", file("https://login.example/a", "https://login.example/t"));
    let client = client.to_str().unwrap();
    sandbox
        .bqcred(&["client", "set", client])
        .fails(0)
        .says("signs in at login.example, which is not Google");
    let mut terminal = sandbox.terminal(&["login", "--no-browser"]);
    let said = terminal.exp_string("Paste the address: ").unwrap();
    assert!(said.contains("at login.example, which is not Google"), "{said}");
    terminal.send_control('c').unwrap();
    terminal.exp_eof().unwrap();
}

#[test]
fn system_wide_client_must_belong_to_root_and_be_writable_by_root_only() {
    let Some(machine) = Machine::new() else { return };
    std::fs::remove_file(machine.sandbox.config().join("client.json")).unwrap();
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}/", trap.local_addr().unwrap());
    let client = machine.sandbox.write("etc/bqcred/client.json", file(&uri, &uri));
    for folder in [client.parent().unwrap(), client.parent().unwrap().parent().unwrap()] {
        set_mode(folder, 0o755);
    }
    for (owner, mode, says) in
        [(65_534, 0o644, "belongs to another user"), (0, 0o666, "lets others change it")]
    {
        own(&client, owner);
        set_mode(&client, mode);
        machine.person(&["login", "--start"]).run().fails(6).says(says);
    }
    set_mode(&client, 0o644);
    machine.person(&["login", "--start"]).run().success();
}
