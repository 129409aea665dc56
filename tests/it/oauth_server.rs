//! A certified OAuth server that is not Google's, named by the endpoints in a client file.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::common::{self, PERSON, Run, Sandbox, ends_with, find_program, missing};
use rexpect::session::PtySession;

/// Makes `token` send a request, however long the cached one is valid.
const ANEW: &[&str] = &["token", "--min-ttl", "1000000"];

/// The running server; gone when dropped.
struct Server {
    process: Child,
    base: String,
    sandbox: Sandbox,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn node_modules() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("BQCRED_TEST_NODE_MODULES")?);
    folder.join("oidc-provider").is_dir().then_some(folder)
}

impl Server {
    /// Starts it; `None`, reported as skipped, where it is not installed.
    fn start(manners: &[&str]) -> Option<Server> {
        let (Some(node), Some(modules)) = (find_program("node"), node_modules()) else {
            missing("node, or oidc-provider in BQCRED_TEST_NODE_MODULES,");
            return None;
        };
        let Some(curl) = find_program("curl") else {
            missing("curl");
            return None;
        };
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/npm/oidc_server.mjs");
        let mut command = Command::new(node);
        command.arg(program).arg(modules).args(manners).stdin(Stdio::null()).stdout(Stdio::piped());
        // its warnings about settings do not matter
        let mut process = command.stderr(Stdio::null()).spawn().unwrap();
        let mut base = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut base).unwrap();
        let server = Server { process, base: base.trim().to_owned(), sandbox: Sandbox::new() };
        assert!(server.base.starts_with("http://127.0.0.1:"), "the server did not start");
        server.sandbox.link("curl", &curl);
        let client = server.sandbox.write("client.json", server.client_json());
        server.sandbox.bqcred(&["client", "set", client.to_str().unwrap()]).success();
        Some(server)
    }

    fn client_json(&self) -> String {
        let at = |path: &str| format!("{}{path}", self.base);
        let value = serde_json::json!({"installed": {
            "client_id": "bqcred-test", "client_secret": "canary-oidc-secret", "redirect_uris": ["http://localhost"],
            "auth_uri": at("/auth"), "token_uri": at("/token"), "revoke_uri": at("/token/revocation"),
        }});
        value.to_string()
    }

    /// A login in a terminal, up to the address; the browser then goes there, and wherever it is sent.
    fn login(&self, args: &[&str]) -> PtySession {
        let mut terminal = self.sandbox.terminal(&[&["login", "--no-browser"], args].concat());
        let (_, address) = terminal.exp_regex(&format!("{}/auth\\S+", regex_text(&self.base))).unwrap();
        let browse = ["--silent", "--fail-with-body", "--location", "--cookie", "", &address];
        self.sandbox.program("curl", &browse).run().success();
        terminal.exp_eof().unwrap();
        terminal
    }

    fn signed_in(manners: &[&str]) -> Option<Server> {
        let server = Server::start(manners)?;
        ends_with(&server.login(&[PERSON, "--project", "p1"]), 0);
        Some(server)
    }

    fn token(&self, args: &[&str]) -> Run {
        self.sandbox.invoke(args).may_print_secret().run()
    }

    /// The server's userinfo for this access token.
    fn userinfo(&self, token: &str) -> serde_json::Value {
        let url = format!("{}/me", self.base);
        let curl = self.sandbox.program("curl", &["--silent", "--fail", "--config", "-", &url]);
        let run = curl.stdin(format!("header = \"Authorization: Bearer {}\"\n", token.trim())).run();
        run.success().json()
    }

    /// Revokes a refresh token at the server.
    fn revoke(&self, refresh_token: &str) {
        let form = format!("client_id=bqcred-test&client_secret=canary-oidc-secret&token={refresh_token}");
        let url = format!("{}/token/revocation", self.base);
        let args = ["--silent", "--fail", "--data", "@-", &url];
        self.sandbox.program("curl", &args).stdin(form).run().success();
    }

    fn kept(&self) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.sandbox.adc("default")).unwrap()).unwrap()
    }
}

fn regex_text(text: &str) -> String {
    text.replace('.', "\\.")
}

#[test]
fn login_then_token_then_status() {
    let Some(server) = Server::signed_in(&[]) else { return };
    assert_eq!(server.kept()["account"], PERSON);
    let first = server.token(&["token"]).success().stdout;
    assert_eq!(server.userinfo(&first)["email"], PERSON);
    assert_eq!(server.token(&["token"]).success().stdout, first, "the kept one is good for an hour");
    let second = server.token(ANEW).success().stdout;
    assert_ne!(second, first);
    assert_eq!(server.userinfo(&second)["sub"], "ada");
    let status = server.sandbox.bqcred(&["status", "--json"]).success().json();
    assert_eq!(status["account"], PERSON);
    assert_eq!(status["alive"], true);
    assert_eq!(status["project"], "p1");
}

/// RFC 9700 4.14.2: a server may take each refresh token once, and end the grant at the second time.
#[test]
fn rotated_refresh_token_is_saved() {
    let Some(server) = Server::signed_in(&["rotate"]) else { return };
    let mut seen = vec![server.kept()["refresh_token"].clone()];
    for _ in 0..3 {
        let token = server.token(ANEW).success().stdout;
        assert_eq!(server.userinfo(&token)["sub"], "ada");
        let kept = server.kept()["refresh_token"].clone();
        assert!(!seen.contains(&kept), "the new refresh token was not kept");
        seen.push(kept);
    }
}

#[test]
fn revoke_ends_the_grant_at_the_server() {
    let Some(server) = Server::signed_in(&[]) else { return };
    let folder = server.sandbox.data("default");
    let names = ["adc.json", "profile.json"];
    let copies = names.map(|name| std::fs::read(folder.join(name)).unwrap());
    server.sandbox.bqcred(&["revoke", "--yes"]).success();
    assert!(!folder.join("adc.json").exists());
    // with the files back in place, it is the server that refuses
    for (name, copy) in names.iter().zip(copies) {
        let path = server.sandbox.write(&format!("home/.local/share/bqcred/default/{name}"), copy);
        common::set_mode(&path, 0o600);
    }
    server.token(&["token"]).fails(4).says("bqcred login");
}

#[test]
fn grant_revoked_elsewhere_is_reported() {
    let Some(server) = Server::signed_in(&[]) else { return };
    server.revoke(server.kept()["refresh_token"].as_str().unwrap());
    let status = server.sandbox.bqcred(&["status", "--json"]).code(4).json();
    assert_eq!(status["alive"], false);
    server.token(ANEW).fails(4).says("bqcred login");
}

#[test]
fn denied_login_saves_nothing() {
    let Some(server) = Server::start(&["deny"]) else { return };
    ends_with(&server.login(&[]), 4);
    assert!(!server.sandbox.adc("default").exists());
}

#[test]
fn another_account_than_named_saves_nothing() {
    let Some(server) = Server::start(&[]) else { return };
    let terminal = server.login(&["bob@example.com"]);
    let status = format!("{:?}", terminal.process().wait().unwrap());
    assert!(!status.ends_with(", 0)"), "{status}");
    assert!(!server.sandbox.adc("default").exists());
}
