//! A new access token: one request over TLS, against curl sending the same one.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use super::binaries::Binary;
use super::measure::Start;
use super::table;
use bqcred_test_support::double::{CLIENT_ID, CLIENT_SECRET};
use bqcred_test_support::{Google, Sandbox, find_program};

/// Signs in at the double under Google's own host names, and fills the cache of `token`.
pub(crate) fn sign_in(google: &Google, sandbox: &Sandbox) {
    let client = sandbox.write("google.json", google.google_client_json());
    let start = ["login", "--start", "--project", "my-project", "--client-id-file", client.to_str().unwrap()];
    let started = sandbox.invoke(&start).envs(google.env()).run().success();
    let redirect = google.approve(started.stdout.trim(), "ada@example.com");
    let finish = sandbox.invoke(&["login", "--finish", "-"]).envs(google.env());
    finish.stdin(format!("{redirect}\n")).run().success();
    sandbox.invoke(&["token"]).envs(google.env()).may_print_secret().run().success();
}

/// Both go through the proxy that stands before the double.
pub(crate) fn print(google: &Google, sandbox: &Sandbox, binaries: &[Binary]) {
    let Some(curl) = find_program("curl") else { return eprintln!("skipped: no curl to compare with") };
    let environment = [sandbox.env(), google.env()].concat();
    let form = form(sandbox);
    let form = format!("@{}", form.display());
    let args = ["--silent", "--fail", "--data", &form, "https://oauth2.googleapis.com/token"];
    let mut starts = vec![Start::new("curl", &curl, &args, &environment)];
    let runs = Rc::new(Cell::new(0));
    for binary in binaries {
        let cache = sandbox.home().join(".cache/bqcred/default.token");
        let runs = Rc::clone(&runs);
        let token =
            Start::new(&format!("`bqcred token`, {}", binary.name), &binary.path, &["token"], &environment);
        starts.push(token.before(move || {
            let _ = std::fs::remove_file(&cache);
            runs.set(runs.get() + 1);
        }));
    }
    let (before, curls) = (google.count("/token"), Rc::new(Cell::new(0)));
    let counted = Rc::clone(&curls);
    let first = starts.remove(0).before(move || counted.set(counted.get() + 1));
    starts.insert(0, first);
    let rows = table::against_the_first(starts, 200, |_| vec!["1".to_owned()]);
    assert_eq!(google.count("/token") - before, curls.get() + runs.get(), "one request a token");
    table::print(&["a new access token", "time", "of curl", "requests"], &rows);
}

/// What a refresh posts (RFC 6749 section 6), in a file for curl.
fn form(sandbox: &Sandbox) -> std::path::PathBuf {
    let refresh_token = refresh_token(&sandbox.adc("default"));
    let form = format!(
        "grant_type=refresh_token&refresh_token={}&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}",
        refresh_token.replace('/', "%2F")
    );
    sandbox.write("form", form)
}

fn refresh_token(adc: &Path) -> String {
    let adc: serde_json::Value = serde_json::from_slice(&std::fs::read(adc).unwrap()).unwrap();
    adc["refresh_token"].as_str().unwrap().to_owned()
}
